/** What can be looked at over time, on the page of history and on dashboards: comparisons, energy, production. */
import { Button, Group, Stack, Table, Text } from "@mantine/core";
import { useQueries, useQuery } from "@tanstack/react-query";
import Chart from "../chart";
import { hub, useHub } from "../hub";
import { fetched, type Model, type Property, titled, unitSign, written } from "../models";
import { useSeries } from "../thing/history";
import { buckets, saveCsv } from "../thing/past";
import { Waiting } from "../trouble";
import { called, locale, useLang } from "../words";
import { gains, lasted, type Piece, pieces, runtime, type Span, SPANS } from "./figures";
import { Plot } from "./plot";
import { tell } from "./words";

const AGAIN_MS = 60_000;
const MINUTE_MS = 60_000;

const minute = (): number => Math.ceil(Date.now() / MINUTE_MS) * MINUTE_MS;

/** Every thing with its model, of a place and all inside it, or of some things. */
export function useModels(things?: string[], place?: string): { thing: string; model: Model }[] {
  const live = useHub();
  const inside = (at: string): boolean => {
    for (let one = hub.places.get(at), deep = 0; one && deep < 50; one = one.parent ? hub.places.get(one.parent) : undefined, deep++) if (one.id === place) return true;
    return false;
  };
  const mine = [...live.things.values()].filter((thing) => (things?.length ? things.includes(thing.id) : !place || inside(thing.place)));
  const kinds = [...new Map(mine.map((thing) => [`${thing.model} ${thing.model_version}`, thing])).values()];
  const found = useQueries({ queries: kinds.map((thing) => ({ queryKey: ["model", thing.model, thing.model_version], queryFn: () => fetched(thing.model, thing.model_version), staleTime: Number.POSITIVE_INFINITY })) });
  const models = new Map(kinds.map((thing, index) => [`${thing.model} ${thing.model_version}`, found[index]?.data]));
  return mine.flatMap((thing) => {
    const model = models.get(`${thing.model} ${thing.model_version}`);
    return model ? [{ thing: thing.id, model }] : [];
  });
}

const Csv = ({ name, word = "csv", rows }: { name: string; word?: "csv" | "stops"; rows: () => unknown[][] }) => (
  <Group justify="flex-end">
    <Button size="compact-sm" variant="default" onClick={() => saveCsv(name, rows())}>
      {tell(word)}
    </Button>
  </Group>
);

const iso = (at: number): string => new Date(at).toISOString();

const nameOf = (id: string): string => (hub.things.has(id) ? called(hub.things.get(id)!) : id);

export function Lines({ keys, span, name, height, bare }: { keys: string[]; span: Span; name: string; height?: number; bare?: boolean }) {
  const series = useSeries(keys, null);
  const to = minute();
  return series.length ? <Chart series={series} from={to - SPANS[span]} to={to} name={name} height={height} bare={bare} /> : <Text c="dimmed">{tell("pick")}</Text>;
}

const pieceName = (piece: Piece, span: Span): string => {
  const at = new Date(piece.from);
  if (span === "hour" || span === "day") return at.toLocaleTimeString(locale(), { hour: "2-digit", minute: "2-digit" });
  return at.toLocaleDateString(locale(), span === "year" ? { month: "short" } : { weekday: span === "week" ? "short" : undefined, day: "numeric", month: "short" });
};

/** Means of each piece of a span beside each other: rooms, machines. */
export function Bars({ keys, span, height, bare }: { keys: string[]; span: Span; height?: number; bare?: boolean }) {
  const series = useSeries(keys, null);
  const to = minute();
  const of = pieces(span, to);
  const { data, error } = useQuery({
    queryKey: ["bars", keys, span, to, series.length],
    enabled: series.length > 0,
    refetchInterval: AGAIN_MS,
    queryFn: () => Promise.all(series.map(async (one) => means(await buckets(one.thing, one.property.key, of[0]!.from, to, 1000), of))),
  });
  if (!keys.length) return <Text c="dimmed">{tell("pick")}</Text>;
  if (!data) return <Waiting error={error} />;
  const rows = series.map((one, index) => ({ name: one.label, values: data[index] ?? [] }));
  return (
    <>
      <Plot kind="bar" across={of.map((one) => pieceName(one, span))} rows={rows} unit={unitSign(series[0]?.property.unit)} label={inWords(rows, series[0]?.property)} height={height} />
      {bare ? null : <Csv name={`compare-${span}`} rows={() => [["from", "to", "thing", "property", "mean"], ...series.flatMap((one, index) => of.map((piece, at) => [iso(piece.from), iso(piece.to), one.thing, one.property.key, data[index]?.[at] ?? null]))]} />}
    </>
  );
}

