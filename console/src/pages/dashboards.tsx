/** Dashboards: what a person puts together by dragging, or with the keys; for themselves or a place; for a wall. */
import { ActionIcon, Alert, Badge, Button, Card, Group, Menu, NativeSelect, Popover, Stack, Text, TextInput, Title, VisuallyHidden } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type KeyboardEvent, type PointerEvent, useEffect, useRef, useState } from "react";
import { all, ask } from "../api";
import { Settings, Shown } from "../board/card";
import { added, type Board, COLUMNS, type Item, moved, settle, sized } from "../board/grid";
import { tell } from "../board/words";
import { useHub } from "../hub";
import { Waiting } from "../trouble";
import { reason, Told } from "../refusals";
import { useUnsaved } from "../leave";
import { called, say, useLang } from "../words";

const EVERY_MS = 15_000;
const ROW_PX = 72;
const GAP_PX = 10;
const NARROW = matchMedia("(max-width: 40em)"); // as in console.css: the cards stand one below the other
const WALL_PX = 1280; // as wide as a board is composed: on a larger wall it is drawn larger
const LARGEST = 3;
const KINDS = ["things", "chart", "compare", "value", "energy", "line", "scenes", "place", "alarms", "text", "clock"] as const;
const SIZES: Record<Item["kind"], [number, number]> = { things: [4, 3], chart: [6, 4], compare: [6, 4], value: [3, 2], energy: [6, 6], line: [8, 5], scenes: [3, 3], place: [12, 4], alarms: [4, 3], text: [4, 2], clock: [3, 2] };

export function Dashboards() {
  useLang();
  const hub = useHub();
  const queries = useQueryClient();
  const { data, error } = useQuery({ queryKey: ["dashboards"], queryFn: () => all<Board>("/dashboards") });
  const [name, setName] = useState("");
  const [wrong, setWrong] = useState("");
  const make = async (): Promise<void> => {
    try {
      const made = await ask<Board>("/dashboards", "POST", { name: name.trim() || tell("newBoard") });
      await queries.invalidateQueries({ queryKey: ["dashboards"] });
      location.hash = `#/dashboards/${made.id}?edit`;
    } catch (error) {
      setWrong(reason(error));
    }
  };
  return (
    <Stack>
      <Title order={1} size="h2">
        {tell("dashboards")}
      </Title>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void make();
        }}>
        <Group>
          <TextInput size="xs" aria-label={tell("name")} placeholder={tell("name")} value={name} onChange={(event) => setName(event.currentTarget.value)} />
          <Button size="xs" type="submit">
            {tell("newBoard")}
          </Button>
        </Group>
      </form>
      {wrong || (error && !data) ? <Alert color="red"><Told text={wrong || reason(error)} /></Alert> : null}
      {data && !data.length ? <Text c="dimmed">{tell("none")}</Text> : null}
      <div className="cards">
        {(data ?? []).map((one) => (
          <Card key={one.id} component="a" href={`#/dashboards/${encodeURIComponent(one.id)}`} withBorder padding="sm" radius="md" data-board={one.id}>
            <Text fw={600}>{one.name}</Text>
            <Text size="sm" c="dimmed">
              {one.place ? tell("shared", hub.places.has(one.place) ? called(hub.places.get(one.place)!) : one.place) : tell("own")} · {one.owner}
            </Text>
          </Card>
        ))}
      </div>
    </Stack>
  );
}

export function DashboardPage({ id, editing, wall }: { id: string; editing: boolean; wall: boolean }) {
  useLang();
  const { data, error } = useQuery({ queryKey: ["dashboard", id], queryFn: () => ask<Board>(`/dashboards/${encodeURIComponent(id)}`), refetchInterval: EVERY_MS });
  if (!data) return <Waiting error={error} />;
  return wall ? <Wall board={data} /> : <Composer board={data} first={editing && data.mine} />;
}

/** Nothing but the board, as large as the screen allows. It stands in the address: whatever opens that again, after a reload or a power
 * cut, shows the wall again. */
