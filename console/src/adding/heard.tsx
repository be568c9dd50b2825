/** Where something that is connected is heard and nothing came of it: that it does speak, and on which of its topics. */
import { Alert, Anchor, Code, Group, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { ask } from "../api";
import type { components } from "../api.gen";
import { say } from "../words";

const EVERY_MS = 3000;
const SHOWN = 5;

export function HeardOn({ id }: { id: string }) {
  const at = encodeURIComponent(id);
  const { data } = useQuery({ queryKey: ["heardOn", id], queryFn: () => ask<components["schemas"]["RawMessages"]>(`/things/${at}/messages`), refetchInterval: EVERY_MS, retry: false });
  const topics = [...new Set((data?.items ?? []).filter((each) => each.way === "in").map((each) => each.topic))].slice(-SHOWN);
  if (!topics.length) return null;
  return (
    <Alert color="yellow" role="note" data-heard>
      <Text size="sm">{say("heardOn")}</Text>
      <Group gap="xs" my={4}>
        {topics.map((topic) => (
          <Code key={topic} className="value">
            {topic}
          </Code>
        ))}
      </Group>
      <Anchor size="sm" href={`#/things/${at}`}>
        {say("openIt")}
      </Anchor>
    </Alert>
  );
}
