/** A thing's page: what it is now, over time, what was asked of it, what was not understood, and who it is. */
import { Alert, Anchor, Badge, Button, Code, Group, Loader, SegmentedControl, Select, Stack, Table, Tabs, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { Age } from "../age";
import { all, ask, type Command, type Thing, token } from "../api";
import { Back, Dot } from "../card";
import { Call, Control, settable } from "../control";
import { useHub, useThing } from "../hub";
import { stateWord } from "../orders";
import { type Model, titled, useModel, written } from "../models";
import { called, language, say, useLang, when } from "../words";
import { way } from "./overview";

const Chart = lazy(() => import("../chart"));

const SPANS = { hour: 3600, day: 86_400, week: 604_800, month: 2_678_400, year: 31_622_400 } as const;
type Span = keyof typeof SPANS;
const STATES: Record<string, string> = { confirmed: "teal", queued: "yellow", sent: "yellow", acknowledged: "yellow" };

export function ThingPage({ id }: { id: string }) {
  useLang();
  const hub = useHub();
  const thing = useThing(id);
  const model = useModel(thing);
  if (!thing) return hub.ready ? <Alert color="yellow">{say("noMatch")}</Alert> : <Loader mx="auto" my="xl" />;
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
        {way(hub.places, thing.place).map(called).join(" › ")} · {thing.seen ? <Age at={thing.seen} as={(ago) => say("seen", ago)} /> : say("never")}
      </Text>
      {thing.availability === "offline" || thing.availability === "unknown" ? <Alert color="gray">{say("stale")}</Alert> : null}
      <Tabs defaultValue="now" keepMounted={false}>
        <Tabs.List>
          <Tabs.Tab value="now">{say("now")}</Tabs.Tab>
          <Tabs.Tab value="history">{say("overTime")}</Tabs.Tab>
          <Tabs.Tab value="commands">{say("commands")}</Tabs.Tab>
          <Tabs.Tab value="letters">
            {say("letters")}
            {thing.dead_letters ? ` (${thing.dead_letters})` : ""}
          </Tabs.Tab>
          <Tabs.Tab value="identity">{say("identity")}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="now" pt="md">
          <Now thing={thing} model={model} />
        </Tabs.Panel>
        <Tabs.Panel value="history" pt="md">
          <History thing={thing} model={model} />
        </Tabs.Panel>
        <Tabs.Panel value="commands" pt="md">
          <Commands id={id} />
        </Tabs.Panel>
        <Tabs.Panel value="letters" pt="md">
          <Letters id={id} />
        </Tabs.Panel>
        <Tabs.Panel value="identity" pt="md">
          <Identity thing={thing} model={model} />
        </Tabs.Panel>
      </Tabs>
    </Stack>
  );
}