function Wall({ board }: { board: Board }) {
  const rows = board.cards.reduce((most, card) => Math.max(most, card.y + card.h), 1);
  const fitting = (): number => (NARROW.matches ? 1 : Math.max(1, Math.min(LARGEST, innerWidth / WALL_PX, innerHeight / ((rows + 1) * (ROW_PX + GAP_PX)))));
  const [zoom, setZoom] = useState(fitting);
  useEffect(() => {
    const fit = (): void => setZoom(fitting());
    fit();
    addEventListener("resize", fit);
    return () => removeEventListener("resize", fit);
  }, [rows]);
  useEffect(() => {
    const leave = (): void => {
      if (!document.fullscreenElement) location.hash = `#/dashboards/${encodeURIComponent(board.id)}`;
    };
    document.addEventListener("fullscreenchange", leave);
    return () => {
      document.removeEventListener("fullscreenchange", leave);
      if (document.fullscreenElement) void document.exitFullscreen();
    };
  }, [board.id]);
  useAwake();
  return (
    <div className="wall" data-full="yes" style={{ zoom }}>
      <VisuallyHidden component="h1">{board.name}</VisuallyHidden>
      <ActionIcon component="a" href={`#/dashboards/${encodeURIComponent(board.id)}`} variant="default" size="sm" className="unwall" aria-label={tell("unwall")} title={tell("unwall")}>
        ×
      </ActionIcon>
      <Grid cards={board.cards} />
    </div>
  );
}

/** The screen stays on while this is shown, where the browser lets a page ask for it (HTTPS, or the hub's own machine). */
function useAwake(): void {
  useEffect(() => {
    let lock: WakeLockSentinel | undefined;
    let left = false;
    const take = (): void => {
      if (document.visibilityState !== "visible" || !("wakeLock" in navigator)) return;
      navigator.wakeLock.request("screen").then((found) => (left ? void found.release() : (lock = found)), () => undefined); // no battery for it: the screen may sleep
    };
    take();
    document.addEventListener("visibilitychange", take); // it ends when the page is not seen
    return () => {
      left = true;
      document.removeEventListener("visibilitychange", take);
      void lock?.release();
    };
  }, []);
}

function Grid({ cards, put }: { cards: Item[]; put?: (cards: Item[], index?: number) => void }) {
  return (
    <div className="board" style={{ gridAutoRows: ROW_PX, gap: GAP_PX }}>
      {cards.map((_card, index) => (
        <Placed key={index} cards={cards} index={index} put={put} />
      ))}
    </div>
  );
}