function means(found: { at: string; mean: number | null; last: unknown; count: number }[], of: Piece[]): (number | null)[] {
  return of.map((piece) => {
    const mine = found.filter((one) => Date.parse(one.at) >= piece.from && Date.parse(one.at) < piece.to);
    const numbers = mine.map((one) => one.mean ?? (typeof one.last === "boolean" ? Number(one.last) : null)).filter((one) => one !== null);
    return numbers.length ? Number((numbers.reduce((sum, one) => sum + one, 0) / numbers.length).toPrecision(5)) : null;
  });
}

const inWords = (rows: { name: string; values: (number | null)[] }[], property?: Property): string =>
  rows.map((row) => `${row.name}: ${row.values.map((one) => (one === null ? "–" : written(one, property))).join(", ")}`).join(". ");

const HOURS = Array.from({ length: 24 }, (_, hour) => `${String(hour).padStart(2, "0")}:00`);
const DAY_MS = 86_400_000;

/** The last days of one value over each other. */
export function Days({ keys, height }: { keys: string[]; height?: number }) {
  const series = useSeries(keys.slice(0, 1), null);
  const one = series[0];
  const to = minute();
  const { data, error } = useQuery({ queryKey: ["days", keys[0], to, Boolean(one)], enabled: one !== undefined, queryFn: () => buckets(one!.thing, one!.property.key, to - 8 * DAY_MS, to, 1000) });
  if (!keys.length) return <Text c="dimmed">{tell("pick")}</Text>;
  if (!data || !one) return <Waiting error={error} />;
  const rows = pieces("week", to).map((day) => {
    const hours = HOURS.map((_name, hour) => {
      const from = new Date(day.from);
      from.setHours(hour);
      return { from: from.getTime(), to: from.getTime() + 3_600_000 };
    });
    return { name: new Date(day.from).toLocaleDateString(locale(), { weekday: "short", day: "numeric", month: "short" }), values: means(data, hours) };
  });
  return (
    <>
      <Plot kind="line" across={HOURS} rows={rows} unit={unitSign(one.property.unit)} label={`${one.label}. ${inWords(rows, one.property)}`} height={height} />
      <Csv name={`days-${one.thing}-${one.property.key}`} rows={() => [["hour", ...rows.map((row) => row.name)], ...HOURS.map((hour, at) => [hour, ...rows.map((row) => row.values[at] ?? null)])]} />
    </>
  );
}

/** The totals of energy that a model counts: the whole, and each tariff's share. */
function counters(model: Model): { property: Property; tariff: string | null }[] {
  const all = [...model.properties.values()].filter((one) => one.unit === "kWh" && !one.key.startsWith("last_"));
  const whole = all.find((one) => one.trait === "energy") ?? all.find((one) => one.key === "energy");
  const shares = whole ? all.filter((one) => one !== whole && one.key.startsWith(`${whole.key}_`)) : [];
  if (shares.length) return shares.map((property) => ({ property, tariff: property.key.slice(whole!.key.length + 1) }));
  return whole ? [{ property: whole, tariff: null }] : [];
}

