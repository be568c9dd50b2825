/** A thing over time: several of its properties, and of other things, with what was asked of it on the same axis. */
import { Button, Checkbox, Group, MultiSelect, SegmentedControl, Stack } from "@mantine/core";
import { useQueries, useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { ask, type Command, type Thing } from "../api";
import Chart, { type Mark, type Series } from "../chart";
import { hub, useHub } from "../hub";
import { fetched, type Model, type Property, titled, titleOf, writable } from "../models";
import { stateWord, wish } from "../orders";
import { called, language, say } from "../words";
import { type Point } from "./past";
import { tell } from "./words";

const SPANS = { hour: 3600, day: 86_400, week: 604_800, month: 2_678_400, year: 31_622_400 } as const;
type Span = keyof typeof SPANS;
const MARKS = 500;
const MOST_SERIES = 8;
/** Ends of spans lie on whole minutes, so that what was read is known again. */
const MINUTE_MS = 60_000;

const keyOf = (thing: string, property: string): string => `${thing}\n${property}`;

/** Series by their keys; the models that they need are asked for. */
export function useSeries(keys: string[], alone: string | null): Series[] {
  useHub();
  const ids = [...new Set(keys.map((key) => key.split("\n")[0]!))].map((id) => hub.things.get(id)).filter((thing) => thing !== undefined);
  const found = useQueries({ queries: ids.map((thing) => ({ queryKey: ["model", thing.model, thing.model_version], queryFn: () => fetched(thing.model, thing.model_version), staleTime: Number.POSITIVE_INFINITY })) });
  const stamp = found.map((one) => one.dataUpdatedAt).join();
  const lang = language();
  return useMemo(
    () =>
      keys.flatMap((key) => {
        const [id, name] = key.split("\n") as [string, string];
        const thing = hub.things.get(id);
        const model = found[ids.findIndex((one) => one.id === id)]?.data;
        if (!thing || !model) return [];
        const property: Property = [...model.properties.values()].find((one) => one.key === name || one.trait === name) ?? { key: name, schema: { kind: "any" } };
        return [{ thing: id, property, label: id === alone ? titled(property) : `${called(thing)}: ${titled(property)}` }];
      }),
    [keys.join(), stamp, lang, alone],
  );
}

export function History({ thing, model }: { thing: Thing; model: Model }) {
  const live = useHub();
  const isSet = (key: string): boolean => writable(model.properties.get(key) ?? { key, schema: { kind: "any" } });
  // what was measured before what was set: that is what went up and down
  const numbers = Object.keys(thing.state).filter((key) => typeof thing.state[key]?.value === "number").sort((a, b) => Number(isSet(a)) - Number(isSet(b)));
  const [keys, setKeys] = useState<string[]>(() => [keyOf(thing.id, numbers[0] ?? Object.keys(thing.state)[0] ?? "")].filter((key) => !key.endsWith("\n")));
  const [span, setSpan] = useState<Span>("day");
  const [marked, setMarked] = useState(true);
  const to = Math.ceil(Date.now() / MINUTE_MS) * MINUTE_MS;
  const from = to - SPANS[span] * 1000;
  const series = useSeries(keys, thing.id);
  const commands = useQuery({
    queryKey: ["marks", thing.id, from],
    enabled: marked,
    refetchInterval: 10_000,
    queryFn: async () => (await ask<{ items: Command[] }>(`/commands?thing=${encodeURIComponent(thing.id)}&from=${new Date(from).toISOString()}&limit=${MARKS}`)).items,
  });
  const events = useQueries({
    queries: [...model.events.values()].map((event) => ({
      queryKey: ["events", thing.id, event.key, from],
      enabled: marked,
      queryFn: async () => (await ask<{ points: Point[] }>(`/things/${encodeURIComponent(thing.id)}/history?property=${encodeURIComponent(`event/${event.key}`)}&from=${new Date(from).toISOString()}&limit=${MARKS}`)).points.map((one): Mark => ({ at: Date.parse(one.at), kind: "event", text: event.titles?.[language()] ?? event.key })),
    })),
  });
  const stamp = `${commands.dataUpdatedAt} ${events.map((one) => one.dataUpdatedAt).join()}`;
  const marks = useMemo(
    (): Mark[] =>
      marked
        ? [
            ...(commands.data ?? []).map((one): Mark => ({ at: Date.parse(one.at), kind: "command", text: `${wish(one, model)}: ${stateWord(one.state)} (${one.by.id ?? ""})` })),
            ...events.flatMap((one) => one.data ?? []),
          ]
        : [],
    [stamp, marked],
  );
  const own = [...new Set([...Object.keys(thing.state), ...model.properties.keys()])].map((key) => ({ value: keyOf(thing.id, key), label: titled(model.properties.get(key) ?? { key }) }));
  const others = [...live.things.values()]
    .filter((one) => one.id !== thing.id && one.place === thing.place)
    .map((one) => ({ group: called(one), items: Object.keys(one.state).map((key) => ({ value: keyOf(one.id, key), label: `${called(one)}: ${titleOf(one, key)}` })) }));
  return (
    <Stack>
      <Group align="flex-end">
        <MultiSelect style={{ flex: 1, minWidth: 200 }} size="xs" searchable hidePickedOptions maxValues={MOST_SERIES} aria-label={tell("series")} value={keys} data={[{ group: called(thing), items: own }, ...others]} onChange={setKeys} />
        <SegmentedControl size="xs" aria-label={say("overTime")} value={span} onChange={(picked) => setSpan(picked as Span)} data={(Object.keys(SPANS) as Span[]).map((one) => ({ value: one, label: say(one) }))} />
        <Checkbox size="xs" label={`${tell("commands")}, ${tell("events")}`} checked={marked} onChange={(event) => setMarked(event.currentTarget.checked)} />
        {keys.length ? (
          <Button size="compact-xs" variant="subtle" component="a" href={`#/history?series=${encodeURIComponent(keys.join("\t"))}`}>
            {say("compare")}
          </Button>
        ) : null}
      </Group>
      {series.length ? <Chart series={series} from={from} to={to} marks={marks} name={`${thing.id}-${span}`} /> : null}
    </Stack>
  );
}
