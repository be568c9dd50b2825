/** Several series on one axis of time, with events and commands beside them: from a year to a second, by wheel, finger,
 * slider or keys. What is looked at closer is asked for anew, as fine as the hub has it. */
import { ActionIcon, Button, Group, Text, useComputedColorScheme } from "@mantine/core";
import { keepPreviousData, useQueries } from "@tanstack/react-query";
import { BarChart, LineChart, ScatterChart } from "echarts/charts";
import { DataZoomComponent, GridComponent, LegendComponent, TooltipComponent } from "echarts/components";
import { type ECharts, init, use } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import { useEffect, useMemo, useRef, useState } from "react";
import { hub } from "./hub";
import { type Property, unitSign, writable, written } from "./models";
import { csvLine, type Line, line, MOST_ROWS, raw, saveAs } from "./thing/past";
import { Trouble, useDoing } from "./trouble";
import { tell } from "./thing/words";
import { locale, useLang } from "./words";

use([LineChart, BarChart, ScatterChart, GridComponent, TooltipComponent, LegendComponent, DataZoomComponent, CanvasRenderer]);

export interface Series {
  thing: string;
  property: Property;
  label: string;
}

/** Something that happened at a moment: a command, an event. */
export interface Mark {
  at: number;
  kind: "command" | "event";
  text: string;
}

interface Props {
  series: Series[];
  from: number;
  to: number;
  marks?: Mark[];
  name: string;
  height?: number;
  bare?: boolean;
}

const SETTLE_MS = 250;
const CLOSEST_MS = 1000;
const AGAIN_MS = 15_000;
const COLORS = ["#0b7a5c", "#1c64b0", "#b3530b", "#8b3fb0", "#b01c4b", "#5b6b00", "#00707d", "#7a5230"];
const DARK = ["#3fd9a8", "#6cb2f5", "#f5a45c", "#cf93ee", "#f57ea2", "#c3d33f", "#55d3e0", "#d0a378"];

interface View {
  from: number;
  to: number;
}

const asNumber = (value: unknown): number | null => (typeof value === "number" ? value : typeof value === "boolean" ? Number(value) : null);
const stepped = (property: Property): boolean => property.schema.kind === "bool" || (property.schema.choices?.length ?? 0) > 0 || property.schema.kind === "string";

