/** Who was turned away at the door, and why. */
import { Alert, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Age } from "../age";
import { ask } from "../api";
import { Told } from "../refusals";
import { say } from "../words";
import type { Attempt } from "./model";
import { atTheDoor } from "./seen";

const EVERY_MS = 3000;
const MOST = 20;

/** Those since ``since`` (milliseconds by the hub's clock); the newest first. */
export function useAttempts(since: number, enabled = true): Attempt[] | undefined {
  const { data } = useQuery({
    queryKey: ["attempts"],
    queryFn: () => ask<{ items: Attempt[] }>(`/attempts?limit=${MOST}`),
    refetchInterval: EVERY_MS,
    enabled,
  });
  return data?.items.filter((each) => Date.parse(each.at) >= since);
}

export function Door({ attempts }: { attempts: Attempt[] }) {
  return (
    <Stack gap="xs">
      {attempts.map((each) => (
        <Alert key={`${each.address} ${each.user} ${each.kind} ${each.at}`} color="orange" p="xs" title={each.user ? `${each.user} · ${each.address}` : each.address} data-attempt={each.kind}>
          <Text size="sm" component="div">
            <Told text={atTheDoor(each)} />
          </Text>
          <Text size="xs" c="dimmed">
            {[each.transport, each.protocol && `MQTT ${each.protocol}`, each.client_id, each.count > 1 ? say("times", each.count) : ""].filter(Boolean).join(" · ")}
            {" · "}
            <Age at={each.at} as={(ago) => ago} />
          </Text>
        </Alert>
      ))}
    </Stack>
  );
}
