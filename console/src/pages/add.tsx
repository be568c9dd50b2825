/** Adding devices: what speaks which language, what to set on it, and who waits at the door. */
import { Badge, Button, Card, Group, List, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Arrival } from "../adding/arrival";
import { ClaimCode } from "../adding/claim";
import { Door, useAttempts } from "../adding/door";
import { Form, type Label } from "../adding/form";
import { type Added, type Dialect, type Discovered, type Guide, local } from "../adding/model";
import { Marked } from "../adding/marked";
import { NoPlace } from "../adding/places";
import { Newcomers } from "../adding/newcomers";
import { Settings } from "../adding/settings";
import { ask } from "../api";
import { Back } from "../card";
import { useHub } from "../hub";
import { may } from "../rights";
import { useStatus } from "../status";
import { Waiting } from "../trouble";
import { say, useLang } from "../words";

const LAN_MS = 5000;
const CLAIM = "claim";

/** ``how``: the language chosen; ``thing``: one added before, whose settings are looked at again. */
export function Add({ how, thing, label }: { how?: string; thing?: string; label?: Label }) {
  useLang();
  const hub = useHub();
  const { data, error } = useQuery({ queryKey: ["dialects"], queryFn: () => ask<{ items: Dialect[] }>("/dialects"), staleTime: Number.POSITIVE_INFINITY });
  if (!data || !hub.ready) return <Waiting error={error} />;
  const chosen = data.items.find((each) => each.id === how);
  return (
    <Stack gap="lg">
      <Group gap="xs">
        {how ? <Back /> : null}
        <Title order={1} size="h2">
          {how === CLAIM ? say("aClaim") : chosen ? local(chosen, chosen.title) : say("addTitle")}
        </Title>
      </Group>
      {!may("configure") ? <NoPlace /> : how === CLAIM ? <ClaimCode /> : chosen ? <One key={chosen.id} dialect={chosen} thing={thing} label={label} /> : <Choose dialects={data.items} />}
    </Stack>
  );
}

function Choose({ dialects }: { dialects: Dialect[] }) {
  return (
    <>
      <Text c="dimmed">{say("addText")}</Text>
      <section aria-label={say("addWhat")}>
        <Title order={2} size="h4" mb="xs">
          {say("addWhat")}
        </Title>
        <SimpleGrid cols={{ base: 1, xs: 2, md: 3 }} spacing="sm">
          {dialects.map((each) => (
            <Card key={each.id} component="a" href={`#/add/${each.id}`} withBorder padding="sm" className="choice" data-how={each.id}>
              <Text fw={600}>{local(each, each.title)}</Text>
              <Text size="xs" c="dimmed" lineClamp={2}>
                {say(each.kind === "place" ? "bridgeKind" : "lineKind")} · <Marked text={local(each, each.can?.[0] ?? "")} />
              </Text>
            </Card>
          ))}
          <Card component="a" href={`#/add/${CLAIM}`} withBorder padding="sm" className="choice" data-how={CLAIM}>
            <Text fw={600}>{say("aClaim")}</Text>
            <Text size="xs" c="dimmed">
              {say("claimText")}
            </Text>
          </Card>
        </SimpleGrid>
      </section>
      <Newcomers />
      <Lan />
      <AtDoor />
    </>
  );
}

function One({ dialect, thing, label }: { dialect: Dialect; thing?: string; label?: Label }) {
  const [made, setMade] = useState<Added | null>(null);
  const added = made && (thing === undefined || thing === made.id) ? made : null;
  const again = useQuery({
    queryKey: ["guide", dialect.id, thing],
    queryFn: () => ask<Guide>(`/dialects/${dialect.id}/guide/${encodeURIComponent(thing!)}`),
    enabled: thing !== undefined && added === null,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const done = (come: Added): void => {
    history.replaceState(null, "", `#/add/${dialect.id}/${encodeURIComponent(come.id)}`); // read again, the page is still at this one
    setMade(come);
  };
  const guide = (added?.guide as Guide | null | undefined) ?? again.data;
  const id = added?.id ?? thing;
  if (guide && id)
    return (
      <>
        <Settings guide={guide} dialect={dialect} thing={id} />
        <Arrival key={id} id={id} bridge={dialect.kind === "place"} />
      </>
    );
  if (thing) return <Waiting error={again.error} />;
  return (
    <>
      <Form dialect={dialect} label={label} done={done} />
      <SimpleGrid cols={{ base: 1, sm: 2 }}>
        <Lines title={say("supported")} lines={(dialect.can ?? []).map((line) => local(dialect, line))} />
        <Lines title={say("notSupported")} lines={(dialect.cannot ?? []).map((line) => local(dialect, line))} />
      </SimpleGrid>
    </>
  );
}

function Lines({ title, lines }: { title: string; lines: string[] }) {
  if (!lines.length) return null;
  return (
    <section aria-label={title}>
      <Title order={2} size="h6">
        {title}
      </Title>
      <List size="sm" c="dimmed">
        {lines.map((line) => (
          <List.Item key={line}><Marked text={line} /></List.Item>
        ))}
      </List>
    </section>
  );
}

/** What announces itself on the local network; nothing where the hub does not look there. */
function Lan() {
  const status = useStatus();
  const { data } = useQuery({ queryKey: ["discovered"], queryFn: () => ask<{ items: Discovered[] }>("/discovered"), refetchInterval: LAN_MS, enabled: status?.lan === true });
  if (!data?.items.length) return null;
  return (
    <section aria-label={say("onNetwork")}>
      <Title order={2} size="h4">
        {say("onNetwork")}
      </Title>
      <Text size="sm" c="dimmed" mb="xs">
        {say("onNetworkText")}
      </Text>
      <Stack gap="xs">
        {data.items.map((each) => (
          <Card key={each.id} withBorder padding="xs">
            <Group justify="space-between">
              <div>
                <Text fw={600}>{each.name ?? each.what}</Text>
                <Text size="xs" c="dimmed">
                  {each.what} · {each.addresses[0]}:{each.port}
                </Text>
              </div>
              {each.how ? (
                <Button size="xs" variant="light" component="a" href={`#/add/${each.how}`}>
                  {say("connectBy", each.how)}
                </Button>
              ) : (
                <Badge variant="light" color="gray">
                  {each.hint}
                </Badge>
              )}
            </Group>
          </Card>
        ))}
      </Stack>
    </section>
  );
}
function AtDoor() {
  const attempts = useAttempts(0);
  return (
    <section aria-label={say("atDoor")}>
      <Title order={2} size="h4">
        {say("atDoor")}
      </Title>
      <Text size="sm" c="dimmed" mb="xs">
        {attempts?.length === 0 ? say("doorEmpty") : say("doorText")}
      </Text>
      {attempts?.length ? <Door attempts={attempts} /> : null}
    </section>
  );
}
