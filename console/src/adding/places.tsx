/** A place picked from all there are, each with the way to it. */
import { Alert, Anchor, Select } from "@mantine/core";
import type { Place } from "../api";
import { hub, useHub } from "../hub";
import { type Act, may } from "../rights";
import { called, say } from "../words";

/** The names from the root place down to this one. */
export function wayTo(places: Map<string, Place>, id: string): string {
  const names: string[] = [];
  for (let at = places.get(id); at && names.length < 50; at = at.parent ? places.get(at.parent) : undefined) names.unshift(called(at));
  return names.join(" › ") || id;
}

/** Whatever is added stands in a place: where there is none yet, that one is named first. */
export function NoPlace() {
  const hub = useHub();
  if (!hub.ready || (hub.places.size && may("configure"))) return null;
  return (
    <Alert color="yellow" role="note" data-noplace>
      {hub.places.size ? say("noAdding") : say("noPlace")} {hub.places.size ? null : <Anchor underline="always" href="#/welcome">{say("firstSteps")}</Anchor>}
    </Alert>
  );
}

/** Where something is added unless its person says else. */
export function firstPlace(): string | null {
  const places = [...hub.places.values()].filter((each) => may("configure", each.id));
  return (places.find((each) => !each.parent) ?? places[0])?.id ?? null;
}

interface Props {
  value: string | null;
  set: (place: string | null) => void;
  label?: string;
  empty?: string;
  within?: string;
  /** What one must be allowed there for it to be one to choose. */
  act?: Act;
}

export function PlaceSelect({ value, set, label, empty, within, act = "configure" }: Props) {
  const hub = useHub();
  const data = [...hub.places.values()]
    .map((place) => ({ value: place.id, label: wayTo(hub.places, place.id), root: rootOf(hub.places, place.id) }))
    .filter((each) => (!within || each.root === within) && may(act, each.value))
    .sort((a, b) => a.label.localeCompare(b.label))
    .map(({ value, label }) => ({ value, label }));
  return (
    <Select
      label={label}
      aria-label={label ?? say("room")}
      data={data}
      value={value}
      onChange={set}
      searchable
      clearable={empty !== undefined}
      placeholder={empty}
      allowDeselect={empty !== undefined}
      required={empty === undefined}
    />
  );
}

export function rootOf(places: Map<string, Place>, id: string): string {
  let at = places.get(id);
  for (let steps = 0; at?.parent && steps < 50; steps++) at = places.get(at.parent);
  return at?.id ?? id;
}