export default function Chart({ series, from, to, marks = [], name, height = 340, bare }: Props) {
  const lang = useLang();
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<ECharts | null>(null);
  const count = useRef(0); // of its series
  const dark = useComputedColorScheme("light") === "dark";
  const [view, setView] = useState<View | null>(null);
  // the end of the span moves on with time; what is looked at closer stays
  const span = to - from;
  useEffect(() => setView(null), [span, name]);
  const whole = useRef({ from, to });
  whole.current = { from, to };
  const now = view ?? { from, to };
  const asked = (span: View, live: boolean) =>
    series.map((one) => ({
      queryKey: ["line", one.thing, one.property.key, span.from, live ? "now" : span.to],
      queryFn: () => line(one.thing, one.property.key, span.from, span.to),
      placeholderData: keepPreviousData,
      refetchInterval: live ? AGAIN_MS : (false as const),
    }));
  const coarse = useQueries({ queries: asked({ from, to }, true) });
  const fine = useQueries({ queries: view ? asked(view, false) : [] });
  const lines: (Line | undefined)[] = series.map((_one, index) => joined(coarse[index]?.data, view ? fine[index]?.data : undefined, now));
  const holds = series.map((one) => (stepped(one.property) || writable(one.property)) && hub.things.get(one.thing)?.online === true);
  const stamp = [...coarse, ...fine].map((one) => one.dataUpdatedAt).join();
  const labels = useMemo(() => series.map((one) => textsOf(one.property, lines[series.indexOf(one)])), [stamp, series, lang]);

  useEffect(() => {
    if (!place.current) return;
    const made = init(place.current, dark ? "dark" : undefined);
    chart.current = made;
    let timer: ReturnType<typeof setTimeout> | undefined;
    made.on("datazoom", () => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        const zoom = (made.getOption() as { dataZoom: { startValue: number; endValue: number }[] }).dataZoom[0];
        if (!zoom) return;
        const next = { from: Math.floor(zoom.startValue), to: Math.ceil(zoom.endValue) };
        setView(next.from <= whole.current.from && next.to >= whole.current.to ? null : next);
      }, SETTLE_MS);
    });
    const sized = new ResizeObserver(() => made.resize());
    sized.observe(place.current);
    return () => {
      clearTimeout(timer);
      sized.disconnect();
      made.dispose();
      chart.current = null;
    };
  }, [dark]);

  useEffect(() => {
    const made = chart.current;
    if (!made) return;
    const palette = dark ? DARK : COLORS;
    const axes = [...new Set(series.map((one, index) => axisOf(one, labels[index])))];
    const drawn = series.flatMap((one, index) => {
      const color = palette[index % palette.length]!;
      const axis = axes.indexOf(axisOf(one, labels[index]));
      const steps = stepped(one.property);
      const number = (value: unknown): number | null => (steps ? (labels[index]!.indexOf(String(value)) >= 0 ? labels[index]!.indexOf(String(value)) : asNumber(value)) : asNumber(value));
      const points = lines[index]?.points ?? [];
      const jumps = steps || (writable(one.property) && lines[index]?.raw !== false); // a setting stays until it is set anew
      const main = { name: one.label, type: "line" as const, color, yAxisIndex: axis, step: jumps ? ("end" as const) : undefined, showSymbol: points.length < 60, symbolSize: 5, lineStyle: { width: 2 }, data: held(points, holds[index] ? Math.min(to, Date.now()) : 0).map((each) => [each.at, number(each.value)]) };
      if (steps || lines[index]?.raw !== false) return [main];
      const edge = (of: "min" | "max") => ({ name: one.label, type: "line" as const, color, yAxisIndex: axis, showSymbol: false, silent: true, tooltip: { show: false }, lineStyle: { width: 1, opacity: 0.35 }, data: points.map((each) => [each.at, each[of] ?? null]) });
      return [main, edge("min"), edge("max")];
    });
    const lanes = (["command", "event"] as const).flatMap((kind, index) => {
      const mine = marks.filter((mark) => mark.kind === kind);
      if (!mine.length) return [];
      return [{ name: tell(kind === "command" ? "commands" : "events"), type: "scatter" as const, color: palette[(series.length + index) % palette.length], symbol: kind === "command" ? "triangle" : "diamond", symbolSize: 11, xAxisIndex: 1, yAxisIndex: axes.length, data: mine.map((mark) => ({ value: [mark.at, index], name: mark.text })) }];
    });
    const laned = lanes.length > 0;
    const right = axes.length > 1 ? 24 + 44 * (axes.length - 1) : 14;
    const grid = { left: 54, right, top: bare ? 24 : 50, bottom: bare ? 26 : 62 };
    if (count.current !== drawn.length + lanes.length) {
      // what is pointed at may be of a series that goes now, and the library would ask it still
      made.dispatchAction({ type: "hideTip" });
      made.dispatchAction({ type: "updateAxisPointer", currTrigger: "leave" });
      count.current = drawn.length + lanes.length;
    }
    made.setOption(
      {
        backgroundColor: "transparent",
        animation: false,
        textStyle: { fontFamily: "inherit" },
        legend: bare ? { show: false } : { type: "scroll", top: 0, data: [...new Set([...series.map((one) => one.label), ...lanes.map((one) => one.name)])] },
        grid: [laned ? { ...grid, bottom: grid.bottom + 34 } : grid, { ...grid, top: undefined, height: laned ? 30 : 0 }],
        tooltip: { trigger: "axis", confine: true, formatter: (found: Found[]) => tip(found, series, labels) },
        axisPointer: { link: [{ xAxisIndex: "all" }] },
        dataZoom: bare ? [] : [
          { type: "inside", xAxisIndex: [0, 1], startValue: now.from, endValue: now.to, minValueSpan: CLOSEST_MS },
          { type: "slider", xAxisIndex: [0, 1], startValue: now.from, endValue: now.to, minValueSpan: CLOSEST_MS, height: 18, bottom: 6, brushSelect: false },
        ],
        xAxis: [
          { type: "time", gridIndex: 0, min: from, max: to, axisLabel: { hideOverlap: true, show: !laned } },
          { type: "time", gridIndex: 1, min: from, max: to, axisLabel: { hideOverlap: true, show: laned }, axisLine: { show: laned }, axisTick: { show: laned } },
        ],
        yAxis: [
          ...axes.map((axis, index) => {
            const texts = axis.startsWith("!") ? (JSON.parse(axis.slice(1)) as string[]) : null;
            return { type: "value", scale: true, gridIndex: 0, name: texts || axis === "Pa" ? "" : axis, position: index === 0 ? "left" : "right", offset: index < 2 ? 0 : 44 * (index - 1), splitLine: { show: index === 0 }, nameTextStyle: { align: "right" }, ...(axis === "Pa" ? { axisLabel: { formatter: (value: number) => written(value, PASCALS) } } : {}), ...(texts ? { min: 0, max: Math.max(1, texts.length - 1), interval: 1, axisLabel: { formatter: (value: number) => (texts[value] ?? "").slice(0, 9) } } : {}) };
          }),
          { type: "value", gridIndex: 1, show: false, min: -1, max: 2 },
        ],
        series: [...drawn, ...lanes],
      },
      { replaceMerge: ["series", "yAxis", "grid", "xAxis"] },
    );
  }, [stamp, series, marks, dark, lang, labels, from, to, view, bare]);

  const zoom = (factor: number, shift = 0): void => {
    const size = Math.min(to - from, Math.max(CLOSEST_MS, (now.to - now.from) * factor));
    const middle = (now.from + now.to) / 2 + shift * (now.to - now.from);
    const start = Math.min(Math.max(from, middle - size / 2), to - size);
    setView(size >= to - from ? null : { from: Math.floor(start), to: Math.ceil(start + size) });
  };
  const doing = useDoing();
  const saveCsv = async (): Promise<void> => {
    const parts = [csvLine(["time", "thing", "property", "value"])];
    let cut = false;
    for (const one of series) {
      let count = 0;
      for await (const points of raw(one.thing, one.property.key, now.from, now.to)) {
        for (const point of points) parts.push(csvLine([point.at, one.thing, one.property.key, point.value]));
        count += points.length;
      }
      cut ||= count >= MOST_ROWS;
    }
    saveAs(`${name}.csv`, new Blob(parts, { type: "text/csv" }));
    if (cut) throw new Error(tell("cut", MOST_ROWS.toLocaleString(locale())));
  };
  const savePng = async (): Promise<void> => {
    const made = chart.current;
    if (!made) return;
    const bytes = atob(made.getDataURL({ type: "png", pixelRatio: 2, backgroundColor: dark ? "#1a1b1e" : "#ffffff" }).split(",")[1] ?? "");
    saveAs(`${name}.png`, new Blob([Uint8Array.from(bytes, (one) => one.charCodeAt(0))], { type: "image/png" }));
  };
  const empty = coarse.length > 0 && coarse.every((one) => one.data) && lines.every((one) => !one?.points.length);
  const rough = lines.find((one) => one && !one.raw);
  return (
    <div>
      <div ref={place} className="chart" style={{ height }} role="img" aria-label={summary(series, lines, now)} data-view={`${now.from} ${now.to}`} data-raw={lines.every((one) => one?.raw) ? "yes" : "no"} data-points={lines.reduce((sum, one) => sum + (one?.points.length ?? 0), 0)} />
      {empty ? <Text c="dimmed">{tell("nothing")}</Text> : null}
      <Trouble why={doing.why} mb="xs" />
      {bare ? null : (
        <Group gap="xs" justify="space-between">
          <Group gap={4}>
            {(
              [
                ["earlier", "←", () => zoom(1, -0.5)],
                ["zoomIn", "+", () => zoom(0.5)],
                ["zoomOut", "−", () => zoom(2)],
                ["later", "→", () => zoom(1, 0.5)],
              ] as const
            ).map(([word, sign, act]) => (
              <ActionIcon key={word} variant="default" aria-label={tell(word)} title={tell(word)} onClick={act}>
                {sign}
              </ActionIcon>
            ))}
            <Button size="compact-sm" variant="default" disabled={!view} onClick={() => setView(null)}>
              {tell("whole")}
            </Button>
          </Group>
          <Text size="xs" c="dimmed" role="status">
            {spanText(now)} · {rough ? tell("buckets", bucketText(rough)) : tell("raw")}
          </Text>
          <Group gap={4}>
            <Button size="compact-sm" variant="default" loading={doing.busy} onClick={() => void doing.run(saveCsv)}>
              {tell("csv")}
            </Button>
            <Button size="compact-sm" variant="default" onClick={() => void savePng()}>
              {tell("png")}
            </Button>
          </Group>
        </Group>
      )}
    </div>
  );
}

