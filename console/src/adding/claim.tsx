/** A claim code, as text and as a picture that a device scans; and what became of it. */
import { Alert, Button, Code, Group, Select, Stack, Text, TextInput, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { all, ask } from "../api";
import { Copy } from "../copy";
import { hub, useHub } from "../hub";
import { reason, Told } from "../refusals";
import { say, when } from "../words";
import { Arrival } from "./arrival";
import type { ClaimMade } from "./model";
import { firstPlace, NoPlace, PlaceSelect } from "./places";

const EVERY_MS = 2000;

interface Claim {
  id: string;
  state: string;
  thing: string | null;
}

export function ClaimCode() {
  useHub();
  const [name, setName] = useState("");
  const [place, setPlace] = useState<string | null>(null);
  const [model, setModel] = useState<string | null>(null);
  const [made, setMade] = useState<ClaimMade | null>(null);
  const [why, setWhy] = useState("");
  const models = useQuery({ queryKey: ["models"], queryFn: () => all<{ id: string }>("/models") });
  const where = place ?? firstPlace();
  const make = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setWhy("");
    try {
      setMade(await ask<ClaimMade>("/claims", "POST", { place: where, ...(name.trim() ? { name: name.trim() } : {}), ...(model ? { model } : {}) }));
    } catch (error) {
      setWhy(reason(error));
    }
  };
  if (made) return <Made made={made} />;
  return (
    <Stack component="form" gap="sm" maw={520} onSubmit={(event) => void make(event as unknown as FormEvent)}>
      <Text c="dimmed">{say("claimText")}</Text>
      {why ? (
        <Alert color="red" role="alert">
          <Told text={why} />
        </Alert>
      ) : null}
      <NoPlace />
      <TextInput label={say("name")} value={name} maxLength={200} onChange={(event) => setName(event.currentTarget.value)} />
      <PlaceSelect label={say("room")} value={where} set={setPlace} />
      <Select label={say("whatModel")} description={say("modelHint")} searchable clearable limit={100} value={model} onChange={setModel} data={(models.data ?? []).map((each) => each.id)} />
      <Group>
        <Button type="submit" disabled={!where}>
          {say("makeCode")}
        </Button>
        <Button variant="default" component="a" href="#/add">
          {say("another")}
        </Button>
      </Group>
    </Stack>
  );
}

function Made({ made }: { made: ClaimMade }) {
  const { data } = useQuery({
    queryKey: ["claims", made.place],
    queryFn: async () => {
      const found = await all<Claim>(`/claims?place=${encodeURIComponent(made.place)}`);
      const mine = found.find((each) => each.id === made.id);
      if (mine?.thing && mine.state === "used" && !hub.things.has(mine.thing)) await hub.load();
      return mine ?? null;
    },
    refetchInterval: EVERY_MS,
  });
  const used = data?.state === "used" ? data.thing : null;
  return (
    <Stack gap="sm">
      <Title order={2} size="h4">
        {say("claimScan")}
      </Title>
      <img className="qr" src={`data:image/svg+xml;utf8,${encodeURIComponent(pictured(made.qr))}`} alt={say("claimCode")} width={220} height={220} />
      <Group>
        <Text size="xl" fw={700} ff="monospace" data-code>
          {made.code}
        </Text>
        <Copy text={made.code} of={say("claimCode")} />
      </Group>
      <Code block className="wrap" tabIndex={0}>
        {made.url}
      </Code>
      <Text size="sm" c="dimmed">
        {say("claimUntil", when(made.expires))} {say("onceOnly")}
      </Text>
      {used ? (
        <Alert color="teal" role="status">
          {say("claimUsed", used)}
        </Alert>
      ) : null}
      {used ? <Arrival id={used} bridge={false} /> : null}
    </Stack>
  );
}

/** The API's picture is made to stand in a page; on its own it has to say that it is SVG. */
const pictured = (svg: string): string => (svg.includes("xmlns") ? svg : svg.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"'));
