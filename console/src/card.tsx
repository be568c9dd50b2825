/** A thing at a glance: what matters of its kind is large and under the finger, the rest is on its own page. */
import { ActionIcon, Badge, Card, Group, Text } from "@mantine/core";
import { memo, useState } from "react";
import { Age } from "./age";
import type { Thing } from "./api";
import { allowed, Became, Control, settable } from "./control";
import { Picture } from "./faces";
import { useThing } from "./hub";
import { type Model, type Property, titled, useModel, written } from "./models";
import { called, say, useLang } from "./words";

/** Per kind: what is large, what is under the finger, and what else is told. Kinds not named show their first values. */
const FACES: Record<string, { large?: string; hand?: string[]; also?: string[] }> = {
  light: { hand: ["on_off", "brightness", "color_temperature", "color"], also: [] },
  switch: { hand: ["on_off"] },
  plug: { large: "power", hand: ["on_off"], also: ["energy"] },
  lock: { large: "locked", hand: ["locked"], also: ["battery", "contact"] },
  cover: { large: "position", hand: ["position"] },
  garage_door: { large: "position", hand: ["position"], also: ["contact"] },
  climate: { large: "temperature", hand: ["on_off", "target_temperature"], also: ["hvac_mode", "humidity"] },
  floor_heating: { large: "temperature", hand: ["on_off", "target_temperature"] },
  fan: { hand: ["on_off", "fan_speed"] },
  air_purifier: { large: "pm25", hand: ["on_off"], also: ["fan_speed"] },
  vacuum: { large: "state", hand: ["start_stop"], also: ["battery"] },
  media: { hand: ["on_off", "volume"], also: ["playback", "source"] },
  speaker: { hand: ["on_off", "volume"], also: ["playback"] },
  tv: { hand: ["on_off", "volume"], also: ["source"] },
  kettle: { large: "temperature", hand: ["on_off"] },
  oven: { large: "temperature", hand: ["on_off"], also: ["target_temperature"] },
  washer: { large: "state", hand: ["start_stop"], also: ["timer"] },
  car: { large: "battery", hand: ["locked", "on_off"], also: ["range", "charging", "cabin_temperature"] },
  meter: { large: "power", also: ["energy"] },
  press: { large: "state", hand: ["start_stop"], also: ["running", "good_count", "scrap_count", "cycle_time", "guard", "oee"] },
  machine: { large: "state", hand: ["start_stop"], also: ["running", "rate", "good_count", "scrap_count", "oee", "fault"] },
  packager: { large: "good_count", hand: ["start_stop"], also: ["running", "scrap_count", "cycle_time", "fault"] },
  conveyor: { large: "speed", hand: ["start_stop"], also: ["running", "fault"] },
  compressor: { large: "pressure", hand: ["start_stop"], also: ["running", "temperature", "power", "fault"] },
  tank: { large: "level" },
  andon: { large: "andon" },
};
const FEW = 4;

interface Face {
  large?: Property;
  hand: Property[];
  also: Property[];
}

/** By trait, whatever its maker calls it. */
function faceOf(thing: Thing, model: Model): Face {
  const byTrait = new Map<string, Property>();
  for (const property of model.properties.values()) if (property.trait && !byTrait.has(property.trait) && property.key in thing.state) byTrait.set(property.trait, property);
  const find = (traits: string[] = []): Property[] => traits.map((trait) => byTrait.get(trait)).filter((found) => found !== undefined);
  const face = FACES[model.kind ?? ""];
  if (face) return { large: face.large ? byTrait.get(face.large) : undefined, hand: find(face.hand).filter(settable), also: find(face.also) };
  const known = Object.keys(thing.state)
    .map((key) => model.properties.get(key) ?? { key, schema: { kind: "any" } })
    .slice(0, FEW);
  return { large: known[0], hand: known.filter(settable).slice(0, 1), also: known.slice(1) };
}

/** "scrap count: 52", but "Running" and not "running: Running". */
const told = (property: Property, text: string): string => (text.toLowerCase().includes(titled(property).toLowerCase()) ? text : `${titled(property)}: ${text}`);