/** A switch or a setting stays as it was last reported, up to ``until``: a line, not a point at its beginning. */
function held(points: Line["points"], until: number): Line["points"] {
  const last = points.at(-1);
  return last && last.at < until ? [...points, { at: until, value: last.value }] : points;
}

/** What is seen closer stands in the place of what was there from afar. */
function joined(coarse: Line | undefined, fine: Line | undefined, view: View): Line | undefined {
  if (!fine || !coarse) return fine ?? coarse;
  return { ...fine, points: [...coarse.points.filter((one) => one.at < view.from), ...fine.points, ...coarse.points.filter((one) => one.at > view.to)] };
}

const PASCALS: Property = { key: "", unit: "Pa", schema: { kind: "float" } };

/** The words on the axis of what is no number. */
function textsOf(property: Property, found: Line | undefined): string[] {
  if (!stepped(property)) return [];
  if (property.schema.kind === "bool") return ["false", "true"];
  const said = (found?.points ?? []).map((one) => String(one.value));
  return [...new Set([...(property.schema.choices ?? []).map((one) => String(one.value)), ...said])];
}

const axisOf = (one: Series, texts: string[] | undefined): string => (texts?.length ? `!${JSON.stringify(texts.map((text) => written(one.property.schema.kind === "bool" ? text === "true" : text, one.property)))}` : unitSign(one.property.unit));

