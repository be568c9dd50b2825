/** What announced itself and waits: one by one or many at once, with a name and a place of the person's choice. */
import { Alert, Button, Card, Checkbox, Group, Stack, Switch, Text, TextInput, Title } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Age } from "../age";
import { ask } from "../api";
import { hub, useHub } from "../hub";
import { reason, Told } from "../refusals";
import { say } from "../words";
import type { Newcomer } from "./model";
import { PlaceSelect, rootOf } from "./places";

const EVERY_MS = 1500;
const SHOWN_TRAITS = 8;

export const useNewcomers = (ignored = false): Newcomer[] | undefined =>
  useQuery({
    queryKey: ["newcomers", ignored],
    queryFn: () => ask<{ items: Newcomer[] }>(`/newcomers${ignored ? "?ignored=true" : ""}`),
    refetchInterval: EVERY_MS,
  }).data?.items;

export function Newcomers({ bridge }: { bridge?: string }) {
  useHub();
  const queries = useQueryClient();
  const [ignored, setIgnored] = useState(false);
  const all = useNewcomers(ignored);
  const [chosen, setChosen] = useState<Set<string>>(new Set());
  const [names, setNames] = useState<Record<string, string>>({});
  const [place, setPlace] = useState<string | null>(null);
  const [said, setSaid] = useState<{ text: string; bad: boolean } | null>(null);
  const [busy, setBusy] = useState(false);
  const items = (all ?? []).filter((each) => !bridge || each.bridge === bridge);
  const picked = items.filter((each) => chosen.has(each.id));

  const act = async (work: () => Promise<string>): Promise<void> => {
    setBusy(true);
    try {
      setSaid({ text: await work(), bad: false });
      setChosen(new Set());
    } catch (error) {
      setSaid({ text: reason(error), bad: true });
    } finally {
      setBusy(false);
      await queries.invalidateQueries({ queryKey: ["newcomers"] });
    }
  };
  const accept = (which: Newcomer[]): Promise<void> =>
    act(async () => {
      const entries = which.map((each) => ({ id: each.id, ...(names[each.id]?.trim() ? { name: names[each.id]!.trim() } : {}), ...(place ? { place } : {}) }));
      const made = await ask<{ items: { id: string; name: string }[] }>("/newcomers/accept", "POST", { items: entries });
      await hub.load();
      return `${say("accepted", made.items.length)}: ${made.items.map((each) => each.name).join(", ")}`;
    });
  const ignore = (which: Newcomer[], on: boolean): Promise<void> =>
    act(async () => {
      await ask("/newcomers/ignore", "POST", { ids: which.map((each) => each.id), ignored: on });
      return say(on ? "ignored" : "unignore");
    });

  if (!items.length && !said && bridge) return null;
  return (
    <Stack gap="sm" component="section" aria-label={say("waitingTitle")}>
      <Group justify="space-between">
        <Title order={2} size="h4">
          {say("waitingTitle")}
        </Title>
        <Switch size="xs" label={say("showIgnored")} checked={ignored} onChange={(event) => setIgnored(event.currentTarget.checked)} />
      </Group>
      <Text size="sm" c="dimmed">
        {say("waitingText")}
      </Text>
      {said ? (
        <Alert color={said.bad ? "red" : "teal"} role={said.bad ? "alert" : "status"}>
          <Told text={said.text} />
        </Alert>
      ) : null}
      {items.length > 1 || picked.length ? (
        <Group align="end" gap="xs">
          <Checkbox
            label={say("selectAll")}
            checked={picked.length === items.length && items.length > 0}
            indeterminate={picked.length > 0 && picked.length < items.length}
            onChange={(event) => setChosen(event.currentTarget.checked ? new Set(items.map((each) => each.id)) : new Set())}
          />
          <PlaceSelect value={place} set={setPlace} label={say("where")} empty={say("asItSays")} within={items[0] ? rootOf(hub.places, items[0].place) : undefined} />
          <Button loading={busy} disabled={!picked.length} onClick={() => void accept(picked)}>
            {say("acceptMany", picked.length)}
          </Button>
          <Button variant="default" disabled={!picked.length || busy} onClick={() => void ignore(picked, true)}>
            {say("ignore")}
          </Button>
        </Group>
      ) : null}
      {items.map((each) => (
        <Card key={each.id} withBorder padding="xs" component="article" aria-label={each.name} data-newcomer={each.name}>
          <Group wrap="nowrap" align="start" gap="sm">
            <Checkbox
              mt={8}
              aria-label={say("select", each.name)}
              checked={chosen.has(each.id)}
              onChange={(event) => {
                const next = new Set(chosen);
                if (event.currentTarget.checked) next.add(each.id);
                else next.delete(each.id);
                setChosen(next);
              }}
            />
            <div style={{ flex: 1, minWidth: 0 }}>
              <Group gap="xs" align="end">
                <TextInput aria-label={`${say("name")}: ${each.name}`} value={names[each.id] ?? each.name} onChange={(event) => setNames({ ...names, [each.id]: event.currentTarget.value })} style={{ flex: "1 1 10rem" }} />
                <Button size="sm" loading={busy} onClick={() => void accept([each])} aria-label={`${say("accept")}: ${each.name}`}>
                  {say("accept")}
                </Button>
                <Button size="sm" variant="default" disabled={busy} onClick={() => void ignore([each], !each.ignored)} aria-label={`${say(each.ignored ? "unignore" : "ignore")}: ${each.name}`}>
                  {say(each.ignored ? "unignore" : "ignore")}
                </Button>
              </Group>
              <Text size="xs" c="dimmed" mt={4} className="wrap">
                {[each.vendor, each.model, each.how, each.area, each.can.slice(0, SHOWN_TRAITS).join(", ")].filter(Boolean).join(" · ")} · <Age at={each.seen} as={(ago) => say("seen", ago)} />
              </Text>
            </div>
          </Group>
        </Card>
      ))}
      {!items.length && !said ? <Text c="dimmed">{say("noneWaits")}</Text> : null}
    </Stack>
  );
}
