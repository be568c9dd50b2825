/** Watching a device arrive: live, and after a minute without it what was seen at the door. */
import { Alert, Button, Group, Loader, Progress, Stack, Text, Title } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import { skew } from "../api";
import { hub, useHub, useThing } from "../hub";
import { titleOf, useModel, written } from "../models";
import { Unheard } from "../unheard";
import { called, say } from "../words";
import { Door, useAttempts } from "./door";
import { Newcomers, useNewcomers } from "./newcomers";

const PATIENCE_S = 60;
const EVERY_MS = 1000;
const SHOWN = 4;

/** Seconds since this is on the page. */
function useSeconds(run: boolean): number {
  const [seconds, setSeconds] = useState(0);
  useEffect(() => {
    if (!run) return;
    const timer = setInterval(() => setSeconds((now) => now + 1), EVERY_MS);
    return () => clearInterval(timer);
  }, [run]);
  return seconds;
}

/** ``bridge``: others announce themselves through it. */
export function Arrival({ id, bridge }: { id: string; bridge: boolean }) {
  useHub();
  const began = useRef(Date.now() + skew);
  const before = useRef(new Set(hub.things.keys()));
  const thing = useThing(id);
  const model = useModel(thing);
  const waiting = useNewcomers()?.filter((each) => each.bridge === id) ?? [];
  const come = bridge ? [...hub.things.values()].filter((each) => !before.current.has(each.id) && each.id !== id) : [];
  const here = bridge ? waiting.length > 0 || come.length > 0 : Boolean(thing?.online);
  const seconds = useSeconds(!here);
  const late = !here && seconds >= PATIENCE_S;
  const attempts = useAttempts(began.current, !here) ?? [];
  const shown = Object.entries(thing?.state ?? {}).slice(0, SHOWN);
  return (
    <Stack gap="sm" component="section" aria-label={say("watching")} data-arrival={here ? "here" : late ? "late" : "waiting"}>
      {here ? null : (
        <>
          <Group gap="xs">
            <Loader size="xs" aria-hidden />
            <Title order={2} size="h4">
              <span role="status">{late ? say("nothingCame") : say("watching")}</span>
            </Title>
            <Text size="sm" c="dimmed">
              {say("seconds", seconds)}
            </Text>
          </Group>
          <Progress value={(Math.min(seconds, PATIENCE_S) / PATIENCE_S) * 100} size="xs" aria-label={say("watching")} />
          <Text size="sm" c="dimmed">
            {bridge && thing?.online ? say("arrivedText", called(thing)) : say("watchText")}
          </Text>
          {bridge && thing?.online ? <Unheard id={id} /> : null}
        </>
      )}
      {!here && attempts.length ? (
        <>
          <Title order={3} size="h5">
            {say("atDoor")}
          </Title>
          <Door attempts={attempts} />
        </>
      ) : null}
      {late && !attempts.length && !thing?.online ? <Alert color="yellow">{say("nobodyKnocked")}</Alert> : null}
      {!bridge && here && thing ? (
        <Alert color="teal" title={say("arrived")} role="status">
          <Text size="sm">{say("arrivedText", called(thing))}</Text>
          {shown.length ? (
            <Text size="sm">{say("firstValues", shown.map(([key, value]) => `${titleOf(thing, key)} ${written(value.value, model.properties.get(key))}`).join(", "))}</Text>
          ) : (
            <Unheard id={id} otherwise={<Text size="sm">{say("noWords")}</Text>} />
          )}
          <Button component="a" href={`#/things/${encodeURIComponent(id)}`} mt="xs" size="xs">
            {say("openIt")}
          </Button>
        </Alert>
      ) : null}
      {bridge ? <Newcomers bridge={id} /> : null}
      {come.length ? (
        <Alert color="teal" title={say("arrived")} role="status">
          <Group gap="xs">
            {come.map((each) => (
              <Button key={each.id} component="a" href={`#/things/${encodeURIComponent(each.id)}`} size="xs" variant="light" data-come={each.id}>
                {called(each)}
              </Button>
            ))}
          </Group>
        </Alert>
      ) : null}
    </Stack>
  );
}
