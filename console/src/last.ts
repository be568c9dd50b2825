/** The last known state, kept in this browser while somebody is signed in: what is shown, marked, when the hub is away. */
import { Away, type Place, type Thing } from "./api";

const KEY = "unisono.last";
const DOCUMENTS = "unisono.document ";
const MOST = 1000; // things: a browser gives a page 5 MB
const EVERY_MS = 30_000;

export interface Last {
  at: string;
  things: Thing[];
  places: Place[];
}

let at = 0;

/** Now and then; `last`: nothing newer will be known for a while. */
export function keep(things: Thing[], places: Place[], last = false): void {
  if (!last && Date.now() - at < EVERY_MS) return;
  at = Date.now();
  try {
    localStorage.setItem(KEY, JSON.stringify({ at: new Date().toISOString(), things: things.slice(0, MOST), places } satisfies Last));
  } catch {
    localStorage.removeItem(KEY); // full: better nothing than something older
  }
}

export function kept(): Last | null {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "null") as Last | null;
  } catch {
    return null;
  }
}

/** Whoever signs out leaves nothing behind. */
export function drop(): void {
  for (const key of Object.keys(localStorage)) if (key === KEY || key.startsWith(DOCUMENTS)) localStorage.removeItem(key);
  at = 0;
}

/** Keep a document that never changes. */
export function preserve(name: string, document: unknown): void {
  try {
    localStorage.setItem(DOCUMENTS + name, JSON.stringify(document));
  } catch {
    // full: the page works without
  }
}

/** A document that never changes: from the hub, or where it is away, as it was kept. */
export async function remembered<T>(name: string, read: () => Promise<T>): Promise<T> {
  try {
    const found = await read();
    preserve(name, found);
    return found;
  } catch (error) {
    const before = error instanceof Away ? localStorage.getItem(DOCUMENTS + name) : null;
    if (before === null) throw error;
    return JSON.parse(before) as T;
  }
}