function Composer({ board, first }: { board: Board; first: boolean }) {
  const hub = useHub();
  const queries = useQueryClient();
  const [draft, setDraft] = useState<{ name: string; place: string | null; cards: Item[]; version: number } | null>(first ? { name: board.name, place: board.place, cards: board.cards, version: board.version } : null);
  const [said, setSaid] = useState("");
  const [wrong, setWrong] = useState("");
  const letGo = useUnsaved(draft !== null && JSON.stringify([draft.name, draft.place, draft.cards]) !== JSON.stringify([board.name, board.place, settle(board.cards)]));
  const hang = (): void => {
    location.hash = `#/dashboards/${encodeURIComponent(board.id)}?wall`;
    document.documentElement.requestFullscreen?.().catch(() => undefined); // a browser that has none shows the wall all the same
  };
  const cards = draft?.cards ?? board.cards;
  const put = (next: Item[], index?: number): void => {
    setDraft((now) => now && { ...now, cards: next });
    const card = index === undefined ? undefined : next[index];
    if (card) setSaid(`${card.title || tell(card.kind)}: ${card.x + 1}, ${card.y + 1}; ${card.w} × ${card.h}`);
  };
  const save = async (): Promise<void> => {
    if (!draft) return;
    try {
      const saved = await ask<Board>(`/dashboards/${encodeURIComponent(board.id)}?version=${draft.version}`, "PATCH", { name: draft.name, place: draft.place, cards: draft.cards });
      queries.setQueryData(["dashboard", board.id], saved);
      await queries.invalidateQueries({ queryKey: ["dashboards"] });
      setDraft(null);
      setWrong("");
      setSaid(tell("saved"));
      history.replaceState(null, "", `#/dashboards/${encodeURIComponent(board.id)}`);
    } catch (error) {
      setWrong(reason(error));
    }
  };
  const remove = async (): Promise<void> => {
    if (!confirm(tell("removeSure"))) return;
    try {
      await ask(`/dashboards/${encodeURIComponent(board.id)}`, "DELETE");
    } catch (error) {
      setWrong(reason(error));
      return;
    }
    await queries.invalidateQueries({ queryKey: ["dashboards"] });
    letGo();
    location.hash = "#/dashboards";
  };
  return (
    <Stack>
      <Group justify="space-between">
        <Group gap="xs">
          <ActionIcon component="a" href="#/dashboards" variant="subtle" aria-label={say("back")}>
            ←
          </ActionIcon>
          <Title order={1} size="h2">
            {draft?.name ?? board.name}
          </Title>
          {board.place ? <Badge variant="light">{tell("shared", hub.places.has(board.place) ? called(hub.places.get(board.place)!) : board.place)}</Badge> : null}
        </Group>
        <Group gap="xs">
          {draft ? (
            <>
              <Button size="xs" variant="subtle" color="red" onClick={() => void remove()}>
                {tell("remove")}
              </Button>
              <Button size="xs" variant="default" onClick={() => setDraft(null)}>
                {say("cancel")}
              </Button>
              <Button size="xs" onClick={() => void save()}>
                {tell("save")}
              </Button>
            </>
          ) : (
            <>
              <Button size="xs" variant="default" onClick={hang}>
                {tell("wall")}
              </Button>
              {board.mine ? (
                <Button size="xs" onClick={() => setDraft({ name: board.name, place: board.place, cards: settle(board.cards), version: board.version })}>
                  {tell("edit")}
                </Button>
              ) : null}
            </>
          )}
        </Group>
      </Group>
      {wrong ? (
        <Alert color="red" role="alert">
          <Told text={wrong} />
        </Alert>
      ) : null}
      {draft ? (
        <Group align="flex-end">
          <TextInput size="xs" label={tell("name")} value={draft.name} onChange={(event) => setDraft({ ...draft, name: event.currentTarget.value })} />
          <NativeSelect size="xs" label={tell("share")} value={draft.place ?? ""} data={[{ value: "", label: tell("nobody") }, ...[...hub.places.values()].map((one) => ({ value: one.id, label: called(one) }))]} onChange={(event) => setDraft({ ...draft, place: event.currentTarget.value || null })} />
          <Menu shadow="md" transitionProps={{ duration: 0 }} withinPortal={false} withInitialFocusPlaceholder={false}>
            <Menu.Target>
              <Button size="xs" variant="light">
                + {tell("add")}
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              {KINDS.map((kind) => (
                <Menu.Item key={kind} onClick={() => put(added(draft.cards, { kind, title: "", text: "", w: SIZES[kind][0], h: SIZES[kind][1] }))}>
                  {tell(kind)}
                </Menu.Item>
              ))}
            </Menu.Dropdown>
          </Menu>
          <Text size="xs" c="dimmed">
            {tell("keys")}
          </Text>
        </Group>
      ) : null}
      <Text size="xs" role="status" className="quiet">
        {said}
      </Text>
      <Grid cards={cards} put={draft ? put : undefined} />
    </Stack>
  );
}

