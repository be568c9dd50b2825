/** The first run: name the place, invite people, the first device, the phone; in any order, each may wait.
 *
 * What is done is read from the hub, so it is the same in every browser; only what was skipped is remembered here.
 */
import { Badge, Button, Card, Group, Select, Stack, Text, TextInput, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, type ReactNode, useState } from "react";
import { ask, type Place } from "../api";
import type { components } from "../api.gen";
import { hub, useHub } from "../hub";
import { STEPS, type Step, skip, useProgress } from "../progress";
import { reason, Told } from "../refusals";
import { called, say, useLang } from "../words";

type Person = components["schemas"]["Person"];

const ADMINISTRATOR = "administrator";
const WORDS = { place: ["placeStep", "placeStepText"], people: ["peopleStep", "peopleStepText"], device: ["deviceStep", "deviceStepText"], phone: ["phoneStep", "phoneStepText"] } as const;

/** Somebody signed in who sees no thing: why, and what to do next. */
function Empty({ me }: { me: Person }) {
  const { places } = useHub();
  const adds = Object.values(me.grants ?? {}).includes("owner");
  return (
    <Stack gap="md" maw={640} mx="auto" data-empty>
      <Title order={1} size="h2">
        {say("emptyTitle")}
      </Title>
      <Text>{places.size === 0 ? say("emptyNoRole", me.id) : `${say("emptyNoThings")} ${say(adds ? "emptyAdd" : "emptyWait")}`}</Text>
      <Group>
        {adds ? (
          <Button component="a" href="#/add">
            {say("addTitle")}
          </Button>
        ) : null}
        <Button component="a" href="#/account" variant="light">
          {say("account")}
        </Button>
      </Group>
    </Stack>
  );
}

export function Welcome() {
  useLang();
  const progress = useProgress();
  const me = useQuery({ queryKey: ["me"], queryFn: () => ask<Person>("/me"), staleTime: 60_000 });
  if (me.data && me.data.role !== ADMINISTRATOR) return <Empty me={me.data} />;
  const open = STEPS.find((step) => progress[step] === "open");
  const body: Record<Step, ReactNode> = { place: <PlaceStep />, people: <Go to="#/people" text={say("invite")} />, device: <Go to="#/add" text={say("addTitle")} />, phone: <Go to="#/phone" text={say("phoneTitle")} /> };
  return (
    <Stack gap="md" maw={640} mx="auto">
      <Title order={1} size="h2">
        {say("welcome")}
      </Title>
      <Text c="dimmed">{say("welcomeText")}</Text>
      {STEPS.map((step, index) => (
        <Card key={step} withBorder component="section" aria-label={say(WORDS[step][0])} data-step={step} data-state={progress[step]}>
          <Group justify="space-between" mb={4}>
            <Title order={2} size="h4">
              {index + 1}. {say(WORDS[step][0])}
            </Title>
            {progress[step] === "open" ? (
              <Button size="compact-xs" variant="subtle" onClick={() => skip(step)} aria-label={`${say("skip")}: ${say(WORDS[step][0])}`}>
                {say("skip")}
              </Button>
            ) : (
              <Badge variant="light" color={progress[step] === "done" ? "teal" : "gray"}>
                {say(progress[step] === "done" ? "doneStep" : "skipped")}
              </Badge>
            )}
          </Group>
          <Text size="sm" c="dimmed" mb="sm">
            {say(WORDS[step][1])}
          </Text>
          {body[step]}
        </Card>
      ))}
      <Group>
        <Button component="a" href="#/" variant={open ? "default" : "filled"}>
          {say("toOverview")}
        </Button>
        {open ? null : <Text role="status">{say("allDone")}</Text>}
      </Group>
    </Stack>
  );
}

const Go = ({ to, text }: { to: string; text: string }) => (
  <div>
    <Button component="a" href={to} variant="light">
      {text}
    </Button>
  </div>
);

function PlaceStep() {
  useHub();
  const [name, setName] = useState("");
  const [kind, setKind] = useState<string | null>("home");
  const [rooms, setRooms] = useState("");
  const [why, setWhy] = useState("");
  const [busy, setBusy] = useState(false);
  const roots = [...hub.places.values()].filter((place) => !place.parent);
  const make = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setWhy("");
    try {
      const root = await ask<Place>("/places", "POST", { name: name.trim(), kind });
      for (const room of rooms.split(/[,，、]/)) if (room.trim()) await ask("/places", "POST", { name: room.trim(), parent: root.id, kind: kind === "home" ? "room" : "area" });
      setName("");
      setRooms("");
      await hub.load();
    } catch (error) {
      setWhy(reason(error));
      await hub.load();
    } finally {
      setBusy(false);
    }
  };
  return (
    <Stack component="form" gap="xs" onSubmit={(event) => void make(event as unknown as FormEvent)}>
      {roots.length ? (
        <Group gap="xs">
          {roots.map((place) => (
            <Badge key={place.id} variant="light" component="a" href={`#/places/${encodeURIComponent(place.id)}`} style={{ cursor: "pointer" }}>
              {called(place)}
            </Badge>
          ))}
        </Group>
      ) : null}
      {why ? (
        <Text c="red" size="sm" role="alert">
          <Told text={why} />
        </Text>
      ) : null}
      <Group align="end" gap="xs">
        <TextInput label={say("placeName")} value={name} required maxLength={200} onChange={(event) => setName(event.currentTarget.value)} style={{ flex: "2 1 12rem" }} />
        <Select
          label={say("placeKind")}
          allowDeselect={false}
          value={kind}
          onChange={setKind}
          data={[
            { value: "home", label: say("homeKind") },
            { value: "plant", label: say("plantKind") },
            { value: "car", label: say("carKind") },
          ]}
          style={{ flex: "1 1 8rem" }}
        />
      </Group>
      <TextInput label={say("rooms_")} placeholder={say("roomsHint")} value={rooms} onChange={(event) => setRooms(event.currentTarget.value)} />
      <div>
        <Button type="submit" loading={busy}>
          {say("makePlace")}
        </Button>
      </div>
    </Stack>
  );
}
