/** Everybody and every program that may sign in at this hub, for who administers it. */
import { Badge, Button, Card, Group, Select, Stack, Text, TextInput, Title } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { wayTo } from "../adding/places";
import { all, ask } from "../api";
import type { components } from "../api.gen";
import { hub, useHub } from "../hub";
import { Form, roleAt, RoleField } from "../people/form";
import { IssuerForm } from "../people/issuer";
import { reason, Trouble, useDoing } from "../trouble";
import { personName, say, useLang } from "../words";

type Person = components["schemas"]["Person"];

export function Accounts() {
  useLang();
  useHub();
  const queries = useQueryClient();
  const me = useQuery({ queryKey: ["me"], queryFn: () => ask<Person>("/me") });
  const found = useQuery({ queryKey: ["users"], queryFn: () => all<Person>("/users"), retry: false });
  const again = (): Promise<void> => queries.invalidateQueries({ queryKey: ["users"] });
  return (
    <Stack gap="md" maw={820} mx="auto">
      <Group justify="space-between">
        <Title order={1} size="h2">
          {say("allPeople")}
        </Title>
        <Button component="a" href="#/people" variant="light" size="compact-sm">
          {say("people")}
        </Button>
      </Group>
      <Text c="dimmed">{say("allPeopleText")}</Text>
      {found.error ? <Trouble why={reason(found.error)} /> : null}
      {found.data ? (
        <>
          <Card withBorder component="section" aria-label={say("allPeople")}>
            <Stack gap="sm">
              {found.data.map((person) => (
                <Row key={person.id} person={person} mine={person.id === me.data?.id} done={() => void again()} />
              ))}
            </Stack>
          </Card>
          <Added done={() => void again()} />
          <IssuerForm />
        </>
      ) : null}
    </Stack>
  );
}

function Row({ person, mine, done }: { person: Person; mine: boolean; done: () => void }) {
  const doing = useDoing();
  const roles = Object.entries(person.grants ?? {}).map(([place, role]) => roleAt(role, place));
  if (person.role) roles.unshift(roleAt(person.role, ""));
  const turn = (): Promise<boolean> => doing.run(() => ask(`/users/${encodeURIComponent(person.id)}`, "PATCH", { disabled: !person.disabled }).then(done));
  return (
    <div data-account={person.id} data-disabled={person.disabled}>
      <Group justify="space-between" wrap="nowrap">
        <div className="shrinks">
          <Text fw={600} className="breaks">
            {personName(person)}
          </Text>
          <Text size="sm" c="dimmed" className="breaks">
            {[person.id, ...roles].join(" · ")}
          </Text>
        </div>
        <Group gap="xs" wrap="nowrap" className="firm">
          {person.program ? <Badge variant="default">{say("program")}</Badge> : null}
          {person.disabled ? (
            <Badge variant="light" color="orange">
              {say("isOff")}
            </Badge>
          ) : null}
          {mine ? (
            <Badge variant="light" color="teal">
              {say("youAre")}
            </Badge>
          ) : (
            <Button size="compact-sm" variant="default" loading={doing.busy} onClick={() => void turn()} aria-label={`${say(person.disabled ? "on_" : "off_")}: ${personName(person)}`}>
              {say(person.disabled ? "on_" : "off_")}
            </Button>
          )}
        </Group>
      </Group>
      <Trouble why={doing.why} />
    </div>
  );
}

const BLANK = { id: "", name: "", password: "" };

function Added({ done }: { done: () => void }) {
  const doing = useDoing();
  const [typed, setTyped] = useState(BLANK);
  const [place, setPlace] = useState<string | null>(null);
  const [role, setRole] = useState<string | null>("member");
  const put = (part: Partial<typeof BLANK>): void => setTyped({ ...typed, ...part });
  const add = async (): Promise<void> => {
    const body = { id: typed.id.trim(), ...(typed.name.trim() ? { name: typed.name.trim() } : {}), ...(typed.password ? { password: typed.password } : {}), ...(place ? { grants: { [place]: role } } : {}) };
    if (!(await doing.run(() => ask("/users", "POST", body)))) return;
    setTyped(BLANK);
    done();
  };
  const places = [...hub.places.values()].map((each) => ({ value: each.id, label: wayTo(hub.places, each.id) }));
  return (
    <Form title={say("addAccount")} act={say("addAccount")} doing={doing} submit={add}>
      <TextInput label={say("joinUser")} required autoComplete="off" value={typed.id} onChange={(event) => put({ id: event.currentTarget.value })} />
      <TextInput label={say("inviteFor")} value={typed.name} onChange={(event) => put({ name: event.currentTarget.value })} />
      <TextInput type="password" label={say("newPassword")} placeholder={say("optional")} autoComplete="new-password" value={typed.password} onChange={(event) => put({ password: event.currentTarget.value })} />
      <Select label={say("atPlace")} data={places} value={place} onChange={setPlace} clearable searchable />
      <RoleField value={role} set={setRole} disabled={!place} />
    </Form>
  );
}
