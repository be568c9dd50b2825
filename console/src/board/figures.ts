/** Figures out of history: what was used, what was made, how long a machine stood. */
import { buckets } from "../thing/past";

export const SPANS = { hour: 3_600_000, day: 86_400_000, week: 604_800_000, month: 2_678_400_000, year: 31_622_400_000 } as const;
export type Span = keyof typeof SPANS;
/** Into how many pieces a span falls when it is shown in bars. */
export const PIECES: Record<Span, number> = { hour: 12, day: 24, week: 7, month: 31, year: 12 };

export interface Piece {
  from: number;
  to: number;
}

/** Pieces on the calendar's bounds of whoever looks, the last one open. */
export function pieces(span: Span, now: number): Piece[] {
  const end = new Date(now);
  const start = new Date(now);
  const step = (at: Date, by: number): void => {
    if (span === "hour") at.setMinutes(at.getMinutes() + 5 * by, 0, 0);
    else if (span === "day") at.setHours(at.getHours() + by, 0, 0, 0);
    else if (span === "year") {
      at.setHours(0, 0, 0, 0);
      at.setMonth(at.getMonth() + by, 1);
    } else {
      at.setHours(0, 0, 0, 0);
      at.setDate(at.getDate() + by);
    }
  };
  if (span === "hour") start.setMinutes(Math.floor(start.getMinutes() / 5) * 5, 0, 0);
  step(start, 1 - PIECES[span]);
  const found: Piece[] = [];
  for (let at = start; at < end; ) {
    const from = at.getTime();
    step(at, 1);
    found.push({ from, to: Math.min(at.getTime(), now) });
  }
  return found;
}

const FINE = 1000;

/** Widths of buckets (a minute to an hour) that all pieces of the calendar are made of, and how many of them are asked for at most. */
const WIDTHS = [60_000, 300_000, 900_000];
const HOUR_MS = 3_600_000;
const MOST = 3000;

/** What a rising total gained in each piece; when one begins anew the hub decides. */
export async function gains(thing: string, property: string, of: Piece[]): Promise<number[]> {
  const from = of[0]!.from;
  const length = of.at(-1)!.to - from;
  const width = WIDTHS.find((one) => length / one <= MOST) ?? HOUR_MS;
  const points = Math.ceil(length / width);
  const gained = of.map(() => 0);
  for (const bucket of await buckets(thing, property, from, from + points * width, points, true)) {
    const at = Math.max(from, Date.parse(bucket.at)); // what is kept by the hour only may begin a little before
    const piece = of.findIndex((one) => at >= one.from && at < one.to);
    if (piece >= 0) gained[piece]! += bucket.gained ?? 0;
  }
  return gained;
}

export interface Stop {
  from: number;
  to: number;
  open: boolean;
}

/** How long something was on, and the times that it was off; what was before the first word of it is not counted. */
export async function runtime(thing: string, property: string, from: number, to: number): Promise<{ on: number; known: number; stops: Stop[] }> {
  const found = await buckets(thing, property, from, to, FINE);
  const told = found.filter((one) => typeof one.last === "boolean" || typeof one.last === "number").map((one) => ({ at: Date.parse(one.at), on: Boolean(one.last) }));
  let on = 0;
  const stops: Stop[] = [];
  told.forEach((one, index) => {
    const until = told[index + 1]?.at ?? to;
    if (one.on) {
      on += until - one.at;
      return;
    }
    const last = stops.at(-1);
    if (last && last.to === one.at) last.to = until;
    else stops.push({ from: one.at, to: until, open: false });
  });
  const last = stops.at(-1);
  if (last && last.to === to) last.open = true;
  return { on, known: told.length ? to - told[0]!.at : 0, stops };
}

export function lasted(ms: number): string {
  const s = Math.round(ms / 1000);
  return s < 120 ? `${s} s` : s < 7200 ? `${Math.round(s / 60)} min` : `${(s / 3600).toFixed(1)} h`;
}
