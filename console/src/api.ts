/** The hub's HTTP API, typed by its OpenAPI description. The token stands in this browser's storage, never in an address. */
import type { components } from "./api.gen";
import { early, KEY, read, type Answer } from "./early";

export type Thing = components["schemas"]["Thing"];
export type Value = components["schemas"]["Value"];
export type Command = components["schemas"]["Command"];
export type Place = components["schemas"]["Place"];
export type Me = components["schemas"]["Me"];
export type Scene = components["schemas"]["Scene"];
export type Reply = components["schemas"]["Reply"];

/** One of several mistakes in what was sent. */
export interface Mistake {
  detail: string;
  field?: string | null;
  expected?: string | null;
  rule?: string | null;
}

/** A problem document (RFC 9457): what happened, and what would have been right. */
export class Refused extends Error {
  readonly code: string;
  readonly expected?: string;
  readonly mend?: string;
  /** What makes the same command count, where a place wants a second word. */
  readonly confirmation?: string;
  /** Where in what was sent it is, such as ``then.0.set.state``. */
  readonly field?: string;
  /** Which rule of scenes was offended. */
  readonly rule?: string;
  /** All that is wrong, where it is more than one thing. */
  readonly errors?: Mistake[];

  constructor(problem: { code?: string; title?: string; detail?: string; expected?: string; mend?: string; confirmation?: string; field?: string; rule?: string; errors?: Mistake[] }) {
    super(problem.detail ?? problem.title ?? "");
    this.code = problem.code ?? "unknown";
    this.expected = problem.expected;
    this.mend = problem.mend;
    this.confirmation = problem.confirmation;
    this.field = problem.field;
    this.rule = problem.rule;
    this.errors = problem.errors;
  }

  get whole(): string {
    return [this.message, this.expected, this.mend].filter(Boolean).join(" · ");
  }
}

/** The hub did not answer at all. */
export class Away extends Error {}

let underway = new AbortController();

export const token = {
  get: (): string | null => localStorage.getItem(KEY),
  set: (value: string): void => localStorage.setItem(KEY, value),
  /** What is still being asked with it is given up: its answer would only say that the session has ended. */
  drop: (): void => {
    localStorage.removeItem(KEY);
    underway.abort();
    underway = new AbortController();
  },
};

/** Milliseconds by which the hub's clock is ahead of this one: ages are shown by the hub's. */
export let skew = 0;

let onSignedOut: (why: string) => void = () => undefined;
export const whenSignedOut = (call: (why: string) => void): void => {
  onSignedOut = call;
};

export const ask = <T>(path: string, method = "GET", body?: unknown): Promise<T> => send(path, method, body === undefined ? undefined : JSON.stringify(body), "application/json");

/** The same for a body that is text (YAML) or sound. */
export const askText = <T>(path: string, method: string, body: string | Blob, kind = "application/yaml"): Promise<T> => send(path, method, body, kind);

async function send<T>(path: string, method: string, body: string | Blob | undefined, kind: string): Promise<T> {
  const headers: Record<string, string> = {};
  const mine = token.get();
  if (mine) headers.Authorization = `Bearer ${mine}`;
  if (body !== undefined) headers["Content-Type"] = kind;
  let came: Answer;
  const { signal } = underway;
  try {
    came = await ((method === "GET" && early(path, mine)) || read(fetch(`/api/v1${path}`, { method, headers, body, signal })));
  } catch {
    throw new Away();
  }
  const { answer, found } = came;
  const date = answer.headers.get("Date");
  if (date) skew = Date.parse(date) - Date.now();
  if (signal.aborted) throw new Away();
  if (!answer.ok) {
    const refused = new Refused(found as ConstructorParameters<typeof Refused>[0]);
    if (refused.code === "not_signed_in" && mine) onSignedOut(refused.message);
    throw refused;
  }
  return found as T;
}

/** Ends a session that this page no longer uses; where the hub is away, it ends by its age. */
export const endSession = (mine: string): Promise<unknown> => fetch("/api/v1/login", { method: "DELETE", headers: { Authorization: `Bearer ${mine}` } }).catch(() => null);

/** All pages of a list, as far as ``most`` items; ``each`` sees what else an answer holds. */
export async function all<T>(path: string, most = 5000, each?: (page: object) => void): Promise<T[]> {
  const items: T[] = [];
  let after: string | null = null;
  do {
    const mark: string = path.includes("?") ? "&" : "?";
    const more: string = after ? `&after=${encodeURIComponent(after)}` : "";
    const page: { items: T[]; next: string | null } = await ask(`${path}${mark}limit=500${more}`);
    items.push(...page.items);
    each?.(page);
    after = page.next;
  } while (after && items.length < most);
  return items;
}

export const command = (thing: string, wanted: { set?: object; call?: string; input?: object; confirmation?: string }): Promise<Command> =>
  ask(`/things/${encodeURIComponent(thing)}/commands?wait=20`, "POST", wanted);
