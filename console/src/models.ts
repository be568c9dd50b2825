/** What a kind of thing can be and do: its properties by key, and how a value is written. */
import { useEffect } from "react";
import { ask, type Thing } from "./api";
import { preserve, remembered } from "./last";
import { Signal, useSignal } from "./signal";
import { later } from "./soon";
import { language, locale, say } from "./words";

export interface Choice {
  value: unknown;
  titles?: Record<string, string>;
  synonyms?: Record<string, string[]>;
}

export interface Property {
  key: string;
  trait?: string;
  titles?: Record<string, string>;
  unit?: string;
  access?: string[];
  risky?: boolean;
  harmless?: unknown[];
  role?: string;
  schema: { kind: string; min?: number; max?: number; step?: number; precision?: number; choices?: Choice[] };
}

export interface Action {
  key: string;
  trait?: string;
  titles?: Record<string, string>;
  risky?: boolean;
  inputs?: unknown[];
}

export interface Model {
  id: string;
  kind?: string;
  titles?: Record<string, string>;
  properties: Map<string, Property>;
  actions: Map<string, Action>;
  events: Map<string, { key: string; titles?: Record<string, string> }>;
}

export interface Document {
  id: string;
  version?: number;
  kind?: string;
  titles?: Record<string, string>;
  services?: { key?: string; properties?: Property[]; actions?: Action[]; events?: { key: string; titles?: Record<string, string> }[] }[];
}

const EMPTY: Model = { id: "", properties: new Map(), actions: new Map(), events: new Map() };

const known = new Map<string, Model>(); // a version never changes
const asked = new Map<string, Promise<Model>>();
const came = new Signal();
const AGAIN_MS = 5000;

const nameOf = (id: string, version: number): string => `${id} ${version}`;

/** Models that came with the things that are of them. */
export function learn(documents: Document[]): void {
  for (const document of documents) take(document, document.version ?? 1);
  later(() => {
    for (const document of documents) preserve(`model ${nameOf(document.id, document.version ?? 1)}`, document);
  });
  came.tell();
}

function take(document: Document, version: number): Model {
  const properties = new Map<string, Property>();
  const actions = new Map<string, Action>();
  const events: Model["events"] = new Map();
  for (const service of document.services ?? []) {
    const full = (key: string): string => (service.key ? `${service.key}.${key}` : key);
    for (const property of service.properties ?? []) properties.set(full(property.key), { ...property, key: full(property.key) });
    for (const action of service.actions ?? []) actions.set(full(action.key), { ...action, key: full(action.key) });
    for (const event of service.events ?? []) events.set(full(event.key), { ...event, key: full(event.key) });
  }
  const model = { id: document.id, kind: document.kind, titles: document.titles, properties, actions, events };
  known.set(nameOf(document.id, version), model);
  return model;
}

/** One model: as it is known, else asked for once. */
export function fetched(id: string, version: number): Promise<Model> {
  const name = nameOf(id, version);
  const found = known.get(name);
  if (found) return Promise.resolve(found);
  let answer = asked.get(name);
  if (!answer) {
    answer = remembered(`model ${name}`, () => ask<Document>(`/models/${encodeURIComponent(id)}?version=${version}`))
      .then((document) => take(document, version))
      .finally(() => asked.delete(name));
    asked.set(name, answer);
  }
  return answer;
}

/** What one of its values is called, as far as its model is known. */
export const titleOf = (thing: Thing, key: string): string => titled(known.get(nameOf(thing.model, thing.model_version))?.properties.get(key) ?? { key });

/** What kind of thing it is, as far as its model is known. */
export const kindOf = (thing: Thing): string => known.get(nameOf(thing.model, thing.model_version))?.kind ?? "";

export function useModel(thing: Thing | undefined): Model {
  const model = useSignal(came, () => (thing ? known.get(nameOf(thing.model, thing.model_version)) : undefined));
  const [id, version] = [thing?.model, thing?.model_version];
  useEffect(() => {
    if (model || id === undefined || version === undefined) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const read = (): void => void fetched(id, version).then(() => came.tell(), () => (timer = setTimeout(read, AGAIN_MS)));
    read();
    return () => clearTimeout(timer);
  }, [model, id, version]);
  return model ?? EMPTY;
}

