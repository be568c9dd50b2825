/** The first run: name the place, invite people, the first device, the phone; in any order, each may wait.
 *
 * What is done is read from the hub, so it is the same in every browser; only what was skipped is remembered here.
 */
import { Anchor, Badge, Button, Card, Group, Select, Stack, Text, TextInput, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, type ReactNode, useState } from "react";
import { ask, type Place } from "../api";
import type { components } from "../api.gen";
import { hub, useHub } from "../hub";
import { STEPS, type Step, skip, useProgress } from "../progress";
import { may } from "../rights";
import { reason, Told } from "../refusals";
import { called, say, useLang } from "../words";

type Person = components["schemas"]["Person"];

const ADMINISTRATOR = "administrator";
const WORDS = { place: ["placeStep", "placeStepText"], people: ["peopleStep", "peopleStepText"], device: ["deviceStep", "deviceStepText"], phone: ["phoneStep", "phoneStepText"] } as const;

/** Somebody signed in who sees no thing: why, and what to do next. */
function Empty({ me }: { me: Person }) {
  const { places, things } = useHub();
  const adds = may("configure");
  return (
    <Stack gap="md" maw={640} mx="auto" data-empty>
      <Title order={1} size="h2">
        {say(things.size ? "welcome" : "emptyTitle")}
      </Title>
      <Text>{things.size ? say("allDone") : places.size === 0 ? say("emptyNoRole", me.id) : `${say("emptyNoThings")} ${say(adds ? "emptyAdd" : "emptyWait")}`}</Text>
      <Group>
        {things.size ? (
          <Button component="a" href="#/">
            {say("toOverview")}
          </Button>
        ) : null}
        {adds ? (
          <Button component="a" href="#/add" variant={things.size ? "light" : "filled"}>
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

/** ``at``: the place that is looked at, in which nothing stands. */
export function Welcome({ at }: { at?: string }) {
  useLang();
  const { places, things } = useHub();
  const progress = useProgress();
  const me = useQuery({ queryKey: ["me"], queryFn: () => ask<Person>("/me"), staleTime: 60_000 });
  if (me.data && me.data.role !== ADMINISTRATOR) return <Empty me={me.data} />;
  const place = at ? places.get(at) : undefined;
  if (place)
    return (
      <Stack gap="md" maw={640} mx="auto" data-empty>
        <Title order={1} size="h2">
          {called(place)}
        </Title>
        <Text>{say("placeEmpty")}</Text>
        {may("configure", place.id) ? <Go to="#/add" text={say("addTitle")} /> : null}
      </Stack>
    );
  const open = STEPS.find((step) => progress[step] === "open");
  const body: Record<Step, ReactNode> = { place: <PlaceStep done={progress.place === "done"} />, people: <Go to="#/people" text={say("invite")} />, device: <Go to="#/add" text={say("addTitle")} />, phone: <Go to="#/phone" text={say("phoneTitle")} /> };
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
        {things.size ? (
          <Button component="a" href="#/" variant={open ? "default" : "filled"}>
            {say("toOverview")}
          </Button>
        ) : null}
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

function PlaceStep({ done }: { done: boolean }) {
  useHub();
  const [another, setAnother] = useState(false);
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
      const named = new Set(rooms.split(/[,，、]/).map((room) => room.trim()));
      for (const room of named) if (room) await ask("/places", "POST", { name: room, parent: root.id, kind: kind === "home" ? "room" : "area" });
      setName("");
      setRooms("");
      setAnother(false);
      await hub.load();
    } catch (error) {
      setWhy(reason(error));
      await hub.load();
    } finally {
      setBusy(false);
    }
  };
  const there = roots.map((place) => {
    const inside = [...hub.places.values()].filter((each) => each.parent === place.id).map(called);
    return (
      <Text key={place.id} data-place={place.id}>
        <Anchor underline="always" href={`#/places/${encodeURIComponent(place.id)}`}>{called(place)}</Anchor>
        {inside.length ? `: ${inside.join(", ")}` : ""}
      </Text>
    );
  });
  if (done && !another && !why)
    return (
      <Stack gap="xs">
        {there}
        <div>
          <Button variant="default" size="xs" onClick={() => setAnother(true)}>
            {say("anotherPlace")}
          </Button>
        </div>
      </Stack>
    );
  return (
    <Stack component="form" gap="xs" onSubmit={(event) => void make(event as unknown as FormEvent)}>
      {there}
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
