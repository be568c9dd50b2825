/** How far the first run has come. */
import { useQuery } from "@tanstack/react-query";
import { all, ask, type Thing } from "./api";
import { hub, useHub } from "./hub";
import { Signal, useSignal } from "./signal";

export const STEPS = ["place", "people", "device", "phone"] as const;
export type Step = (typeof STEPS)[number];
export type State = "open" | "done" | "skipped";

const KEY = "unisono.skipped";
const SELF = "unisono.self"; // this browser as a thing
const MACHINE = "local"; // the hub's own user, who is nobody
const changed = new Signal();
let turn = 0;

const read = (): string[] => (localStorage.getItem(KEY) ?? "").split(" ");

export function skip(step: Step | "all"): void {
  localStorage.setItem(KEY, [...new Set([...read(), ...(step === "all" ? STEPS : [step])])].join(" ").trim());
  turn++;
  changed.tell();
}

/** Root places that are a demonstration: all that stands in them is simulated. */
export function demonstrations(things: Iterable<Thing>, rootOf: (place: string) => string): Set<string> {
  const real = new Set<string>();
  const simulated = new Set<string>();
  for (const thing of things) (thing.simulated ? simulated : real).add(rootOf(thing.place));
  return new Set([...simulated].filter((root) => !real.has(root)));
}

export function rootOf(place: string): string {
  let at = hub.places.get(place);
  for (let steps = 0; at?.parent && steps < 50; steps++) at = hub.places.get(at.parent);
  return at?.id ?? place;
}

export function useProgress(): Record<Step, State> {
  useHub();
  useSignal(changed, () => turn);
  const me = useQuery({ queryKey: ["me"], queryFn: () => ask<{ role: string | null }>("/me"), staleTime: 60_000 });
  const people = useQuery({ queryKey: ["users"], queryFn: () => all<{ id: string }>("/users"), staleTime: 10_000, enabled: me.data?.role === "administrator" });
  const shown = demonstrations(hub.things.values(), rootOf);
  const done: Record<Step, boolean> = {
    place: [...hub.places.values()].some((place) => !place.parent && !shown.has(place.id)),
    people: (people.data ?? []).filter((each) => each.id !== MACHINE).length > 1,
    device: [...hub.things.values()].some((thing) => !thing.simulated),
    phone: localStorage.getItem(SELF) !== null || matchMedia("(display-mode: standalone)").matches,
  };
  const skipped = read();
  return Object.fromEntries(STEPS.map((step) => [step, done[step] ? "done" : skipped.includes(step) ? "skipped" : "open"])) as Record<Step, State>;
}