const DOTS: Record<string, string> = { online: "teal", sleeping: "yellow", offline: "gray", unknown: "gray" };

export const Dot = ({ thing }: { thing: Thing }) => {
  const word = say(thing.availability === "online" || thing.availability === "sleeping" || thing.availability === "offline" ? thing.availability : "unknown");
  return (
    <Badge size="xs" variant="dot" color={DOTS[thing.availability] ?? "gray"} title={word} role="img" aria-label={word} className="dot">
      {thing.availability === "online" ? "" : word}
    </Badge>
  );
};

/** When it last told something. One that is there and has not yet is not one that nobody has heard of. */
export const Heard = ({ thing }: { thing: Thing }) =>
  thing.seen ? <Age at={thing.seen} as={(ago) => say("seen", ago)} /> : <>{say(thing.availability === "online" || thing.availability === "sleeping" ? "untold" : "never")}</>;

export const ThingCard = memo(function ThingCard({ id }: { id: string }) {
  const lang = useLang();
  const thing = useThing(id);
  const model = useModel(thing);
  const [why, setWhy] = useState(false);
  if (!thing) return null;
  const face = faceOf(thing, model);
  const away = thing.availability !== "online" && thing.availability !== "sleeping";
  return (
    <Card component="article" className={away ? "thing away" : "thing"} padding="sm" radius="md" withBorder data-thing={id} aria-label={called(thing)} lang={lang}>
      <Group justify="space-between" wrap="nowrap" gap="xs">
        <Text component="a" href={`#/things/${encodeURIComponent(id)}`} fw={600} className="name">
          {called(thing)}
        </Text>
        <Group gap={4} wrap="nowrap" style={{ flexShrink: 0 }}>
          {thing.simulated ? (
            <Badge size="xs" variant="light" color="yellow">
              {say("simulated")}
            </Badge>
          ) : null}
          <Dot thing={thing} />
        </Group>
      </Group>
      {face.large ? <Large thing={thing} property={face.large} /> : null}
      <Picture thing={thing} model={model} />
      {face.hand.map((property) => (
        <Hand key={property.key} thing={thing} property={property} />
      ))}
      {face.also.length ? (
        <Text size="xs" c="dimmed" className="also">
          {face.also.map((property) => told(property, written(thing.state[property.key]?.value, property))).join(" · ")}
        </Text>
      ) : null}
      {Object.keys(thing.state).length === 0 ? (
        <Text size="sm" c="dimmed">
          {say("noValue")}
        </Text>
      ) : null}
      {away ? (
        <Text size="xs" c="dimmed" mt="auto" component="button" type="button" className="why" aria-expanded={why} data-stale onClick={() => setWhy(!why)}>
          ◷ <Heard thing={thing} />
        </Text>
      ) : (
        <Text size="xs" c="dimmed" mt="auto">
          <Heard thing={thing} />
        </Text>
      )}
      {away && why ? (
        <Text size="xs" role="note">
          {say("whyStale")}
        </Text>
      ) : null}
    </Card>
  );
});

function Large({ thing, property }: { thing: Thing; property: Property }) {
  const wanted = thing.desired[property.key];
  const value = thing.state[property.key]?.value;
  return (
    <Text fz={26} lh={1.2} fw={600} className="large" title={wanted && wanted.value !== value ? say("wanted", written(wanted.value, property)) : titled(property)}>
      {written(value, property)}
    </Text>
  );
}

function Hand({ thing, property }: { thing: Thing; property: Property }) {
  return (
    <div>
      <Group gap="xs" wrap="nowrap" justify="space-between" className="hand">
        <Text size="sm" c="dimmed">
          {titled(property)}
        </Text>
        {property.schema.kind === "bool" && allowed(thing, property) ? null : (
          <Text size="sm" fw={600} className="reported">
            {written(thing.state[property.key]?.value, property)}
          </Text>
        )}
        <Control thing={thing} property={property} bare />
      </Group>
      <Became thing={thing.id} what={property.key} />
    </div>
  );
}

export const Back = () => (
  <ActionIcon variant="subtle" aria-label={say("back")} onClick={() => history.back()}>
    ←
  </ActionIcon>
);
