/** How long ago, by the hub's clock; all ages on the page turn together, once a second. */
import { skew } from "./api";
import { Signal, useSignal } from "./signal";
import { language } from "./words";

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
const UNITS: Record<string, string> = { s: "秒", min: "分钟", h: "小时", d: "天" };

export function age(at: string): string {
  const s = Math.max(0, (Date.now() + skew - Date.parse(at)) / 1000);
  const [count, unit] = s < MINUTE ? [s, "s"] : s < HOUR ? [s / MINUTE, "min"] : s < DAY ? [s / HOUR, "h"] : [s / DAY, "d"];
  return `${Math.floor(count)} ${language() === "zh" ? UNITS[unit] : unit}`;
}

export function Age({ at, as }: { at: string; as?: (age: string) => string }) {
  useSignal(ticks, () => second);
  return <>{as ? as(age(at)) : age(at)}</>;
}
