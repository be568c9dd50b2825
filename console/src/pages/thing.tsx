/** A thing's page: what it is now, over time, what was asked of it, what was not understood, and who it is. */
import { Alert, Badge, Group, Loader, Stack, Tabs, Text, Title } from "@mantine/core";
import { lazy, Suspense, useEffect, useState } from "react";
import { Age } from "../age";
import type { Thing } from "../api";
import { Back, Dot, Heard } from "../card";
import { Call, Control, settable } from "../control";
import { useHub, useThing } from "../hub";
import { type Model, type Property, titled, useModel, written } from "../models";
import { may } from "../rights";
import { Waiting } from "../trouble";
import { Unheard } from "../unheard";
import { called, say, useLang } from "../words";
import { way } from "./overview";

const panels = () => import("../thing/panels");
const History = lazy(async () => ({ default: (await import("../thing/history")).History }));
const Commands = lazy(async () => ({ default: (await panels()).Commands }));
const Messages = lazy(async () => ({ default: (await panels()).Messages }));
const Letters = lazy(async () => ({ default: (await panels()).Letters }));
const Access = lazy(async () => ({ default: (await panels()).Access }));
const ModelPanel = lazy(async () => ({ default: (await panels()).ModelPanel }));

export function ThingPage({ id }: { id: string }) {
  useLang();
  const hub = useHub();
  const thing = useThing(id);
  const model = useModel(thing);
  // of very many only some are kept here
  const missing = hub.ready && !thing;
  const [none, setNone] = useState(false);
  useEffect(() => {
    if (missing) void hub.learn(id).then((there) => setNone(!there));
  }, [id, missing, hub]);
  if (!thing)
    return none ? (
      <Stack>
        <Group gap="xs">
          <Back />
          <Title order={1} size="h2">
            {id}
          </Title>
        </Group>
        <Alert color="yellow">{say("noThing", id)}</Alert>
      </Stack>
    ) : (
      <Waiting />
    );
  return (
    <Stack>
      <Group gap="xs">
        <Back />
        <Title order={1} size="h2">
          {called(thing)}
        </Title>
        <Dot thing={thing} />
        {thing.simulated ? (
          <Badge variant="light" color="yellow">
            {say("simulated")}
          </Badge>
        ) : null}
      </Group>
      <Text c="dimmed" size="sm">
        {way(hub.places, thing.place).map(called).join(" › ")} · <Heard thing={thing} />
      </Text>
      {thing.availability === "offline" || thing.availability === "unknown" ? <Alert color="gray">{say("stale")}</Alert> : null}
      <Tabs defaultValue="now" keepMounted={false}>
        <Tabs.List>
          <Tabs.Tab value="now">{say("now")}</Tabs.Tab>
          <Tabs.Tab value="history">{say("overTime")}</Tabs.Tab>
          <Tabs.Tab value="commands">{say("commands")}</Tabs.Tab>
          {may("configure", thing.place) ? <Tabs.Tab value="messages">{say("messages")}</Tabs.Tab> : null}
          <Tabs.Tab value="letters">
            {say("letters")}
            {thing.dead_letters ? ` (${thing.dead_letters})` : ""}
          </Tabs.Tab>
          {may("administer", thing.place) ? <Tabs.Tab value="identity">{say("identity")}</Tabs.Tab> : null}
          <Tabs.Tab value="model">{say("model")}</Tabs.Tab>
        </Tabs.List>
        <Suspense fallback={<Loader />}>
          <Tabs.Panel value="now" pt="md">
            <Now thing={thing} model={model} />
          </Tabs.Panel>
          <Tabs.Panel value="history" pt="md">
            <History thing={thing} model={model} />
          </Tabs.Panel>
          <Tabs.Panel value="commands" pt="md">
            <Commands id={id} model={model} />
          </Tabs.Panel>
          <Tabs.Panel value="messages" pt="md">
            <Messages id={id} />
          </Tabs.Panel>
          <Tabs.Panel value="letters" pt="md">
            <Letters id={id} />
          </Tabs.Panel>
          <Tabs.Panel value="identity" pt="md">
            <Access thing={thing} />
          </Tabs.Panel>
          <Tabs.Panel value="model" pt="md">
            <ModelPanel thing={thing} model={model} />
          </Tabs.Panel>
        </Suspense>
      </Tabs>
    </Stack>
  );
}

function Now({ thing, model }: { thing: Thing; model: Model }) {
  const silent = [...model.properties.values()].filter((property) => settable(property) && !(property.key in thing.state)).map((property) => property.key);
  const told = Object.keys(thing.state);
  const rows = (keys: string[]) => keys.map((key) => <Row key={key} thing={thing} property={model.properties.get(key) ?? { key, schema: { kind: "any" } }} />);
  return (
    <Stack gap="xs">
      {told.length || !thing.online ? null : <Unheard id={thing.id} />}
      {rows(told.length ? told : silent)}
      {model.actions.size ? (
        <Group mt="sm">
          {[...model.actions.values()].map((action) => (
            <Call key={action.key} thing={thing} action={action} />
          ))}
        </Group>
      ) : null}
      {told.length && silent.length ? (
        <details className="silent">
          <summary>{say("silent", silent.length)}</summary>
          <Stack gap="xs" mt="xs">
            {rows(silent)}
          </Stack>
        </details>
      ) : null}
    </Stack>
  );
}

function Row({ thing, property }: { thing: Thing; property: Property }) {
  const value = thing.state[property.key];
  return (
    <div className="row">
      <Text size="sm" c="dimmed" className="key">
        {titled(property)}
      </Text>
      <Text fw={600} className="value">
        {value ? written(value.value, property) : "–"}
      </Text>
      <div className="hand">{settable(property) ? <Control thing={thing} property={property} /> : null}</div>
      <Text size="xs" c="dimmed" className="age">
        {value ? <Age at={value.at} /> : ""}
      </Text>
    </div>
  );
}
