/** Every place with its things: rooms, car and line at a glance. */
import { Badge, Group, Stack, Title, VisuallyHidden } from "@mantine/core";
import { lazy, Suspense, useEffect, useState } from "react";
import type { Place, Thing } from "../api";
import { Begin } from "../begin";
import { useHub } from "../hub";
import { Seen } from "../seen";
import { styled } from "../soon";
import { demonstrations, rootOf } from "../progress";
import { Waiting } from "../trouble";
import { called, say, useLang } from "../words";

const Welcome = lazy(styled(async () => ({ default: (await import("./welcome")).Welcome })));

const CARD_REM = 17; // as in console.css

const MANY = 200; // things: more are drawn only where the page is looked at
const CARD_PX = 140; // the height of most
const WIDTH_PX = CARD_REM * 16;

let drawn = false; // once, since this page was opened

/** How many cards are in sight at first: they are drawn, and may be touched, before the others. */
const inSight = (): number => Math.ceil(innerHeight / CARD_PX) * Math.max(1, Math.floor(innerWidth / WIDTH_PX));

interface Room {
  key: string;
  title: string;
  things: Thing[];
}

/** The way from the root place down to this one. */
export function way(places: Map<string, Place>, id: string): Place[] {
  const found: Place[] = [];
  for (let at = places.get(id); at && found.length < 50; at = at.parent ? places.get(at.parent) : undefined) found.unshift(at);
  return found;
}

export function Overview({ only }: { only?: string }) {
  useLang();
  const hub = useHub();
  const [room, setRoom] = useState(() => (drawn ? Number.POSITIVE_INFINITY : inSight())); // for so many cards
  const many = hub.things.size > MANY;
  useEffect(() => {
    if (!hub.ready || room > hub.things.size) return;
    drawn = true;
    // a screen of them at a time, so that a finger is answered between; where they are many, what is out of sight costs nothing
    const next = setTimeout(() => setRoom(many ? Number.POSITIVE_INFINITY : room + inSight()));
    return () => clearTimeout(next);
  }, [hub.ready, hub.things.size, many, room]);
  if (!hub.ready) return hub.link === "lost" ? null : <Waiting />;
  const roots = new Map<string, { title: string; rank: number; rooms: Map<string, Room> }>();
  for (const thing of hub.things.values()) {
    const path = way(hub.places, thing.place);
    if (only && !path.some((place) => place.id === only)) continue;
    const root = path[0];
    const inner = path.slice(1);
    const key = root?.id ?? "";
    if (!roots.has(key)) roots.set(key, { title: root ? called(root) : thing.place, rank: root?.kind === "home" ? 0 : 1, rooms: new Map() });
    const rooms = roots.get(key)!.rooms;
    if (!rooms.has(thing.place)) rooms.set(thing.place, { key: thing.place, title: inner.map(called).join(" › ") || say("rooms"), things: [] });
    rooms.get(thing.place)!.things.push(thing);
  }
  if (roots.size === 0)
    return (
      <Suspense fallback={<Waiting />}>
        <Welcome at={only} />
      </Suspense>
    );
  const shown = demonstrations(hub.things.values(), rootOf);
  const sorted = [...roots].sort(([, a], [, b]) => a.rank - b.rank).map(([key, root]) => ({ key, title: root.title, rooms: [...root.rooms.values()].sort((a, b) => a.title.localeCompare(b.title)) }));
  let left = room;
  const first = (things: Thing[]): Thing[] => {
    const found = left >= things.length ? things : things.slice(0, Math.max(0, left));
    left -= found.length;
    return found;
  };
  return (
    <Stack gap="lg">
      <VisuallyHidden component="h1">{say("overview")}</VisuallyHidden>
      {only ? null : <Begin demo={shown.size > 0} />}
      {sorted.map(({ key, ...root }) => (
        <section key={key} aria-label={root.title}>
          <Group justify="space-between" mb="xs">
            <Title order={2} size="h3">
              {root.title}
              {shown.has(key) ? (
                <Badge ml="xs" size="sm" variant="light" color="yellow" data-demo={key}>
                  {say("demoBadge")}
                </Badge>
              ) : null}
            </Title>
          </Group>
          <div className="rooms">
          {root.rooms.map((room) => (
              <section key={room.key} className="room" style={{ flexGrow: room.things.length, flexBasis: `${room.things.length * CARD_REM}rem` }} aria-label={room.title}>
                <Title order={3} size="h6" c="dimmed" mt="sm" mb={6}>
                  {room.title}
                </Title>
                <div className="cards">
                  {first(room.things).map((thing) => (
                    <Seen key={thing.id} id={thing.id} many={many} />
                  ))}
                </div>
              </section>
            ))}
          </div>
        </section>
      ))}
    </Stack>
  );
}
