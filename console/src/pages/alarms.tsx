/** Alarms that stand: the gravest first, each with what it means, what to do, and what may be done about it here. */
import { Badge, Button, Card, Group, Stack, Text, Title } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { all, ask } from "../api";
import type { components } from "../api.gen";
import { useHub } from "../hub";
import { reason, Trouble, Waiting } from "../trouble";
import { called, say, useLang, when, type Word } from "../words";

type Alarm = components["schemas"]["Alarm"];

const GRAVE: Record<string, string> = { critical: "red", high: "red", medium: "yellow", low: "blue" };
const SHELVED_S = 3600;
/** What a person at the console may do, where the alarm says that it makes sense. */
const ACTS = [
  ["acknowledge", "ack", {}],
  ["reset", "resetAlarm", {}],
  ["shelve", "shelve", { for_s: SHELVED_S }],
  ["unshelve", "unshelve", {}],
] as const;
const AS_WORD = /_(.)/g;
/** ``latched_unacknowledged`` is said by the word ``alarmLatchedUnacknowledged``. */
const stateOf = (state: string): string => say(`alarm_${state}`.replace(AS_WORD, (_all, letter: string) => letter.toUpperCase()) as Word);

export function Alarms() {
  useLang();
  const { data, error } = useQuery({ queryKey: ["alarms"], queryFn: () => all<Alarm>("/alarms"), refetchInterval: 3000 });
  if (!data) return <Waiting error={error} />;
  const standing = data.filter((alarm) => alarm.state !== "normal");
  return (
    <Stack>
      <Title order={1} size="h2">
        {say("alarms")}
      </Title>
      {standing.length ? null : <Text c="dimmed">{say("noAlarms")}</Text>}
      {standing.map((alarm) => (
        <Standing key={alarm.id} alarm={alarm} />
      ))}
    </Stack>
  );
}

function Standing({ alarm }: { alarm: Alarm }) {
  const hub = useHub();
  const queries = useQueryClient();
  const [why, setWhy] = useState("");
  const thing = hub.things.get(alarm.thing);
  const name = called({ name: alarm.name, names: alarm.names as Record<string, string[]> });
  const act = async (path: string, body: object): Promise<void> => {
    setWhy("");
    try {
      await ask(`/alarms/${encodeURIComponent(alarm.id)}/${path}`, "POST", body);
    } catch (error) {
      setWhy(reason(error));
    }
    await queries.invalidateQueries({ queryKey: ["alarms"] });
  };
  return (
    <Card component="article" withBorder padding="sm" radius="md" aria-label={name} data-alarm={alarm.id}>
      <Group justify="space-between">
        <div>
          <Group gap="xs">
            <Badge color={GRAVE[alarm.severity] ?? "gray"} autoContrast>
              {say(`grave_${alarm.severity}`.replace(AS_WORD, (_all, letter: string) => letter.toUpperCase()) as Word)}
            </Badge>
            <Text fw={600}>{name}</Text>
          </Group>
          <Text size="sm">
            <a className="name" href={`#/things/${encodeURIComponent(alarm.thing)}`}>
              {thing ? called(thing) : alarm.thing}
            </a>
            {" · "}
            {stateOf(alarm.state)}
            {alarm.raised ? ` · ${say("raised", when(alarm.raised))}` : ""}
          </Text>
          {[alarm.text, alarm.consequence, alarm.action].filter(Boolean).map((text) => (
            <Text key={text} size="sm" c="dimmed">
              {text}
            </Text>
          ))}
        </div>
        <Group gap="xs">
          {ACTS.filter(([path]) => alarm.acts.includes(path)).map(([path, word, body]) => (
            <Button key={path} size="xs" variant={path === "acknowledge" ? "light" : "default"} aria-label={`${say(word)}: ${name}`} onClick={() => void act(path, body)}>
              {say(word)}
            </Button>
          ))}
        </Group>
      </Group>
      <Trouble why={why} mt="xs" />
    </Card>
  );
}
