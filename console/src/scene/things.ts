/** The real things that a part of a scene is about, what they have in common, and what it is now. */
import { useQueries } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import type { Thing } from "../api";
import { hub, useHub } from "../hub";
import { fetched, type Model, type Property } from "../models";
import type { Json } from "./draft";

/** As many are looked at for their properties; a place may hold a thousand. */
const LOOKED_AT = 20;

export type Said = { [key: string]: Json };
const listed = (value: Json | undefined): string[] => (Array.isArray(value) ? value.map(String) : []);

function inside(place: string, outer: string): boolean {
  for (let at = hub.places.get(place), deep = 0; at && deep < 50; at = at.parent ? hub.places.get(at.parent) : undefined, deep++) if (at.id === outer) return true;
  return false;
}

/** The root place that a place lies in: a scene reaches no further. */
export function rootOf(place: string): string {
  let found = place;
  for (let at = hub.places.get(place), deep = 0; at && deep < 50; at = at.parent ? hub.places.get(at.parent) : undefined, deep++) found = at.id;
  return found;
}

/** What a selection means now: those named, then those of the place. A kind is told apart once models are there. */
export function meant(said: Said): Thing[] {
  const named = listed(said.things).map((id) => hub.things.get(id));
  const place = typeof said.place === "string" ? said.place : undefined;
  const wide = place ? [...hub.things.values()].filter((thing) => inside(thing.place, place)) : [];
  return [...new Set([...named, ...wide])].filter((thing) => thing !== undefined);
}

export interface Meaning {
  things: Thing[];
  models: Model[];
  /** Properties by what a scene calls them: their trait where they have one. */
  properties: Map<string, Property>;
}

export function useMeaning(said: Said): Meaning {
  useHub();
  const all = meant(said);
  const ids = all.slice(0, LOOKED_AT).map((thing) => thing.id).join();
  const [, again] = useState(0);
  useEffect(() => {
    const ends = ids ? ids.split(",").map((id) => hub.thing(id).listen(() => again((now) => now + 1))) : [];
    return () => ends.forEach((end) => end());
  }, [ids]);
  const kinds = new Map(all.map((thing) => [`${thing.model} ${thing.model_version}`, thing]));
  const found = useQueries({
    queries: [...kinds.values()].slice(0, LOOKED_AT).map((thing) => ({
      queryKey: ["model", thing.model, thing.model_version],
      queryFn: () => fetched(thing.model, thing.model_version),
      staleTime: Number.POSITIVE_INFINITY,
    })),
  });
  const kind = typeof said.kind === "string" ? said.kind : undefined;
  const models = found.map((each) => each.data).filter((model) => model !== undefined);
  const fitting = models.filter((model) => !kind || model.kind === kind || model.kind?.startsWith(`${kind}.`));
  const fittingIds = new Set(fitting.map((model) => model.id));
  const named = new Set(listed(said.things));
  const properties = new Map<string, Property>();
  for (const model of fitting)
    for (const property of model.properties.values()) {
      const name = property.trait && [...model.properties.values()].filter((one) => one.trait === property.trait).length === 1 ? property.trait : property.key;
      if (!properties.has(name)) properties.set(name, property);
    }
  return { things: all.filter((thing) => named.has(thing.id) || fittingIds.has(thing.model)), models: fitting, properties };
}

/** What the first of the things says of a property now. */
export function valueNow(meaning: Meaning, name: string): unknown {
  for (const thing of meaning.things) {
    const model = meaning.models.find((one) => one.id === thing.model);
    const key = model ? ([...model.properties.values()].find((one) => one.trait === name || one.key === name)?.key ?? name) : name;
    const value = thing.state[key]?.value;
    if (value !== undefined) return value;
  }
  return undefined;
}