/** ``put``: it is being composed. */
function Placed({ cards, index, put: given }: { cards: Item[]; index: number; put?: (cards: Item[], index?: number) => void }) {
  const editing = given !== undefined;
  const put = given ?? (() => undefined);
  const card = cards[index]!;
  const name = card.title || tell(card.kind);
  const held = useRef<{ x: number; y: number; from: Item; before: Item[]; size: boolean } | null>(null);
  const grab = (event: PointerEvent<HTMLButtonElement>, size: boolean): void => {
    event.currentTarget.setPointerCapture(event.pointerId);
    held.current = { x: event.clientX, y: event.clientY, from: card, before: cards, size };
  };
  const drag = (event: PointerEvent<HTMLButtonElement>): void => {
    const now = held.current;
    const board = event.currentTarget.closest<HTMLElement>(".board");
    if (!now || !board) return;
    if (NARROW.matches && !now.size) {
      // one below the other: below the last one whose middle the finger has passed
      const passed = [...board.querySelectorAll<HTMLElement>("[data-card]")].flatMap((each, other) => {
        const box = each.getBoundingClientRect();
        return other !== index && event.clientY > box.top + box.height / 2 ? [now.before[other]!] : [];
      });
      put(moved(now.before, index, 0, Math.max(0, ...passed.map((one) => one.y + one.h))), index);
      return;
    }
    const column = (board.clientWidth + GAP_PX) / COLUMNS;
    const right = Math.round((event.clientX - now.x) / column);
    const down = Math.round((event.clientY - now.y) / (ROW_PX + GAP_PX));
    put(now.size ? sized(now.before, index, now.from.w + right, now.from.h + down) : moved(now.before, index, now.from.x + right, now.from.y + down), index);
  };
  const drop = (): void => {
    held.current = null;
    put(settle(cards), index);
  };
  const off = (): void => put(settle(cards.filter((_one, other) => other !== index)));
  const keys = (event: KeyboardEvent, size = event.shiftKey): void => {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (event.key === "Delete") off();
    else if (step) {
      const [x, y] = step as [number, number];
      // down past the card below it, else it would fall back at once
      const far = y > 0 && !size ? Math.max(1, ...cards.filter((one, other) => other !== index && one.y === card.y + card.h && one.x < card.x + card.w && card.x < one.x + one.w).map((one) => one.h)) : Math.abs(y);
      put(settle(size ? sized(cards, index, card.w + x, card.h + y) : moved(cards, index, card.x + x, card.y + Math.sign(y) * far)), index);
    } else return;
    event.preventDefault();
  };
  return (
    <Card component="section" withBorder radius="md" padding="sm" className="placed" aria-label={name} data-card={card.kind} data-at={`${card.x} ${card.y} ${card.w} ${card.h}`}
      style={{ gridColumn: `${card.x + 1} / span ${card.w}`, gridRow: `${card.y + 1} / span ${card.h}`, order: card.y * COLUMNS + card.x }}>
      <Group justify="space-between" gap={4} wrap="nowrap" mb={4}>
        {card.title || editing ? (
          <Text fw={600} size="sm" truncate>
            {name}
          </Text>
        ) : null}
        {editing ? (
          <Group gap={2} wrap="nowrap">
            <Popover width={320} withArrow shadow="md" trapFocus transitionProps={{ duration: 0 }}>
              <Popover.Target>
                <ActionIcon size="sm" variant="subtle" aria-label={tell("settings", name)}>
                  ⚙
                </ActionIcon>
              </Popover.Target>
              <Popover.Dropdown>
                <Settings card={card} set={(next) => put(cards.map((one, other) => (other === index ? next : one)))} />
              </Popover.Dropdown>
            </Popover>
            <ActionIcon size="sm" variant="light" className="grip" aria-label={tell("move", name)} onKeyDown={(event) => keys(event)} onPointerDown={(event) => grab(event, false)} onPointerMove={drag} onPointerUp={drop} onPointerCancel={drop}>
              ✥
            </ActionIcon>
            <ActionIcon size="sm" variant="subtle" color="red" aria-label={tell("takeOff", name)} onClick={off}>
              ×
            </ActionIcon>
          </Group>
        ) : null}
      </Group>
      <div className="inside" {...(editing ? { inert: true } : {})}>
        <Shown card={card} />
      </div>
      {editing ? (
        <ActionIcon size="sm" variant="light" className="grip corner" aria-label={tell("resize", name)} onKeyDown={(event) => keys(event, true)} onPointerDown={(event) => grab(event, true)} onPointerMove={drag} onPointerUp={drop} onPointerCancel={drop}>
          ◢
        </ActionIcon>
      ) : null}
    </Card>
  );
}
