/** The blanks of a sentence: each a picker of what there really is. */
import { ActionIcon, Button, Group, MultiSelect, NativeSelect, NumberInput, Switch, TagsInput, Text, Textarea, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { all, ask, type Scene } from "../api";
import { hub, useHub } from "../hub";
import { type Property, titled, written } from "../models";
import { called, language } from "../words";
import type { Json } from "./draft";
import { CHOICES } from "./kinds";
import { type Meaning, rootOf, type Said, valueNow } from "./things";
import { tell } from "./words";

export interface FieldProps {
  label: string;
  value: Json | undefined;
  wrong: boolean;
  set: (value: Json | undefined) => void;
}

const size = "xs" as const;

export const choiceWord = (value: string): string => CHOICES[value]?.[language()] ?? value;

export function Choice({ label, value, wrong, set, of }: FieldProps & { of: readonly { value: string; label: string }[] }) {
  const now = value === undefined || value === null ? "" : String(value);
  const data = of.some((one) => one.value === now) ? [...of] : [{ value: now, label: now || "…" }, ...of];
  return <NativeSelect className="blank" size={size} aria-label={label} error={wrong} value={now} data={data} onChange={(event) => set(event.currentTarget.value)} />;
}

export function Words({ label, value, wrong, set, wide }: FieldProps & { wide?: boolean }) {
  const text = value === undefined || value === null ? "" : typeof value === "string" ? value : JSON.stringify(value);
  return wide ? (
    <Textarea className="blank wide" size={size} autosize minRows={1} aria-label={label} error={wrong} value={text} onChange={(event) => set(event.currentTarget.value)} />
  ) : (
    <TextInput className="blank" size={size} aria-label={label} error={wrong} value={text} onChange={(event) => set(event.currentTarget.value)} />
  );
}

/** What is cleared is nothing, and no 0: the hub says that something is missing there. */
export function Num({ label, value, wrong, set, min, max, unit }: FieldProps & { min?: number; max?: number; unit?: string }) {
  return (
    <NumberInput className="blank short" size={size} aria-label={label} error={wrong} min={min} max={max} suffix={unit ? ` ${unit}` : undefined} value={typeof value === "number" ? value : ""} hideControls
      onChange={(now) => (typeof now === "number" ? set(now) : now === "" ? set(null) : undefined)} />
  );
}

const UNITS = { seconds: 1, minutes: 60, hours: 3600, days: 86_400 } as const;
type Unit = keyof typeof UNITS;

export function Seconds({ label, value, wrong, set }: FieldProps) {
  const whole = typeof value === "number" ? value : 0;
  const fits = (Object.keys(UNITS) as Unit[]).reverse().find((unit) => whole > 0 && whole % UNITS[unit] === 0) ?? "seconds";
  const [unit, setUnit] = useState<Unit>(fits);
  return (
    <Group gap={2} wrap="nowrap" display="inline-flex">
      <Num label={label} wrong={wrong} min={0} value={value === null ? null : whole / UNITS[unit]} set={(now) => set(typeof now === "number" ? now * UNITS[unit] : null)} />
      <NativeSelect className="blank" size={size} aria-label={`${label}: ${tell("unit")}`} value={unit} data={(Object.keys(UNITS) as Unit[]).map((one) => ({ value: one, label: tell(one) }))}
        onChange={(event) => {
          const next = event.currentTarget.value as Unit;
          set((whole / UNITS[unit]) * UNITS[next]);
          setUnit(next);
        }} />
    </Group>
  );
}

export function PlaceField(props: FieldProps) {
  useHub();
  return <Choice {...props} of={[...hub.places.values()].map((place) => ({ value: place.id, label: called(place) }))} />;
}

export function SceneField(props: FieldProps) {
  const { data } = useQuery({ queryKey: ["scenes"], queryFn: () => all<Scene>("/scenes") });
  return <Choice {...props} of={(data ?? []).map((scene) => ({ value: scene.id, label: called(scene) }))} />;
}

export function PeopleField({ label, value, wrong, set }: FieldProps) {
  const { data } = useQuery({ queryKey: ["people"], queryFn: async () => (await ask<{ items: { id: string }[] }>("/users").catch(() => ({ items: [] }))).items });
  const now = Array.isArray(value) ? value.map(String) : [];
  return (
    <TagsInput className="blank" size={size} aria-label={label} error={wrong} value={now} data={(data ?? []).map((person) => person.id)} placeholder={now.length ? undefined : tell("everybody")}
      onChange={(next) => set(next.length ? next : undefined)} />
  );
}

/** Things by name; or all of a kind in a place. */
export function Things({ label, said, wrong, set, root }: { root: string; label: string; said: Said; wrong: boolean; set: (key: "things" | "place" | "kind", value: Json | undefined) => void }) {
  useHub();
  const named = Array.isArray(said.things) ? said.things.map(String) : [];
  const data = [...new Map([...named.map((id) => [id, id] as const), ...[...hub.things.values()].filter((thing) => !root || rootOf(thing.place) === root).map((thing) => [thing.id, called(thing)] as const)])].map(([value, name]) => ({ value, label: name }));
  const wide = said.place !== undefined || said.kind !== undefined;
  return (
    <span className="blanks">
      {!wide || named.length ? (
        <MultiSelect className="blank" size={size} searchable hidePickedOptions aria-label={label} error={wrong} value={named} data={data} placeholder={named.length ? undefined : tell("pickThings")} maxDropdownHeight={260}
          onChange={(next) => set("things", next.length || !wide ? next : undefined)} />
      ) : null}
      {wide ? (
        <>
          <TextInput className="blank short" size={size} aria-label={`${label}: ${tell("kind")}`} value={typeof said.kind === "string" ? said.kind : ""} placeholder={tell("kind")} onChange={(event) => set("kind", event.currentTarget.value || undefined)} />
          <span> {tell("allOf")} </span>
          <PlaceField label={`${label}: ${tell("place")}`} value={said.place} wrong={false} set={(place) => set("place", place)} />
        </>
      ) : null}
    </span>
  );
}

/** A value of a property: what it can be, and what it is now. */
export function ValueField({ label, value, wrong, set, property, now }: FieldProps & { property?: Property; now?: unknown }) {
  const choices = property?.schema.choices ?? [];
  const kind = property?.schema.kind;
  const several = Array.isArray(value);
  let input = <Words label={label} value={value} wrong={wrong} set={(text) => set(loose(String(text)))} />;
  if (several) input = <TagsInput className="blank" size={size} aria-label={label} error={wrong} value={value.map(String)} onChange={(next) => set(next.map(loose))} />;
  else if (kind === "bool") input = <Choice label={label} wrong={wrong} value={value} set={(text) => set(text === "true")} of={["true", "false"].map((one) => ({ value: one, label: written(one === "true", property) }))} />;
  else if (choices.length)
    input = <Choice label={label} wrong={wrong} value={value} of={choices.map((one) => ({ value: String(one.value), label: written(one.value, property) }))} set={(text) => set((choices.find((one) => String(one.value) === text)?.value ?? text) as Json)} />;
  else if ((kind === "float" || kind === "int") && typeof value !== "string") input = <Num label={label} wrong={wrong} value={value} set={set} unit={property?.unit === "Cel" ? "°C" : property?.unit} />;
  return (
    <>
      {input}
      {now === undefined ? null : (
        <Text span size="xs" c="dimmed" className="now">
          {tell("now", written(now, property))}
        </Text>
      )}
    </>
  );
}

function loose(text: string): Json {
  if (text === "true" || text === "false") return text === "true";
  return text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
}

export function PropertyField({ meaning, ...props }: FieldProps & { meaning: Meaning }) {
  const of = [...meaning.properties].map(([name, property]) => ({ value: name, label: titled(property) }));
  return <Choice {...props} of={of} />;
}

const TESTS = ["is", "is_not", "above", "below"] as const;
type Test = (typeof TESTS)[number];

/** What a value must be. Without one: that it changes at all, where that is a reason. */
export function TestField({ label, said, wrong, put, meaning, free, only }: { label: string; said: Said; wrong: boolean; put: (changes: Said, gone: string[]) => void; meaning: Meaning; free: boolean; only?: readonly Test[] }) {
  const tests = only ?? TESTS;
  const mine = tests.filter((one) => one in said);
  const name = String(said.property ?? "");
  const property = meaning.properties.get(name);
  const now = valueNow(meaning, name);
  const first = (test: Test): Json => (test === "above" || test === "below" ? (typeof now === "number" ? Math.round(now) : 0) : now !== undefined && typeof now !== "object" ? (now as Json) : property?.schema.kind === "bool" ? true : "");
  const data = [...(free ? [{ value: "", label: tell("changes") }] : []), ...tests.map((one) => ({ value: one, label: tell(one) }))];
  const second = mine.length === 1 && (mine[0] === "above" || mine[0] === "below") ? (mine[0] === "above" ? "below" : "above") : undefined;
  return (
    <span className="blanks">
      {(mine.length ? mine : [""]).map((test, index) => (
        <span key={test} className="blanks">
          <NativeSelect className="blank" size={size} aria-label={`${label} ${index + 1}`} value={test} data={data} error={wrong}
            onChange={(event) => {
              const next = event.currentTarget.value as Test | "";
              put(next ? { [next]: first(next) } : {}, test && test !== next ? [test] : []);
            }} />
          {test ? <ValueField label={`${label} ${index + 1}: ${tell("value")}`} value={said[test]} wrong={wrong} property={only ? undefined : property} now={index || only ? undefined : now} set={(value) => put({ [test]: value === undefined ? "" : value }, [])} /> : null}
        </span>
      ))}
      {second ? (
        <Button size="compact-xs" variant="subtle" onClick={() => put({ [second]: first(second) }, [])}>
          + {tell(second)}
        </Button>
      ) : null}
      {mine.length > 1 ? (
        <ActionIcon size="xs" variant="subtle" aria-label={`${tell("takeOut")}: ${tell(mine[1]!)}`} onClick={() => put({}, [mine[1]!])}>
          ×
        </ActionIcon>
      ) : null}
    </span>
  );
}

/** What things are set to: values by property. */
export function StateField({ label, value, wrong, set, meaning }: FieldProps & { meaning: Meaning }) {
  const state = (typeof value === "object" && value !== null && !Array.isArray(value) ? value : {}) as Said;
  const names = [...meaning.properties].filter(([, property]) => property.access?.includes("write")).map(([name]) => name);
  const rest = names.filter((name) => !(name in state));
  const how = (one: Json | undefined): "to" | "by" | "toggle" | "computed" => {
    if (typeof one !== "object" || one === null || Array.isArray(one)) return "to";
    return "add" in one ? "by" : "toggle" in one ? "toggle" : "computed";
  };
  const fresh = (name: string, way: string): Json => {
    const property = meaning.properties.get(name);
    if (way === "by") return { add: 10 };
    if (way === "toggle") return { toggle: true };
    if (way === "computed") return { cel: { expression: "", given: {} } };
    const now = valueNow(meaning, name);
    if (property?.schema.kind === "bool") return true;
    return (now !== undefined && typeof now !== "object" ? now : (property?.schema.choices?.[0]?.value ?? property?.schema.min ?? 0)) as Json;
  };
  return (
    <span className="blanks">
      {Object.entries(state).map(([name, one]) => {
        const property = meaning.properties.get(name);
        const way = how(one);
        const ways = ["to", ...(property?.schema.kind === "bool" ? ["toggle"] : ["by"]), "computed"] as ("to" | "by" | "toggle" | "computed")[];
        return (
          <span key={name} className="blanks part">
            <span>{property ? titled(property) : name}</span>
            <NativeSelect className="blank" size={size} aria-label={`${label}: ${name}, ${tell("how")}`} value={way} data={[...new Set([...ways, way])].map((each) => ({ value: each, label: tell(each) }))} onChange={(event) => set({ ...state, [name]: fresh(name, event.currentTarget.value) })} />
            {way === "to" ? <ValueField label={`${label}: ${name}`} wrong={wrong} value={one} property={property} now={valueNow(meaning, name)} set={(next) => set({ ...state, [name]: next === undefined ? "" : next })} /> : null}
            {way === "by" ? <Num label={`${label}: ${name}`} wrong={wrong} value={(one as Said).add} set={(next) => set({ ...state, [name]: { add: next === undefined ? 0 : next } })} /> : null}
            {way === "computed" ? <JsonField label={`${label}: ${name}`} wrong={wrong} value={one} set={(next) => set({ ...state, [name]: next ?? {} })} /> : null}
            <ActionIcon size="xs" variant="subtle" aria-label={`${tell("takeOut")}: ${name}`} onClick={() => set(Object.fromEntries(Object.entries(state).filter(([key]) => key !== name)))}>
              ×
            </ActionIcon>
          </span>
        );
      })}
      {rest.length ? (
        <NativeSelect className="blank" size={size} aria-label={`${label}: ${tell("addValue")}`} value="" error={wrong} data={[{ value: "", label: `+ ${tell("addValue")}` }, ...rest.map((name) => ({ value: name, label: titled(meaning.properties.get(name)!) }))]}
          onChange={(event) => event.currentTarget.value && set({ ...state, [event.currentTarget.value]: fresh(event.currentTarget.value, "to") })} />
      ) : null}
    </span>
  );
}

/** What no picker knows, as JSON. */
export function JsonField({ label, value, wrong, set }: FieldProps) {
  const given = JSON.stringify(value ?? null);
  const [text, setText] = useState(given);
  const [bad, setBad] = useState(false);
  useEffect(() => {
    setText((now) => {
      try {
        return JSON.stringify(JSON.parse(now)) === given ? now : given;
      } catch {
        return now;
      }
    });
  }, [given]);
  return (
    <Textarea className="blank wide code" size={size} autosize minRows={1} aria-label={`${label} (${tell("json")})`} error={bad ? tell("badJson") : wrong} value={text}
      onChange={(event) => {
        const next = event.currentTarget.value;
        setText(next);
        try {
          set(JSON.parse(next) as Json);
          setBad(false);
        } catch {
          setBad(true);
        }
      }} />
  );
}

export function Flag({ label, value, set }: FieldProps) {
  return <Switch className="blank" size={size} label={label} checked={value === true} onChange={(event) => set(event.currentTarget.checked ? true : undefined)} />;
}

const SUN = ["dawn", "sunrise", "noon", "sunset", "dusk"] as const;
const SUNS = { en: ["dawn", "sunrise", "noon", "sunset", "dusk"], zh: ["黎明", "日出", "正午", "日落", "黄昏"] } as const;
const DAYS = { day: { en: "every day", zh: "每天" }, weekday: { en: "on weekdays", zh: "工作日" }, weekend: { en: "at weekends", zh: "周末" } } as const;
const WAYS = { at: { en: "at", zh: "在" }, sun: { en: "at the sun's", zh: "太阳" }, every_s: { en: "every", zh: "每隔" }, cron: { en: "by cron", zh: "cron" } } as const;

/** A moment: a time of day, one of the sun, an interval, cron, or a date. */
export function MomentField({ label, said, wrong, put }: { label: string; said: Said; wrong: boolean; put: (changes: Said, gone: string[]) => void }) {
  const at = typeof said.at === "string" ? said.at : "";
  const way = "every_s" in said ? "every_s" : "cron" in said ? "cron" : (SUN as readonly string[]).includes(at) ? "sun" : "at";
  const lang = language();
  const begin: Record<keyof typeof WAYS, Said> = { at: { at: "07:00" }, sun: { at: "sunset" }, every_s: { every_s: 900 }, cron: { cron: "0 8 * * *" } };
  const every = String(said.every ?? "day");
  const days = Object.entries(DAYS).map(([value, word]) => ({ value, label: word[lang] }));
  return (
    <span className="blanks">
      <NativeSelect className="blank" size={size} aria-label={label} value={way} data={Object.entries(WAYS).map(([value, word]) => ({ value, label: word[lang] }))}
        onChange={(event) => put(begin[event.currentTarget.value as keyof typeof WAYS], ["at", "every_s", "cron", "offset_s", "every"])} />
      {way === "at" ? <TextInput className="blank short" size={size} aria-label={`${label}: ${tell("at")}`} error={wrong} value={at} onChange={(event) => put({ at: event.currentTarget.value }, [])} /> : null}
      {way === "sun" ? <Choice label={`${label}: ${tell("at")}`} wrong={wrong} value={at} of={SUN.map((value, index) => ({ value, label: SUNS[lang][index] ?? value }))} set={(value) => put({ at: value ?? "" }, [])} /> : null}
      {way === "sun" ? <Num label={`${label}: ${tell("offset")}`} wrong={wrong} unit={tell("minutes")} value={said.offset_s === null ? null : Number(said.offset_s ?? 0) / 60} set={(value) => put({ offset_s: typeof value === "number" ? value * 60 : null }, [])} /> : null}
      {way === "every_s" ? <Seconds label={label} wrong={wrong} value={said.every_s} set={(value) => put({ every_s: value === undefined ? 0 : value }, [])} /> : null}
      {way === "cron" ? <Words label={`${label}: cron`} wrong={wrong} value={said.cron} set={(value) => put({ cron: value ?? "" }, [])} /> : null}
      {(way === "at" && !at.includes("-")) || way === "sun" ? <Choice label={`${label}: ${tell("days")}`} wrong={wrong} value={every} of={days} set={(value) => put({ every: value ?? "day" }, [])} /> : null}
    </span>
  );
}

export function TravelField({ label, said, wrong, put }: { label: string; said: Said; wrong: boolean; put: (changes: Said, gone: string[]) => void }) {
  const way = "leaves" in said ? "leaves" : "arrives";
  const other = way === "arrives" ? "leaves" : "arrives";
  return (
    <span className="blanks">
      <Choice label={label} wrong={wrong} value={way} of={(["arrives", "leaves"] as const).map((one) => ({ value: one, label: tell(one) }))} set={(next) => next !== way && put({ [other]: said[way] ?? "" }, [way])} />
      <PlaceField label={`${label}: ${tell("place")}`} wrong={wrong} value={said[way]} set={(place) => put({ [way]: place ?? "" }, [])} />
    </span>
  );
}