interface Found {
  seriesName: string;
  seriesType: string;
  name: string;
  color: string;
  value: [number, number | null];
}

/** As elements: a style in a string of markup would be refused by the page's policy. */
function tip(found: Found[], series: Series[], labels: string[][]): HTMLElement[] {
  const first = found.find((one) => one.value);
  if (!first) return [];
  const seen = new Set<string>();
  const rows = found.flatMap((one) => {
    if (!one.value) return []; // of a series that went while its point was looked at
    if (one.seriesType === "scatter") return [tipLine([`◆ ${one.name}`])];
    if (seen.has(one.seriesName)) return [];
    seen.add(one.seriesName);
    const index = series.findIndex((each) => each.label === one.seriesName);
    const property = series[index]?.property;
    const text = labels[index]?.length && one.value[1] !== null ? labels[index]![one.value[1]] : one.value[1];
    const value = property?.schema.kind === "bool" && (text === "true" || text === "false") ? text === "true" : text;
    const dot = document.createElement("span");
    dot.style.color = one.color;
    dot.textContent = "● ";
    const strong = document.createElement("b");
    strong.textContent = written(value, property);
    return [tipLine([dot, `${one.seriesName}: `, strong])];
  });
  return [tipLine([new Date(first.value[0]).toLocaleString(locale(), { dateStyle: "medium", timeStyle: "medium" })]), ...rows];
}

function tipLine(parts: (string | Node)[]): HTMLElement {
  const made = document.createElement("div");
  made.append(...parts);
  return made;
}

const spanText = (view: View): string => `${new Date(view.from).toLocaleString(locale(), { dateStyle: "medium", timeStyle: "medium" })} – ${new Date(view.to).toLocaleString(locale(), { dateStyle: "medium", timeStyle: "medium" })}`;

function bucketText(found: Line): string {
  const s = Math.max(1, Math.round(found.wide / 1000));
  return s < 120 ? `${s} s` : s < 7200 ? `${Math.round(s / 60)} min` : s < 172_800 ? `${Math.round(s / 3600)} h` : `${Math.round(s / 86_400)} d`;
}

/** The chart in words, for who does not see it. */
function summary(series: Series[], lines: (Line | undefined)[], view: View): string {
  const told = series.map((one, index) => {
    const points = (lines[index]?.points ?? []).filter((each) => each.at >= view.from && each.at <= view.to);
    const last = points.at(-1);
    const low = Math.min(...points.map((each) => each.min ?? asNumber(each.value) ?? Infinity));
    const high = Math.max(...points.map((each) => each.max ?? asNumber(each.value) ?? -Infinity));
    const parts = stepped(one.property) || !Number.isFinite(low) ? [] : [`${tell("lowest")} ${written(low, one.property)}`, `${tell("highest")} ${written(high, one.property)}`];
    return `${tell("summary", one.label)}${[...parts, `${tell("last")} ${written(last?.value, one.property)}`].join(", ")}`;
  });
  return `${tell("chart")}, ${spanText(view)}. ${told.join(". ")}`;
}