function Now({ thing, model }: { thing: Thing; model: Model }) {
  const keys = [...new Set([...Object.keys(thing.state), ...[...model.properties.values()].filter(settable).map((property) => property.key)])];
  return (
    <Stack gap="xs">
      {keys.map((key) => {
        const property = model.properties.get(key) ?? { key, schema: { kind: "any" } };
        const value = thing.state[key];
        return (
          <div key={key} className="row">
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
      })}
      {model.actions.size ? (
        <Group mt="sm">
          {[...model.actions.values()].map((action) => (
            <Call key={action.key} thing={thing} action={action} />
          ))}
        </Group>
      ) : null}
    </Stack>
  );
}

async function saveCsv(id: string, property: string, from: string): Promise<void> {
  const answer = await fetch(`/api/v1/things/${encodeURIComponent(id)}/history?property=${encodeURIComponent(property)}&from=${from}`, {
    headers: { Authorization: `Bearer ${token.get() ?? ""}`, Accept: "text/csv" },
  });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = `${id}-${property}.csv`;
  link.click();
  URL.revokeObjectURL(link.href);
}

function History({ thing, model }: { thing: Thing; model: Model }) {
  const keys = Object.keys(thing.state);
  const [key, setKey] = useState(keys.find((one) => typeof thing.state[one]?.value === "number") ?? keys[0] ?? "");
  const [span, setSpan] = useState<Span>("day");
  const from = new Date(Math.floor(Date.now() / 60_000) * 60_000 - SPANS[span] * 1000).toISOString();
  const property = model.properties.get(key);
  if (!key) return <Text c="dimmed">{say("noHistory")}</Text>;
  return (
    <Stack>
      <Group>
        <Select aria-label={say("overTime")} value={key} data={keys.map((one) => ({ value: one, label: titled(model.properties.get(one) ?? { key: one }) }))} onChange={(picked) => picked && setKey(picked)} allowDeselect={false} />
        <SegmentedControl aria-label={say("overTime")} value={span} onChange={(picked) => setSpan(picked as Span)} data={(Object.keys(SPANS) as Span[]).map((one) => ({ value: one, label: say(one) }))} />
        <Button variant="default" size="xs" onClick={() => void saveCsv(thing.id, key, from)}>
          {say("csv")}
        </Button>
      </Group>
      <Suspense fallback={<Loader />}>
        <Chart thing={thing.id} property={property ?? { key, schema: { kind: "any" } }} from={from} />
      </Suspense>
    </Stack>
  );
}

function Commands({ id }: { id: string }) {
  const { data } = useQuery({ queryKey: ["commands", id], queryFn: () => ask<{ items: Command[] }>(`/things/${encodeURIComponent(id)}/commands`), refetchInterval: 3000 });
  if (!data) return <Loader />;
  if (!data.items.length) return <Text c="dimmed">{say("noCommands")}</Text>;
  return (
    <Table.ScrollContainer minWidth={500}>
      <Table>
        <Table.Tbody>
          {data.items.map((command) => (
            <Table.Tr key={command.id}>
              <Table.Td>{when(command.at)}</Table.Td>
              <Table.Td>
                <Code>{command.call ?? JSON.stringify(command.set)}</Code>
              </Table.Td>
              <Table.Td>
                <Badge color={STATES[command.state] ?? "red"} variant="light">
                  {stateWord(command.state)}
                </Badge>
                {command.why ? <Text size="xs">{command.why}</Text> : null}
              </Table.Td>
              <Table.Td>
                <Text size="xs" c="dimmed">
                  {say("by")} {command.by.id}
                  {command.because ? `: ${command.because}` : ""}
                </Text>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

interface Letter {
  at: string;
  topic: string | null;
  code: string;
  detail: string;
  excerpt: string;
}

function Letters({ id }: { id: string }) {
  const { data } = useQuery({ queryKey: ["letters", id], queryFn: () => all<Letter>(`/things/${encodeURIComponent(id)}/dead-letters`, 100).catch(() => [] as Letter[]) });
  if (!data) return <Loader />;
  if (!data.length) return <Text c="dimmed">{say("noLetters")}</Text>;
  return (
    <Stack>
      {data.map((letter, index) => (
        <div key={`${letter.at}-${index}`}>
          <Text>{letter.detail}</Text>
          <Text size="xs" c="dimmed">
            {[when(letter.at), letter.topic, letter.code].filter(Boolean).join(" · ")}
          </Text>
          <Code block>{letter.excerpt}</Code>
        </div>
      ))}
    </Stack>
  );
}

function Identity({ thing, model }: { thing: Thing; model: Model }) {
  const rows: [string, string][] = [
    [say("id"), thing.id],
    [say("model"), `${model.titles?.[language()] ?? thing.model} (${thing.model}, ${thing.model_version})`],
    [say("place"), thing.place],
  ];
  return (
    <Stack gap="xs">
      {rows.map(([key, value]) => (
        <div key={key} className="row">
          <Text size="sm" c="dimmed" className="key">
            {key}
          </Text>
          <Text className="value">{value}</Text>
        </div>
      ))}
      <Anchor href="/api/docs" size="sm">
        /api/v1/things/{thing.id}
      </Anchor>
    </Stack>
  );
}
