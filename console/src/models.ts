/** What a kind of thing can be and do: its properties by key, and how a value is written. */
import { useQuery } from "@tanstack/react-query";
import { ask, type Thing } from "./api";
import { remembered } from "./last";
import { language, say } from "./words";

export interface Choice {
  value: unknown;
  titles?: Record<string, string>;
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
  schema: { kind: string; min?: number; max?: number; step?: number; choices?: Choice[] };
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

interface Document {
  id: string;
  kind?: string;
  titles?: Record<string, string>;
  services?: { key?: string; properties?: Property[]; actions?: Action[]; events?: { key: string; titles?: Record<string, string> }[] }[];
}

const EMPTY: Model = { id: "", properties: new Map(), actions: new Map(), events: new Map() };

export async function fetched(id: string, version: number): Promise<Model> {
  const document = await remembered(`model ${id} ${version}`, () => ask<Document>(`/models/${encodeURIComponent(id)}?version=${version}`));
  const properties = new Map<string, Property>();
  const actions = new Map<string, Action>();
  const events: Model["events"] = new Map();
  for (const service of document.services ?? []) {
    const full = (key: string): string => (service.key ? `${service.key}.${key}` : key);
    for (const property of service.properties ?? []) properties.set(full(property.key), { ...property, key: full(property.key) });
    for (const action of service.actions ?? []) actions.set(full(action.key), { ...action, key: full(action.key) });
    for (const event of service.events ?? []) events.set(full(event.key), { ...event, key: full(event.key) });
  }
  return { id: document.id, kind: document.kind, titles: document.titles, properties, actions, events };
}

export function useModel(thing: Thing | undefined): Model {
  const { data } = useQuery({
    queryKey: ["model", thing?.model, thing?.model_version],
    queryFn: () => fetched(thing!.model, thing!.model_version),
    enabled: thing !== undefined,
    staleTime: Number.POSITIVE_INFINITY, // a version never changes
  });
  return data ?? EMPTY;
}

const UNITS: Record<string, string> = { Cel: "°C", "[degF]": "°F", "m3/h": "m³/h", "ug/m3": "µg/m³", "1/min": "/min", deg: "°", Ohm: "Ω" };
const FEW = 5;

export const unitSign = (unit?: string): string => (unit ? (UNITS[unit] ?? unit) : "");

export const titled = (of: { key: string; titles?: Record<string, string> }): string => of.titles?.[language()] ?? of.titles?.en ?? of.key;
export const writable = (property: Property): boolean => property.access?.includes("write") ?? false;

export function written(value: unknown, property?: Property): string {
  if (value === null || value === undefined) return "–";
  const choice = property?.schema.choices?.find((one) => one.value === value);
  if (choice?.titles) return choice.titles[language()] ?? choice.titles.en ?? String(value);
  if (typeof value === "boolean") return say(value ? "yes" : "no");
  if (typeof value === "object") {
    const { lat, lon } = value as { lat?: unknown; lon?: unknown };
    return typeof lat === "number" && typeof lon === "number" ? `${lat.toFixed(4)}, ${lon.toFixed(4)}` : JSON.stringify(value);
  }
  if (typeof value !== "number") return String(value);
  const text = value.toLocaleString(language() === "zh" ? "zh-CN" : "en-GB", Number.isInteger(value) ? {} : { maximumSignificantDigits: FEW });
  const unit = property?.unit;
  return unit ? `${text}${unit === "%" ? "" : "\u00a0"}${UNITS[unit] ?? unit}` : text;
}

/** Whether setting this must be confirmed by a second look: a lock opened, an oven lit. */
export const risky = (property: Property, value: unknown): boolean => Boolean(property.risky) && !(property.harmless ?? []).some((one) => one === value);