export function Energy({ things, place, span, height, bare }: { things?: string[]; place?: string; span: Span; height?: number; bare?: boolean }) {
  const lang = useLang();
  const models = useModels(things, place);
  const to = minute();
  const of = pieces(span, to);
  const wanted = models.flatMap(({ thing, model }) => counters(model).filter(({ property }) => property.key in (hub.things.get(thing)?.state ?? {})).map((one) => ({ thing, ...one })));
  const { data, error } = useQuery({
    queryKey: ["energy", wanted.map((one) => `${one.thing} ${one.property.key}`), span, to],
    enabled: wanted.length > 0,
    refetchInterval: AGAIN_MS,
    queryFn: () => Promise.all(wanted.map((one) => gains(one.thing, one.property.key, of))),
  });
  if (!models.length) return <Waiting />;
  if (!wanted.length) return <Text c="dimmed">{tell("noEnergy")}</Text>;
  if (!data) return <Waiting error={error} />;
  const rows = wanted.map((one, index) => ({ name: one.tariff ? `${nameOf(one.thing)} (${one.tariff})` : nameOf(one.thing), stack: "all", values: (data[index] ?? []).map((each) => Number(each.toFixed(4))) }));
  const sum = (values: number[]): number => values.reduce((all, one) => all + one, 0);
  const totals = data.map(sum);
  const kwh = (value: number): string => written(value, wanted[0]!.property);
  return (
    <Stack gap="xs" data-energy={sum(totals).toFixed(4)} lang={lang}>
      <Plot kind="bar" across={of.map((one) => pieceName(one, span))} rows={rows} unit="kWh" label={rows.map((row, index) => `${row.name}: ${kwh(totals[index] ?? 0)}`).join(", ")} height={height} />
      <Table fz="sm" withRowBorders>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{tell("thing")}</Table.Th>
            <Table.Th>{tell("tariff")}</Table.Th>
            <Table.Th ta="right">{tell("used")}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {wanted.map((one, index) => (
            <Table.Tr key={`${one.thing} ${one.property.key}`}>
              <Table.Td>{nameOf(one.thing)}</Table.Td>
              <Table.Td>{one.tariff ?? "–"}</Table.Td>
              <Table.Td ta="right">{kwh(totals[index] ?? 0)}</Table.Td>
            </Table.Tr>
          ))}
          <Table.Tr fw={700}>
            <Table.Td>{tell("total")}</Table.Td>
            <Table.Td />
            <Table.Td ta="right">{kwh(sum(totals))}</Table.Td>
          </Table.Tr>
        </Table.Tbody>
      </Table>
      {bare ? null : <Csv name={`energy-${span}`} rows={() => [["from", "to", "thing", "tariff", "kWh"], ...wanted.flatMap((one, index) => of.map((piece, at) => [iso(piece.from), iso(piece.to), one.thing, one.tariff, rows[index]?.values[at] ?? null]))]} />}
    </Stack>
  );
}

interface Made {
  thing: string;
  good: number | null;
  scrap: number | null;
  on: number;
  known: number;
  stops: { from: number; to: number; open: boolean }[];
  best: number | null;
}

const byTrait = (model: Model, trait: string): Property | undefined => [...model.properties.values()].find((one) => one.trait === trait);
const seconds = (ms: number): number => Math.round(Math.max(0, ms) / 1000);
const SHORTEST_STOP_MS = 60_000;
const STOPS = 8;

