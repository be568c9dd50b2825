/** One card of a dashboard: what it shows, and what it can be told to show. */
import { Button, Group, MultiSelect, NativeSelect, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { all, type Scene } from "../api";
import type { components } from "../api.gen";
import { Heard, isAway, ThingCard } from "../card";
import { useHub } from "../hub";
import { written } from "../models";
import { SeriesField, SpanField } from "../pages/history";
import { way } from "../pages/overview";
import { runByHand } from "../scene/run";
import { reason, Told } from "../refusals";
import { useSeries } from "../thing/history";
import { Waiting } from "../trouble";
import { called, locale, say, when } from "../words";
import type { Span } from "./figures";
import type { Item } from "./grid";
import { Bars, Energy, Line, Lines } from "./widgets";
import { tell } from "./words";

const ROW_PX = 72;

/** Values are pairs of things and properties. */
export const keysOf = (card: Item): string[] => (card.things ?? []).map((thing, index) => `${thing}\n${card.properties?.[index] ?? ""}`);
const withKeys = (card: Item, keys: string[]): Item => ({ ...card, things: keys.map((key) => key.split("\n")[0]!), properties: keys.map((key) => key.split("\n")[1]!) });

export function Shown({ card }: { card: Item }) {
  const hub = useHub();
  const span = (card.span ?? "day") as Span;
  const height = Math.max(90, card.h * ROW_PX - 60);
  switch (card.kind) {
    case "things":
      return <Things ids={card.things ?? []} />;
    case "place":
      return <Things ids={[...hub.things.values()].filter((thing) => way(hub.places, thing.place).some((place) => place.id === card.place)).map((thing) => thing.id)} />;
    case "chart":
      return <Lines keys={keysOf(card)} span={span} name={card.title || "chart"} height={height} bare />;
    case "compare":
      return <Bars keys={keysOf(card)} span={span} height={height} bare />;
    case "value":
      return <Values keys={keysOf(card)} />;
    case "energy":
      return <Energy things={card.things} place={card.place ?? undefined} span={span} height={Math.max(140, height - 140)} bare />;
    case "line":
      return <Line things={card.things} place={card.place ?? undefined} span={span} bare />;
    case "scenes":
      return <Scenes ids={card.scenes ?? []} />;
    case "alarms":
      return <Alarms />;
    case "clock":
      return <Clock />;
    default:
      return <Text style={{ whiteSpace: "pre-wrap" }}>{card.text}</Text>;
  }
}

const Things = ({ ids }: { ids: string[] }) =>
  ids.length ? (
    <div className="cards">
      {ids.map((id) => (
        <ThingCard key={id} id={id} />
      ))}
    </div>
  ) : (
    <Text c="dimmed">{tell("empty")}</Text>
  );

function Values({ keys }: { keys: string[] }) {
  const hub = useHub();
  const series = useSeries(keys, null);
  const [, again] = useState(0);
  useEffect(() => {
    const ends = series.map((one) => hub.thing(one.thing).listen(() => again((now) => now + 1)));
    return () => ends.forEach((end) => end());
  }, [series, hub]);
  if (!keys.length) return <Text c="dimmed">{tell("empty")}</Text>;
  return (
    <Group gap="xl">
      {series.map((one) => {
        const thing = hub.things.get(one.thing);
        const away = !thing || isAway(thing);
        return (
          <div key={`${one.thing}${one.property.key}`} className={away ? "thing away" : undefined} data-value={one.thing}>
            <Text size="xs" c="dimmed">
              {one.label}
            </Text>
            <Text fw={700} fz={34} lh={1.2} className="large">
              {written(thing?.state[one.property.key]?.value, one.property)}
            </Text>
            {thing && away ? (
              <Text size="xs" c="dimmed" data-stale>
                ◷ <Heard thing={thing} />
              </Text>
            ) : null}
          </div>
        );
      })}
    </Group>
  );
}

function Scenes({ ids }: { ids: string[] }) {
  const [busy, setBusy] = useState("");
  const { data } = useQuery({ queryKey: ["scenes"], queryFn: () => all<Scene>("/scenes") });
  const [note, setNote] = useState("");
  const run = async (id: string): Promise<void> => {
    setNote("");
    setBusy(id);
    setNote(await runByHand(id).catch(reason));
    setBusy("");
  };
  return (
    <Stack gap="xs">
      {ids.map((id) => (
        <Button key={id} variant="light" loading={busy === id} onClick={() => void run(id)}>
          {called(data?.find((one) => one.id === id) ?? { name: id })}
        </Button>
      ))}
      {ids.length ? null : <Text c="dimmed">{tell("empty")}</Text>}
      {note ? <Text c="red" component="div"><Told text={note} /></Text> : null}
    </Stack>
  );
}

type Alarm = components["schemas"]["Alarm"];

function Alarms() {
  const { data, error } = useQuery({ queryKey: ["alarms"], queryFn: () => all<Alarm>("/alarms"), refetchInterval: 5000 });
  if (!data) return <Waiting error={error} />; // that there are none is known only when the hub has said so
  const raised = data.filter((one) => one.active);
  if (!raised.length) return <Text c="dimmed">{tell("noAlarms")}</Text>;
  return (
    <ul className="steps">
      {raised.map((one) => (
        <li key={one.id} data-alarm={one.id}>
          <a href="#/alarms">{called({ name: one.name, names: one.names as Record<string, string[]> })}</a>
          <Text span size="xs" c="dimmed">
            {one.raised ? ` · ${say("raised", when(one.raised))}` : ""}
          </Text>
        </li>
      ))}
    </ul>
  );
}

function Clock() {
  const [now, setNow] = useState(() => new Date());
  useEffect(() => {
    const timer = setInterval(() => setNow(new Date()), 1000);
    return () => clearInterval(timer);
  }, []);
  return (
    <div>
      <Text fw={700} fz={40} lh={1.1} className="large">
        {now.toLocaleTimeString(locale(), { hour: "2-digit", minute: "2-digit" })}
      </Text>
      <Text c="dimmed">{now.toLocaleDateString(locale(), { weekday: "long", day: "numeric", month: "long" })}</Text>
    </div>
  );
}

export function Settings({ card, set }: { card: Item; set: (card: Item) => void }) {
  const hub = useHub();
  const { data: scenes } = useQuery({ queryKey: ["scenes"], queryFn: () => all<Scene>("/scenes") });
  const places = [{ value: "", label: "–" }, ...[...hub.places.values()].map((one) => ({ value: one.id, label: called(one) }))];
  const things = [...hub.things.values()].map((thing) => ({ value: thing.id, label: called(thing) }));
  return (
    <Stack gap="xs">
      <TextInput size="xs" label={tell("title")} value={card.title ?? ""} onChange={(event) => set({ ...card, title: event.currentTarget.value })} />
      {["chart", "compare", "value"].includes(card.kind) ? <SeriesField keys={keysOf(card)} label={tell("series")} set={(keys) => set(withKeys(card, keys))} /> : null}
      {["things", "energy", "line"].includes(card.kind) ? <MultiSelect comboboxProps={{ withinPortal: false }} size="xs" searchable aria-label={tell("things")} label={tell("things")} value={card.things ?? []} data={things} onChange={(next) => set({ ...card, things: next })} /> : null}
      {["place", "energy", "line"].includes(card.kind) ? <NativeSelect size="xs" label={tell("place")} value={card.place ?? ""} data={places} onChange={(event) => set({ ...card, place: event.currentTarget.value || null })} /> : null}
      {card.kind === "scenes" ? <MultiSelect comboboxProps={{ withinPortal: false }} size="xs" searchable label={say("scenes")} value={card.scenes ?? []} data={(scenes ?? []).map((one) => ({ value: one.id, label: called(one) }))} onChange={(next) => set({ ...card, scenes: next })} /> : null}
      {["chart", "compare", "energy", "line"].includes(card.kind) ? <SpanField span={(card.span ?? "day") as Span} set={(span) => set({ ...card, span })} /> : null}
      {card.kind === "text" ? <Textarea size="xs" autosize minRows={2} label={tell("text")} value={card.text ?? ""} onChange={(event) => set({ ...card, text: event.currentTarget.value })} /> : null}
    </Stack>
  );
}
