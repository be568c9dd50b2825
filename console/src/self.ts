/** This browser as a thing of the hub: its battery, and with consent its position, while the console is open. */
import { Signal, useSignal } from "./signal";
import type { Word } from "./words";

const KEY = "unisono.self";
const EVERY_MS = 60_000;
const OUT = [401, 403, 404]; // the thing was removed, or has another secret

export interface Self {
  id: string;
  name: string;
  secret: string;
  position: boolean;
}

interface Battery extends EventTarget {
  level: number;
  charging: boolean;
}

const changed = new Signal();
let me: Self | null = null;
try {
  me = JSON.parse(localStorage.getItem(KEY) ?? "null") as Self | null;
} catch {
  me = null;
}
let battery: Battery | null = null;
let watching: number | null = null;
let place: GeolocationPosition | null = null;
/** What is wrong with it, as a word of the console; "" for nothing. */
export let trouble: Word | "" = "";

export const self = (): Self | null => me;
export const useSelf = (): Self | null => useSignal(changed, () => me);
export const level = (): number | null => (battery ? Math.round(battery.level * 100) : null);

export function be(next: Self | null): void {
  me = next;
  if (next) localStorage.setItem(KEY, JSON.stringify(next));
  else localStorage.removeItem(KEY);
  follow();
  changed.tell();
  void report();
}

function follow(): void {
  if (me?.position && watching === null && "geolocation" in navigator)
    watching = navigator.geolocation.watchPosition(
      (found) => {
        place = found;
        void report();
      },
      (error) => {
        trouble = error.code === error.PERMISSION_DENIED ? "positionDenied" : "positionUnknown";
        if (error.code === error.PERMISSION_DENIED && me) be({ ...me, position: false });
        changed.tell();
      },
      { maximumAge: EVERY_MS },
    );
  if (!me?.position && watching !== null) {
    navigator.geolocation.clearWatch(watching);
    watching = null;
    place = null;
  }
}

/** Say what is known now; what fails is said again with the next change. */
async function report(): Promise<void> {
  if (!me) return;
  const state: Record<string, unknown> = {};
  const now = level();
  if (now !== null) state.battery = now;
  if (place && me.position) state.location = { lat: place.coords.latitude, lon: place.coords.longitude };
  if (!Object.keys(state).length) return;
  try {
    const answer = await fetch("/api/v1/device/state", { method: "POST", headers: { Authorization: `Bearer ${me.id}:${me.secret}`, "Content-Type": "application/json" }, body: JSON.stringify(state) });
    const before = trouble;
    if (answer.ok || trouble === "notKnown") trouble = "";
    if (OUT.includes(answer.status)) trouble = "notKnown";
    if (trouble !== before) changed.tell();
  } catch {
    // the hub is away: later
  }
}

/** Begin to report, where this browser is a thing. */
export async function begin(): Promise<void> {
  const found = (navigator as Navigator & { getBattery?: () => Promise<Battery> }).getBattery;
  if (found && !battery) {
    battery = await found.call(navigator).catch(() => null);
    battery?.addEventListener("levelchange", () => void report());
    changed.tell();
  }
  follow();
  void report();
}

setInterval(() => void report(), EVERY_MS);