/** Production and downtime of machines: what they made, how long they stood, and the three parts of OEE. */
export function Line({ things, place, span, bare }: { things?: string[]; place?: string; span: Span; bare?: boolean }) {
  const lang = useLang();
  const models = useModels(things, place).filter(({ thing, model }) => {
    const running = byTrait(model, "running");
    return running && running.key in (hub.things.get(thing)?.state ?? {});
  });
  const to = minute();
  const from = to - SPANS[span];
  const { data, error } = useQuery({
    queryKey: ["line", models.map((one) => one.thing), span, to],
    enabled: models.length > 0,
    refetchInterval: AGAIN_MS,
    queryFn: () =>
      Promise.all(
        models.map(async ({ thing, model }): Promise<Made> => {
          const whole = [{ from, to }];
          const gained = async (trait: string): Promise<number | null> => {
            const property = byTrait(model, trait);
            return property && property.key in (hub.things.get(thing)?.state ?? {}) ? (await gains(thing, property.key, whole))[0]! : null;
          };
          const cycle = byTrait(model, "cycle_time");
          const cycles = cycle ? (await buckets(thing, cycle.key, from, to, 300)).map((one) => one.mean).filter((one) => one !== null && one > 0) : [];
          return { thing, good: await gained("good_count"), scrap: await gained("scrap_count"), ...(await runtime(thing, byTrait(model, "running")!.key, from, to)), best: cycles.length ? Math.min(...(cycles as number[])) : null };
        }),
      ),
  });
  if (!models.length) return <Text c="dimmed">{tell("noLine")}</Text>;
  if (!data) return <Waiting error={error} />;
  const percent = (value: number | null): string => (value === null ? "–" : `${(Math.min(1, value) * 100).toLocaleString(locale(), { maximumFractionDigits: 1 })}%`);
  const figures = data.map((one) => {
    const made = (one.good ?? 0) + (one.scrap ?? 0);
    const availability = one.known ? one.on / one.known : null;
    const quality = one.good !== null && made ? one.good / made : null;
    const performance = one.best && one.on ? (one.best * made * 1000) / one.on : null;
    return { ...one, availability, quality, performance, oee: availability !== null && quality !== null && performance !== null ? availability * quality * Math.min(1, performance) : null };
  });
  const stops = data.flatMap((one) => one.stops.filter((stop) => stop.to - stop.from >= SHORTEST_STOP_MS).map((stop) => ({ ...stop, thing: one.thing }))).sort((a, b) => b.from - a.from);
  return (
    <Stack gap="xs" lang={lang}>
      <div className="scrolls" tabIndex={0} role="region" aria-label={tell("line")}>
        <Table fz="sm">
          <Table.Thead>
            <Table.Tr>
              {(["machine", "good", "scrap", "running", "down", "availability", "performance", "quality", "oee"] as const).map((word) => (
                <Table.Th key={word}>{tell(word)}</Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {figures.map((one) => (
              <Table.Tr key={one.thing} data-line={one.thing}>
                <Table.Td>{nameOf(one.thing)}</Table.Td>
                <Table.Td>{one.good === null ? "–" : one.good.toLocaleString(locale())}</Table.Td>
                <Table.Td>{one.scrap === null ? "–" : one.scrap.toLocaleString(locale())}</Table.Td>
                <Table.Td>{lasted(one.on)}</Table.Td>
                <Table.Td>{lasted(Math.max(0, one.known - one.on))}</Table.Td>
                <Table.Td>{percent(one.availability)}</Table.Td>
                <Table.Td>{percent(one.performance)}</Table.Td>
                <Table.Td>{percent(one.quality)}</Table.Td>
                <Table.Td>
                  <b>{percent(one.oee)}</b>
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </div>
      <Text size="xs" c="dimmed">
        {tell("ideal")}
      </Text>
      {bare ? null : (
        <Group justify="flex-end" gap={4}>
          <Csv name={`production-${span}`} rows={() => [["from", "to", "thing", "good", "scrap", "running_s", "down_s", "availability", "performance", "quality", "oee"], ...figures.map((one) => [iso(from), iso(to), one.thing, one.good, one.scrap, seconds(one.on), seconds(one.known - one.on), one.availability, one.performance, one.quality, one.oee])]} />
          <Csv name={`downtime-${span}`} word="stops" rows={() => [["from", "to", "thing", "down_s", "open"], ...stops.map((one) => [iso(one.from), iso(one.to), one.thing, seconds(one.to - one.from), one.open])]} />
        </Group>
      )}
      {stops.length ? (
        <ul className="steps">
          {stops.slice(0, STOPS).map((one) => (
            <li key={`${one.thing}${one.from}`}>
              <Text size="sm">
                {tell("downtimes")}: {nameOf(one.thing)} · {new Date(one.from).toLocaleString(locale(), { dateStyle: "short", timeStyle: "short" })} · {tell("lasted", lasted(one.to - one.from))}
                {one.open ? ` · ${tell("open")}` : ""}
              </Text>
            </li>
          ))}
        </ul>
      ) : null}
    </Stack>
  );
}

/** Every value of a trait, by thing: what the rooms of a house or the machines of a line have in common. */
export function useTraits(): Map<string, { title: string; keys: string[] }> {
  const found = new Map<string, { title: string; keys: string[] }>();
  for (const { thing, model } of useModels())
    for (const property of model.properties.values()) {
      if (!property.trait || typeof hub.things.get(thing)?.state[property.key]?.value !== "number") continue;
      const one = found.get(property.trait) ?? { title: titled(property), keys: [] };
      one.keys.push(`${thing}\n${property.key}`);
      found.set(property.trait, one);
    }
  return found;
}
