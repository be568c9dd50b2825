/** Scenes: whether each is on, when it ran and runs next, and what happened in it. */
import { Alert, Badge, Button, Card, Group, Loader, Stack, Switch, Text, Title } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { Age } from "../age";
import { all, ask, type Scene } from "../api";
import { useHub } from "../hub";
import { Told } from "../refusals";
import { may } from "../rights";
import { amiss, type Problem } from "../scene/amiss";
import { runByHand } from "../scene/run";
import { reason, Trouble, Waiting } from "../trouble";
import { called, say, useLang, when } from "../words";

const Traces = lazy(async () => ({ default: (await import("./scene")).Traces }));

const EVERY_MS = 5000;

export function Scenes() {
  useLang();
  useHub();
  const { data, error } = useQuery({ queryKey: ["scenes"], queryFn: () => all<Scene>("/scenes"), refetchInterval: EVERY_MS });
  if (!data) return <Waiting error={error} />;
  return (
    <Stack>
      <Group justify="space-between">
        <Title order={1} size="h2">
          {say("scenes")}
        </Title>
        {may("automate") ? (
          <Group gap="xs">
            <Button component="a" href="#/blueprints" variant="default" size="xs">
              {say("fromBlueprint")}
            </Button>
            <Button component="a" href="#/scenes/new" size="xs">
              {say("newScene")}
            </Button>
          </Group>
        ) : null}
      </Group>
      {data.length ? data.map((scene) => <SceneCard key={scene.id} scene={scene} />) : <Text c="dimmed">{say("noScenes")}</Text>}
    </Stack>
  );
}

function SceneCard({ scene }: { scene: Scene }) {
  const hub = useHub();
  const queries = useQueryClient();
  const [why, setWhy] = useState("");
  const [open, setOpen] = useState(false);
  const act = async (path: "run" | "enable" | "disable"): Promise<void> => {
    setWhy("");
    try {
      if (path === "run") setWhy(await runByHand(scene.id));
      else await ask(`/scenes/${encodeURIComponent(scene.id)}/${path}`, "POST");
    } catch (error) {
      setWhy(reason(error));
    }
    await queries.invalidateQueries({ queryKey: ["scenes"] });
    await queries.invalidateQueries({ queryKey: ["trace", scene.id] });
  };
  const now = scene.now as { running?: number; next?: string | null; began?: string | null; findings?: Problem[] } | null;
  const last = now?.began;
  const place = scene.place ? hub.places.get(scene.place) : undefined;
  return (
    <Card component="article" withBorder padding="sm" radius="md" aria-label={called(scene)} data-scene={scene.id}>
      <Group justify="space-between">
        <div>
          <Text component="a" href={`#/scenes/${encodeURIComponent(scene.id)}`} fw={600} className="name">
            {called(scene)}
          </Text>
          <Text size="xs" c="dimmed">
            {place ? called(place) : scene.place}
            {" · "}
            {last ? (
              <>
                {say("lastRun")}: <Age at={last} as={(ago) => ago} />
              </>
            ) : (
              say("neverRun")
            )}
            {now?.next ? ` · ${say("nextRun")}: ${when(now.next)}` : ""}
          </Text>
        </div>
        <Group gap="xs">
          {now?.running ? <Badge color="teal">{say("running")}</Badge> : null}
          <Button size="xs" variant="default" onClick={() => setOpen(!open)} aria-expanded={open}>
            {say("trace")}
          </Button>
          {may("control", scene.place) ? (
            <Button size="xs" variant="light" onClick={() => void act("run")}>
              {say("run")}
            </Button>
          ) : null}
          <Switch checked={scene.enabled} disabled={!may("automate", scene.place)} aria-label={`${called(scene)}: ${say(scene.enabled ? "enabled" : "disabled")}`} onChange={(event) => void act(event.currentTarget.checked ? "enable" : "disable")} />
        </Group>
      </Group>
      <Trouble why={why} mt="xs" />
      {now?.findings?.length ? (
        <Alert color="orange" mt="xs">
          {now.findings.map((one) => (
            <div key={`${one.path} ${one.reason}`}>
              {one.path}: <Told text={amiss(one)} />
            </div>
          ))}
        </Alert>
      ) : null}
      {open ? (
        <Suspense fallback={<Loader size="sm" />}>
          <Traces id={scene.id} />
        </Suspense>
      ) : null}
    </Card>
  );
}
