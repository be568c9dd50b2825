/** Values of the past: out of rollups when the span is wide, as they were when it is narrow. */
import { ask } from "../api";

export interface Bucket {
  at: string;
  min: number | null;
  mean: number | null;
  max: number | null;
  last: unknown;
  count: number;
  /** Of a rising total, where it was asked for. */
  gained: number | null;
}

export interface Point {
  at: string;
  value: unknown;
}

export interface Line {
  /** Times in milliseconds, with what was there. */
  points: { at: number; value: unknown; min?: number | null; max?: number | null }[];
  raw: boolean;
  unit: string | null;
  /** Of what is not raw: how wide each bucket is, milliseconds. */
  wide: number;
}

const POINTS = 600;
/** So many raw values are drawn as they are; of more the hub makes buckets. */
const RAW = 1500;
export const HOUR_MS = 3_600_000;

const path = (thing: string, property: string, from: number, to: number): string =>
  `/things/${encodeURIComponent(thing)}/history?property=${encodeURIComponent(property)}&from=${new Date(from).toISOString()}&to=${new Date(to).toISOString()}`;

export async function line(thing: string, property: string, from: number, to: number): Promise<Line> {
  if (to - from <= 6 * HOUR_MS) {
    const found = await ask<{ points: Point[]; next: string | null; unit: string | null }>(`${path(thing, property, from, to)}&limit=${RAW}`);
    if (!found.next) return { raw: true, wide: 0, unit: found.unit, points: found.points.map((one) => ({ at: Date.parse(one.at), value: one.value })) };
  }
  const found = await ask<{ points: Bucket[]; unit: string | null }>(`${path(thing, property, from, to)}&points=${POINTS}`);
  const points = found.points.map((one) => ({ at: Date.parse(one.at), value: one.mean ?? one.last, min: one.min, max: one.max }));
  // what is kept by the hour only comes by the hour
  const between = points.slice(1).map((one, index) => one.at - points[index]!.at);
  return { raw: false, wide: Math.max((to - from) / POINTS, Math.min(...between, to - from)), unit: found.unit, points };
}

export const buckets = async (thing: string, property: string, from: number, to: number, points: number, gained = false): Promise<Bucket[]> =>
  (await ask<{ points: Bucket[] }>(`${path(thing, property, from, to)}&points=${points}${gained ? "&gained=true" : ""}`)).points;

/** Values of one series in a file: a spreadsheet takes a million lines. */
export const MOST_ROWS = 200_000;

/** Every value of a span, page by page, up to `MOST_ROWS`. */
export async function* raw(thing: string, property: string, from: number, to: number): AsyncGenerator<Point[]> {
  let after = "";
  for (let count = 0; count < MOST_ROWS; ) {
    const page = await ask<{ points: Point[]; next: string | null }>(`${path(thing, property, from, to)}&limit=10000${after}`);
    yield page.points;
    count += page.points.length;
    if (!page.next) return;
    after = `&after=${encodeURIComponent(page.next)}`;
  }
}

const field = (value: unknown): string => {
  const text = value === null || value === undefined ? "" : typeof value === "object" ? JSON.stringify(value) : String(value);
  // a spreadsheet must not take what a device said for a formula
  const safe = /^[=+@\t\r]/.test(text) || (text.startsWith("-") && !Number.isFinite(Number(text))) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};

export const csvLine = (values: unknown[]): string => `${values.map(field).join(",")}\r\n`;

export const saveCsv = (name: string, rows: unknown[][]): void => saveAs(`${name}.csv`, new Blob(rows.map(csvLine), { type: "text/csv" }));

export function saveAs(name: string, content: Blob): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
