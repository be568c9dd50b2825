/** Blueprints: choose a scene with blanks, fill them in with real things, and it is a scene like any other. */
import { ActionIcon, Alert, Button, Card, Group, MultiSelect, NativeSelect, NumberInput, Stack, TagsInput, Text, TextInput, Title } from "@mantine/core";
import { useQueries, useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { all, ask, Refused, type Scene, type Thing } from "../api";
import { useHub } from "../hub";
import { fetched } from "../models";
import type { Json } from "../scene/draft";
import { firstPlace, idFrom } from "../scene/sentence";
import { rootOf } from "../scene/things";
import { tell } from "../scene/words";
import { Waiting } from "../trouble";
import { reason, Told } from "../refusals";
import { amiss } from "../scene/amiss";
import { called, language, say, useLang } from "../words";

interface Blank {
  type: "thing" | "things" | "place" | "number" | "time" | "days" | "people" | "text" | "choice";
  title: { en: string; zh?: string };
  kind?: string;
  trait?: string;
  unit?: string;
  min?: number;
  max?: number;
  default?: Json;
  choices?: Json[];
}

interface Blueprint {
  id: string;
  title: { en: string; zh?: string };
  description: { en: string; zh?: string };
  area: string;
  inputs: Record<string, Blank>;
}

const AREAS = ["all", "home", "energy", "security", "care", "car", "cold_chain", "line"] as const;
type Area = (typeof AREAS)[number];
const inLang = (text: { en: string; zh?: string }): string => (language() === "zh" ? (text.zh ?? text.en) : text.en);

export function Blueprints({ id }: { id?: string }) {
  useLang();
  const { data, error } = useQuery({ queryKey: ["blueprints"], queryFn: () => all<Blueprint>("/blueprints"), staleTime: Number.POSITIVE_INFINITY });
  const [area, setArea] = useState<Area>("all");
  if (!data) return <Waiting error={error} />;
  const chosen = data.find((one) => one.id === id);
  if (chosen) return <Form key={chosen.id} blueprint={chosen} />;
  return (
    <Stack>
      <Group gap="xs">
        <ActionIcon component="a" href="#/scenes" variant="subtle" aria-label={tell("leave")}>
          ←
        </ActionIcon>
        <Title order={1} size="h2">
          {tell("blueprints")}
        </Title>
      </Group>
      <Text c="dimmed">{tell("blueprintsHint")}</Text>
      <NativeSelect w={200} aria-label={tell("area")} value={area} data={AREAS.map((one) => ({ value: one, label: tell(one) }))} onChange={(event) => setArea(event.currentTarget.value as Area)} />
      <div className="cards">
        {data
          .filter((one) => area === "all" || one.area === area)
          .map((one) => (
            <Card key={one.id} component="a" href={`#/blueprints/${one.id}`} withBorder padding="sm" radius="md" data-blueprint={one.id}>
              <Text fw={600}>{inLang(one.title)}</Text>
              <Text size="sm" c="dimmed">
                {inLang(one.description)}
              </Text>
            </Card>
          ))}
      </div>
    </Stack>
  );
}

/** Things that a blank takes: those of its kind, or that have its trait. */
function useFitting(blank: Blank, place: string): Thing[] {
  const hub = useHub();
  const things = [...hub.things.values()];
  const kinds = new Map(things.map((thing) => [`${thing.model} ${thing.model_version}`, thing]));
  const found = useQueries({
    queries: [...kinds.values()].map((thing) => ({ queryKey: ["model", thing.model, thing.model_version], queryFn: () => fetched(thing.model, thing.model_version), staleTime: Number.POSITIVE_INFINITY, enabled: blank.type === "thing" || blank.type === "things" })),
  });
  const fits = new Set(
    found
      .map((one) => one.data)
      .filter((model) => model !== undefined)
      .filter((model) => (!blank.kind || model.kind === blank.kind || model.kind?.startsWith(`${blank.kind}.`)) && (!blank.trait || [...model.properties.values()].some((one) => one.trait === blank.trait)))
      .map((model) => model.id),
  );
  return things.filter((thing) => fits.has(thing.model) && rootOf(thing.place) === rootOf(place));
}

function Form({ blueprint }: { blueprint: Blueprint }) {
  const hub = useHub();
  const queries = useQueryClient();
  const [name, setName] = useState(inLang(blueprint.title));
  const [id, setId] = useState(blueprint.id);
  const [place, setPlace] = useState(firstPlace);
  const [inputs, setInputs] = useState<Record<string, Json>>(() => Object.fromEntries(Object.entries(blueprint.inputs).flatMap(([key, blank]) => (blank.default === undefined ? [] : [[key, blank.default]]))));
  const [wrong, setWrong] = useState<{ field?: string; text: string } | null>(null);
  const make = async (): Promise<void> => {
    setWrong(null);
    try {
      const saved = await ask<Scene>(`/blueprints/${blueprint.id}/scenes`, "POST", { id, place, name, inputs });
      await queries.invalidateQueries({ queryKey: ["scenes"] });
      location.hash = `#/scenes/${encodeURIComponent(saved.id)}`;
    } catch (error) {
      setWrong(error instanceof Refused ? { field: error.field, text: amiss({ severity: "error", path: "", reason: error.message, expected: error.expected, rule: error.rule ?? error.code }) } : { text: reason(error) });
    }
  };
  const at = (field: string) => (wrong && (wrong.field === field || wrong.field?.startsWith(`${field}.`)) ? <Told text={wrong.text} /> : undefined);
  const elsewhere = wrong && !["id", "place", "name", ...Object.keys(blueprint.inputs).map((key) => `inputs.${key}`)].some((field) => at(field));
  return (
    <Stack maw={640}>
      <Group gap="xs">
        <ActionIcon component="a" href="#/blueprints" variant="subtle" aria-label={say("back")}>
          ←
        </ActionIcon>
        <Title order={1} size="h2">
          {inLang(blueprint.title)}
        </Title>
      </Group>
      <Text>{inLang(blueprint.description)}</Text>
      <NativeSelect label={tell("place")} value={place} error={at("place")} data={[...hub.places.values()].map((one) => ({ value: one.id, label: called(one) }))} onChange={(event) => setPlace(event.currentTarget.value)} />
      {Object.entries(blueprint.inputs).map(([key, blank]) => (
        <Fill key={key} blank={blank} place={place} value={inputs[key]} error={at(`inputs.${key}`)}
          set={(value) => setInputs((now) => (value === undefined || value === "" ? Object.fromEntries(Object.entries(now).filter(([one]) => one !== key)) : { ...now, [key]: value }))} />
      ))}
      <TextInput label={tell("name")} value={name} error={at("name")} onChange={(event) => {
        setName(event.currentTarget.value);
        if (/[a-z0-9]/i.test(event.currentTarget.value)) setId(idFrom(event.currentTarget.value));
      }} />
      <TextInput label={tell("id")} value={id} error={at("id")} onChange={(event) => setId(event.currentTarget.value)} />
      {elsewhere ? (
        <Alert color="red" role="alert">
          {wrong.field ? `${wrong.field}: ` : ""}
          <Told text={wrong.text} />
        </Alert>
      ) : null}
      <Group>
        <Button onClick={() => void make()}>{tell("make")}</Button>
      </Group>
    </Stack>
  );
}

function Fill({ blank, place, value, error, set }: { blank: Blank; place: string; value: Json | undefined; error?: ReactNode; set: (value: Json | undefined) => void }) {
  const hub = useHub();
  const things = useFitting(blank, place);
  const label = inLang(blank.title);
  const data = things.map((thing) => ({ value: thing.id, label: called(thing) }));
  const one = { label, error };
  const text = value === undefined || value === null ? "" : typeof value === "object" ? JSON.stringify(value) : String(value);
  switch (blank.type) {
    case "thing":
      return <NativeSelect {...one} value={text} data={[{ value: "", label: "…" }, ...data]} onChange={(event) => set(event.currentTarget.value)} />;
    case "things":
      return <MultiSelect {...one} searchable value={Array.isArray(value) ? value.map(String) : []} data={data} onChange={set} />;
    case "place":
      return <NativeSelect {...one} value={text} data={[{ value: "", label: "…" }, ...[...hub.places.values()].map((place) => ({ value: place.id, label: called(place) }))]} onChange={(event) => set(event.currentTarget.value)} />;
    case "number":
      return typeof value === "string" ? <TextInput {...one} value={text} onChange={(event) => set(event.currentTarget.value)} /> : <NumberInput {...one} min={blank.min} max={blank.max} suffix={blank.unit ? ` ${blank.unit}` : undefined} value={typeof value === "number" ? value : ""} onChange={(next) => set(typeof next === "number" ? next : undefined)} />;
    case "people":
      return <TagsInput {...one} value={Array.isArray(value) ? value.map(String) : []} onChange={set} />;
    case "choice":
      return <NativeSelect {...one} value={text} data={[{ value: "", label: "…" }, ...(blank.choices ?? []).map((choice) => ({ value: String(choice), label: String(choice) }))]} onChange={(event) => set((blank.choices ?? []).find((choice) => String(choice) === event.currentTarget.value))} />;
    default:
      return <TextInput {...one} value={text} onChange={(event) => set(event.currentTarget.value)} />;
  }
}
