/** Alarms that stand: the gravest first, each to be acknowledged. */
import { Badge, Button, Card, Group, Loader, Stack, Text, Title } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { all, ask } from "../api";
import { say, useLang, when } from "../words";

interface Alarm {
  id: string;
  name?: string;
  thing?: string | null;
  severity: string;
  state: string;
  since?: string | null;
  raised?: string | null;
  message?: string | null;
  [more: string]: unknown;
}
const GRAVE: Record<string, string> = { critical: "red", high: "red", major: "orange", medium: "yellow", low: "blue" };

export function Alarms() {
  useLang();
  const queries = useQueryClient();
  const { data } = useQuery({ queryKey: ["alarms"], queryFn: () => all<Alarm>("/alarms"), refetchInterval: 3000 });
  if (!data) return <Loader mx="auto" my="xl" />;
  const standing = data.filter((alarm) => alarm.state !== "normal");
  return (
    <Stack>
      <Title order={1} size="h2">
        {say("alarms")}
      </Title>
      {standing.length ? null : <Text c="dimmed">{say("noAlarms")}</Text>}
      {standing.map((alarm) => (
        <Card key={alarm.id} component="article" withBorder padding="sm" radius="md" aria-label={alarm.name ?? alarm.id}>
          <Group justify="space-between">
            <div>
              <Group gap="xs">
                <Badge color={GRAVE[alarm.severity] ?? "gray"}>{alarm.severity}</Badge>
                <Text fw={600}>{alarm.name ?? alarm.id}</Text>
              </Group>
              <Text size="sm" c="dimmed">
                {[alarm.message, alarm.thing, alarm.state, alarm.raised ? say("raised", when(alarm.raised)) : null].filter(Boolean).join(" · ")}
              </Text>
            </div>
            <Button
              size="xs"
              variant="light"
              onClick={() => void ask(`/alarms/${encodeURIComponent(alarm.id)}/acknowledge`, "POST", {}).finally(() => queries.invalidateQueries({ queryKey: ["alarms"] }))}
            >
              {say("ack")}
            </Button>
          </Group>
        </Card>
      ))}
    </Stack>
  );
}
