/** How long ago, by the hub's clock; all ages on the page turn together, once a second. */
import { skew } from "./api";
import { Signal, useSignal } from "./signal";

let second = 0;
const ticks = new Signal();
setInterval(() => {
  if (document.visibilityState !== "visible") return;
  second++;
  ticks.tell();
}, 1000);

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;

export function age(at: string): string {
  const s = Math.max(0, (Date.now() + skew - Date.parse(at)) / 1000);
  if (s < MINUTE) return `${Math.floor(s)} s`;
  if (s < HOUR) return `${Math.floor(s / MINUTE)} min`;
  if (s < DAY) return `${Math.floor(s / HOUR)} h`;
  return `${Math.floor(s / DAY)} d`;
}

export function Age({ at, as }: { at: string; as?: (age: string) => string }) {
  useSignal(ticks, () => second);
  return <>{as ? as(age(at)) : age(at)}</>;
}
