/** Commands given from this page and what became of them. A wanted value is never shown as if it were reported. */
import { useSyncExternalStore } from "react";
import { Away, command, Refused } from "./api";
import { say } from "./words";

export interface Order {
  wanted: unknown;
  state: "pending" | "confirmed" | "wrong";
  text: string;
}

const SHOWN_MS = 6000;
const orders = new Map<string, Order>();
const listeners = new Set<() => void>();

function put(key: string, order: Order | undefined): void {
  if (order) orders.set(key, order);
  else orders.delete(key);
  for (const listener of listeners) listener();
}

export const useOrder = (thing: string, what: string): Order | undefined =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => orders.get(`${thing}/${what}`),
  );

/** Ask a thing for something and follow it to its end. ``written``: the wanted value as people read it. */
export async function order(thing: string, what: string, wanted: { set?: object; call?: string }, value: unknown, written: string): Promise<void> {
  const key = `${thing}/${what}`;
  const mine: Order = { wanted: value, state: "pending", text: say("pending", written) };
  put(key, mine);
  let ended: Order;
  try {
    let done = await command(thing, wanted);
    if (done.code === "confirmation_required" && done.id) done = await command(thing, { ...wanted, confirmation: done.id });
    const word = ["confirmed", "mismatch", "timeout", "rejected", "expired", "superseded", "failed", "queued", "sent", "acknowledged"].find((one) => one === done.state) as "confirmed" | undefined;
    ended = { wanted: value, state: done.state === "confirmed" ? "confirmed" : "wrong", text: [word ? say(word) : done.state, done.why].filter(Boolean).join(": ") };
  } catch (error) {
    ended = { wanted: value, state: "wrong", text: error instanceof Refused ? error.whole : error instanceof Away ? say("away") : String(error) };
  }
  if (orders.get(key) !== mine) return; // a later order for the same property took its place
  put(key, ended);
  setTimeout(() => {
    if (orders.get(key) === ended) put(key, undefined);
  }, SHOWN_MS);
}
