/** A place picked from all there are, each with the way to it. */
import { Select } from "@mantine/core";
import type { Place } from "../api";
import { useHub } from "../hub";
import { called, say } from "../words";

/** The names from the root place down to this one. */
export function wayTo(places: Map<string, Place>, id: string): string {
  const names: string[] = [];
  for (let at = places.get(id); at && names.length < 50; at = at.parent ? places.get(at.parent) : undefined) names.unshift(called(at));
  return names.join(" › ") || id;
}

interface Props {
  value: string | null;
  set: (place: string | null) => void;
  label?: string;
  empty?: string;
  within?: string;
}

export function PlaceSelect({ value, set, label, empty, within }: Props) {
  const hub = useHub();
  const data = [...hub.places.values()]
    .map((place) => ({ value: place.id, label: wayTo(hub.places, place.id), root: rootOf(hub.places, place.id) }))
    .filter((each) => !within || each.root === within)
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
