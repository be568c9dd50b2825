/** Commands given from this page and what became of them. A wanted value is never shown as if it were reported. */
import { type Command, command, Refused } from "./api";
import { type Model, titled, written } from "./models";
import { Signal, useSignal } from "./signal";
import { both, reason, sentence } from "./refusals";
import { say } from "./words";

export interface Order {
  wanted: unknown;
  /** told: it was given to the thing, which has no way to say more. */
  state: "pending" | "confirmed" | "told" | "wrong";
  /** It took the command and reported another value. */
  mismatch?: boolean;
  text: string;
}

const SHOWN_MS = 6000;
const STATES = ["confirmed", "mismatch", "timeout", "rejected", "expired", "superseded", "failed", "queued", "sent", "acknowledged"] as const;
const orders = new Map<string, Order>();
const changed = new Signal();

function put(key: string, order: Order | undefined): void {
  if (order) orders.set(key, order);
  else orders.delete(key);
  changed.tell();
}

export const useOrder = (thing: string, what: string): Order | undefined => useSignal(changed, () => orders.get(`${thing}/${what}`));

/** A command's state as people read it. */
export function stateWord(state: string): string {
  const word = STATES.find((one) => one === state);
  return word ? say(word) : state;
}

/** Whether it ended without an answer, which the thing cannot give. */
export const unanswered = (done: { state: string; ended?: string | null }): boolean => done.state === "acknowledged" && Boolean(done.ended);

/** What was asked in the property's words: "target temperature → 21 °C". */
export function wish(command: Command, model: Model): string {
  if (command.call) return `${titled(model.actions.get(command.call) ?? { key: command.call })} ${command.input && Object.keys(command.input).length ? JSON.stringify(command.input) : ""}`.trim();
  return Object.entries(command.set ?? {})
    .map(([key, value]) => `${titled(model.properties.get(key) ?? { key })} → ${written(value, model.properties.get(key))}`)
    .join(", ");
}

export const WHYS = { pending: "whyPending", confirmed: "whyConfirmed", told: "whyTold", mismatch: "whyMismatch", wrong: "whyWrong" } as const;
export const OPEN = new Set(["queued", "sent", "acknowledged"]);

/** What a command's state says of what the thing shows. */
export const meaning = (done: Command): string => say(WHYS[unanswered(done) ? "told" : OPEN.has(done.state) ? "pending" : done.state === "confirmed" || done.state === "mismatch" ? done.state : "wrong"]);

/** Why a command ended as it did, where the hub says more of it than the word of its state does. */
export const because = (done: Command): string => (done.why?.includes(stateWord(done.state)) ? "" : (done.why ?? ""));

/** How a command ended and why: what the hub says of it stands below where the page speaks another language. */
export const ending = (done: Command): string => {
  if (unanswered(done)) return say("unanswered");
  const ours = sentence(done.code);
  return ours ? both(`${stateWord(done.state)}：${ours}`, because(done)) : [stateWord(done.state), because(done)].filter(Boolean).join(": ");
};

export interface Wish {
  set?: object;
  call?: string;
}

async function given(thing: string, wish: Wish, sure: boolean): Promise<Command | null> {
  try {
    return await command(thing, wish);
  } catch (error) {
    if (!(error instanceof Refused) || error.confirmation === undefined) throw error;
    return sure ? await command(thing, { ...wish, confirmation: error.confirmation }) : null;
  }
}

/** Ask a thing for something and follow it to its end. ``written``: the wanted value as people read it. ``sure``: the person
 * has said so once more. False when the place wants a second word, and nothing was done. */
export async function order(thing: string, what: string, wish: Wish, value: unknown, written: string, sure: boolean): Promise<boolean> {
  const key = `${thing}/${what}`;
  const mine: Order = { wanted: value, state: "pending", text: say("pending", written) };
  put(key, mine);
  let ended: Order;
  try {
    const done = await given(thing, wish, sure);
    if (done === null) {
      if (orders.get(key) === mine) put(key, undefined);
      return false;
    }
    ended = { wanted: value, state: done.state === "confirmed" ? "confirmed" : unanswered(done) ? "told" : "wrong", mismatch: done.state === "mismatch", text: ending(done) };
  } catch (error) {
    ended = { wanted: value, state: "wrong", text: reason(error) };
  }
  if (orders.get(key) !== mine) return true; // a later order for the same property took its place
  put(key, ended);
  setTimeout(() => {
    if (orders.get(key) === ended) put(key, undefined);
  }, SHOWN_MS);
  return true;
}