const UNITS: Record<string, string> = {
  Cel: "°C", "[degF]": "°F", "m3/h": "m³/h", "ug/m3": "µg/m³", "1/min": "/min", deg: "°", "deg/s": "°/s", Ohm: "Ω", kOhm: "kΩ",
  m2: "m²", cm2: "cm²", km2: "km²", har: "ha", "[sft_i]": "ft²", m3: "m³", cm3: "cm³", "[cft_i]": "ft³", "[gal_us]": "gal", "W/m2": "W/m²", "m/s2": "m/s²",
  "[mi_i]": "mi", "[ft_i]": "ft", "[in_i]": "in", "[mi_i]/h": "mph", "[kn_i]": "kn", "[in_i]/h": "in/h", "[lb_av]": "lb", "[oz_av]": "oz",
  "[psi]": "psi", "[in_i'Hg]": "inHg", "mm[Hg]": "mmHg", "[HP]": "hp", "[Btu]/h": "BTU/h", "[pH]": "pH", "%[LEL]": "% LEL", "[ppth]": "‰",
  "V.A": "VA", "kV.A": "kVA", "A.h": "Ah", "mA.h": "mAh", "N.m": "N·m", "uS/cm": "µS/cm", uA: "µA", uV: "µV", um: "µm", us: "µs", ug: "µg", uT: "µT",
  By: "B", kBy: "kB", MBy: "MB", GBy: "GB", TBy: "TB", KiBy: "KiB", MiBy: "MiB", GiBy: "GiB", "By/s": "B/s", "kBy/s": "kB/s", "MBy/s": "MB/s",
  "kWh/(100.km)": "kWh/100 km", "L/(100.km)": "L/100 km", "MK-1": "mired",
};
const FEW = 5;

export const unitSign = (unit?: string): string => (unit ? (UNITS[unit] ?? unit) : "");

export const titled = (of: { key: string; titles?: Record<string, string> }): string => of.titles?.[language()] ?? of.titles?.en ?? of.key;
export const writable = (property: Property): boolean => property.access?.includes("write") ?? false;

export function written(value: unknown, property?: Property): string {
  if (value === null || value === undefined) return "–";
  const choices = property?.schema.choices;
  // a maker's own word for a state that is known by another: "standby" is idle
  const choice = choices?.find((one) => one.value === value) ?? (typeof value === "string" ? choices?.find((one) => one.synonyms?.en?.includes(value.toLowerCase())) : undefined);
  if (choice?.titles) return choice.titles[language()] ?? choice.titles.en ?? String(value);
  if (typeof value === "boolean") return say(value ? "yes" : "no");
  if (typeof value === "object") {
    const { lat, lon } = value as { lat?: unknown; lon?: unknown };
    return typeof lat === "number" && typeof lon === "number" ? `${lat.toFixed(4)}, ${lon.toFixed(4)}` : JSON.stringify(value);
  }
  if (typeof value !== "number") return String(value);
  const { unit, of, fine } = scaleOf(value, property);
  const text = numbered(rounded(value / of, fine));
  return unit ? `${text}${unit === "%" ? "" : "\u00a0"}${unitSign(unit)}` : text;
}

/** What is told in pascals is read, and typed, in what people use at that height: air in hPa, a tyre or a compressor in bar. */
const PRESSURES: { below: number; unit: string; pascals: number; fine: number }[] = [
  { below: 1000, unit: "Pa", pascals: 1, fine: 0.1 },
  { below: 80_000, unit: "kPa", pascals: 1000, fine: 0.1 },
  { below: 110_000, unit: "hPa", pascals: 100, fine: 1 },
  { below: Number.POSITIVE_INFINITY, unit: "bar", pascals: 100_000, fine: 0.01 },
];

/** The unit in which a number is shown, how many of the property's own it is, and the least difference that is worth showing. Of what
 * is set the unit goes by the highest that it may be: it stays while it is typed. */
export function scaleOf(value: number, property?: Property): { unit?: string; of: number; fine?: number } {
  const unit = property?.unit;
  const height = Math.abs((property && writable(property) ? property.schema.max : undefined) ?? value);
  const pressure = unit === "Pa" ? PRESSURES.find((one) => height < one.below) : undefined;
  if (pressure) return { unit: pressure.unit, of: pressure.pascals, fine: pressure.fine };
  return { unit, of: 1, fine: property?.schema.precision ?? property?.schema.step ?? FINE[unit ?? ""] };
}

const FINE: Record<string, number> = { "%": 0.1, K: 1, Cel: 0.1, "[degF]": 0.1 };

/** To the power of ten that ``fine`` is of; what is less than that stays what it is, and no nothing. */
function rounded(value: number, fine: number | undefined): number {
  if (!fine) return value;
  const step = Math.floor(Math.log10(fine) + 1e-9);
  const found = step < 0 ? Number(value.toFixed(Math.min(-step, 20))) : Math.round(value / 10 ** step) * 10 ** step;
  return found === 0 ? value : found;
}

/** As both languages write it. What has no thousands needs nobody to tell how: the first such question costs a page ten milliseconds. */
function numbered(value: number): string {
  const whole = Number.isInteger(value);
  if (Math.abs(value) < 1000 && (whole || Math.abs(value) >= 0.001)) return String(whole ? value : Number(value.toPrecision(FEW)));
  return value.toLocaleString(locale(), whole ? {} : { maximumSignificantDigits: FEW });
}

/** Whether setting this must be confirmed by a second look: a lock opened, an oven lit. */
export const risky = (property: Property, value: unknown): boolean => Boolean(property.risky) && !(property.harmless ?? []).some((one) => one === value);
