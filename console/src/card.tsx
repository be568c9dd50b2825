/** A thing at a glance: what matters of its kind is large and under the finger, the rest is on its own page. */
import { ActionIcon, Badge, Card, Group, Text } from "@mantine/core";
import { memo, useState } from "react";
import { Age } from "./age";
import type { Thing } from "./api";
import { Became, Control, offered, settable } from "./control";
import { Picture } from "./faces";
import { useThing } from "./hub";
import { type Model, type Property, titled, useModel, written } from "./models";
import { called, say, useLang } from "./words";

/** Per kind: what is large (the first that it tells), what is under the finger, and what else is told beside what the picture shows.
 * Kinds not named show their first values. */
const FACES: Record<string, { large?: string[]; hand?: string[]; also?: string[] }> = {
  light: { hand: ["on_off", "brightness", "color_temperature", "color"], also: [] },
  switch: { hand: ["on_off"] },
  plug: { large: ["power"], hand: ["on_off"], also: ["energy"] },
  lock: { large: ["locked"], hand: ["locked"], also: ["battery", "contact"] },
  cover: { large: ["position"], hand: ["position"] },
  window: { large: ["position", "contact"], hand: ["position"], also: ["contact"] },
  garage_door: { large: ["position"], hand: ["position"], also: ["contact"] },
  climate: { large: ["temperature"], hand: ["on_off", "target_temperature"], also: ["hvac_mode", "humidity"] },
  floor_heating: { large: ["temperature"], hand: ["on_off", "target_temperature"] },
  humidifier: { large: ["humidity"], hand: ["on_off", "target_humidity"], also: ["mode", "fan_speed"] },
  dehumidifier: { large: ["humidity"], hand: ["on_off", "target_humidity"], also: ["mode", "fan_speed"] },
  fan: { hand: ["on_off", "fan_speed"] },
  air_purifier: { large: ["pm25"], hand: ["on_off"], also: ["fan_speed"] },
  vacuum: { large: ["state"], hand: ["start_stop"], also: ["battery"] },
  mower: { large: ["state"], hand: ["start_stop"], also: ["battery"] },
  media: { hand: ["on_off", "volume"], also: ["playback", "source"] },
  speaker: { hand: ["on_off", "volume"], also: ["playback"] },
  tv: { hand: ["on_off", "volume"], also: ["source"] },
  kettle: { large: ["temperature"], hand: ["on_off"] },
  fridge: { large: ["temperature"], hand: ["target_temperature"], also: ["door"] },
  oven: { large: ["temperature"], hand: ["on_off"], also: ["target_temperature"] },
  washer: { large: ["state"], hand: ["start_stop"], also: ["timer"] },
  dryer: { large: ["state"], hand: ["start_stop"], also: ["timer"] },
  dishwasher: { large: ["state"], hand: ["start_stop"], also: ["timer"] },
  car: { large: ["battery"], hand: ["locked", "on_off"], also: ["range", "charging", "cabin_temperature"] },
  charger: { large: ["power", "state"], hand: ["charging"], also: ["state", "energy"] },
  battery_storage: { large: ["battery"], also: ["power", "state"] },
  inverter: { large: ["power"], also: ["energy", "state"] },
  meter: { large: ["power"], also: ["energy"] },
  press: { large: ["state", "running"], hand: ["start_stop"], also: ["running", "good_count", "scrap_count", "guard", "fault"] },
  machine: { large: ["state", "running"], hand: ["start_stop"], also: ["running", "good_count", "scrap_count", "fault"] },
  robot: { large: ["state", "running"], hand: ["start_stop"], also: ["running", "good_count", "fault"] },
  packager: { large: ["good_count"], hand: ["start_stop"], also: ["running", "scrap_count", "fault"] },
  conveyor: { large: ["speed", "running"], hand: ["start_stop"], also: ["running", "fault"] },
  compressor: { large: ["pressure"], hand: ["start_stop"], also: ["running", "temperature", "power", "fault"] },
  pump: { large: ["flow", "pressure", "running"], hand: ["on_off", "start_stop"], also: ["running", "pressure", "power", "fault"] },
  agv: { large: ["state", "running"], hand: ["start_stop"], also: ["battery", "order", "fault"] },
  tank: { large: ["level"] },
  andon: { large: ["andon"] },
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
  if (face) {
    const [large] = find(face.large);
    return { large, hand: find(face.hand).filter(settable), also: find(face.also).filter((one) => one !== large) };
  }
  const known: Property[] = Object.keys(thing.state).map((key) => model.properties.get(key) ?? { key, schema: { kind: "any" } });
  const large = known.find((one) => !settable(one)) ?? known[0]; // what it is before what it is to be
  return { large, hand: known.filter(settable).slice(0, 1), also: known.filter((one) => one !== large).slice(0, FEW - 1) };
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

/** What stands here of it is the last that is known. */
export const isAway = (thing: Thing): boolean => thing.availability !== "online" && thing.availability !== "sleeping";

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
  const away = isAway(thing);
  return (
    <Card component="article" className={away ? "thing away" : "thing"} padding="sm" radius="md" withBorder data-thing={id} aria-label={called(thing)} lang={lang}>
      <Group justify="space-between" wrap="nowrap" gap="xs">
        <Text component="a" href={`#/things/${encodeURIComponent(id)}`} fw={600} className="name">
          {called(thing)}
        </Text>
        <Dot thing={thing} />
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
      <Group mt="auto" gap="xs" justify="space-between">
        {away ? (
          <Text size="xs" c="dimmed" component="button" type="button" className="why" aria-expanded={why} data-stale onClick={() => setWhy(!why)}>
            ◷ <Heard thing={thing} />
          </Text>
        ) : (
          <Text size="xs" c="dimmed">
            <Heard thing={thing} />
          </Text>
        )}
        {thing.simulated ? (
          <Badge size="xs" variant="light" color="yellow">
            {say("simulated")}
          </Badge>
        ) : null}
      </Group>
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
        {property.schema.kind === "bool" && offered(thing, property) ? null : (
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
