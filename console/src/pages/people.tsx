/** Who may do what at a place, and who is invited to it. */
import { Badge, Button, Card, Group, Stack, Text, TextInput, Title } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { NoPlace, PlaceSelect } from "../adding/places";
import { all, ask, Refused } from "../api";
import type { components } from "../api.gen";
import { Copy } from "../copy";
import { hub, useHub } from "../hub";
import { DayField, endOf, Form, roleAt, RoleField, roleWord } from "../people/form";
import { may } from "../rights";
import { useShown } from "../shown";
import { reason, Told, Trouble, useDoing } from "../trouble";
import { personName, say, useLang, type Word, when } from "../words";

type Member = components["schemas"]["Member"];
type Invitation = components["schemas"]["Invitation"];
type Made = components["schemas"]["InvitationMade"];
const STATES: Record<string, Word> = { open: "open_", taken: "taken", revoked: "revoked", expired: "expired_" };

export function People({ at }: { at?: string }) {
  useLang();
  useHub();
  const queries = useQueryClient();
  const places = [...hub.places.values()].filter((each) => may("administer", each.id));
  const [chosen, choose] = useState<string | null>(null);
  const place = chosen ?? (places.find((each) => !each.parent) ?? places[0])?.id ?? null;
  const members = useQuery({
    queryKey: ["members", place],
    queryFn: () => ask<{ items: Member[] }>(`/places/${encodeURIComponent(place ?? "")}/people`),
    enabled: place !== null,
    retry: false,
  });
  const me = useQuery({ queryKey: ["me"], queryFn: () => ask<components["schemas"]["Person"]>("/me") });
  const again = (): void => {
    void queries.invalidateQueries({ queryKey: ["members"] });
    void queries.invalidateQueries({ queryKey: ["invitations"] });
  };
  useShown(at, members.data !== undefined);
  return (
    <Stack gap="md" maw={820} mx="auto">
      <Group justify="space-between">
        <Title order={1} size="h2">
          {say("people")}
        </Title>
        <Group gap="xs">
          <Button component="a" href="#/account" variant="light" size="compact-sm">
            {say("account")}
          </Button>
          {me.data?.role === "administrator" ? (
            <Button component="a" href="#/accounts" variant="light" size="compact-sm">
              {say("allPeople")}
            </Button>
          ) : null}
          <Button component="a" href="#/audit" variant="light" size="compact-sm">
            {say("audit")}
          </Button>
        </Group>
      </Group>
      <Text c="dimmed">{say("peopleText")}</Text>
      {hub.places.size ? null : <NoPlace />}
      {places.length ? <PlaceSelect label={say("atPlace")} value={place} set={choose} act="administer" /> : null}
      {hub.places.size && !places.length ? <Text role="status">{say("noRights")}</Text> : null}
      {members.error ? (
        <Text role="status" component="div">{members.error instanceof Refused && members.error.code === "not_allowed" ? say("noRights") : <Told text={reason(members.error)} />}</Text>
      ) : null}
      {members.data && place ? (
        <>
          <Card withBorder component="section" aria-label={say("people")}>
            <Stack gap="xs">
              {members.data.items.map((member) => (
                <Row key={`${member.id} ${member.at}`} member={member} place={place} done={again} />
              ))}
            </Stack>
          </Card>
          <Give place={place} done={again} />
          <Invite place={place} done={again} />
          <Invitations done={again} />
        </>
      ) : null}
    </Stack>
  );
}

function Row({ member, place, done }: { member: Member; place: string; done: () => void }) {
  const doing = useDoing();
  const take = (): Promise<boolean> => doing.run(() => ask(`/places/${encodeURIComponent(place)}/people/${encodeURIComponent(member.id)}`, "DELETE").then(done));
  return (
    <div data-member={member.id}>
      <Group justify="space-between" wrap="nowrap">
        <div className="shrinks">
          <Text fw={600} className="breaks">
            {personName(member)}
          </Text>
          <Text size="sm" c="dimmed" className="breaks">
            {member.id} · {roleAt(member.role, member.at)}
            {member.ends ? ` · ${say("until", when(member.ends))}` : ""}
          </Text>
        </div>
        <Group gap="xs" justify="flex-end" wrap="nowrap" className="firm">
          {member.counts ? (
            <Badge variant="light" color="teal">
              {say("counts")}
            </Badge>
          ) : null}
          {member.program ? (
            <Badge variant="default">{say("program")}</Badge>
          ) : null}
          {member.disabled ? (
            <Badge variant="default">{say("isOff")}</Badge>
          ) : null}
          {member.at === place ? (
            <Button size="compact-sm" variant="default" loading={doing.busy} onClick={() => void take()} aria-label={`${say("takeRole")}: ${personName(member)}`}>
              {say("takeRole")}
            </Button>
          ) : null}
        </Group>
      </Group>
      <Trouble why={doing.why} />
    </div>
  );
}

function Give({ place, done }: { place: string; done: () => void }) {
  const doing = useDoing();
  const [user, setUser] = useState("");
  const [role, setRole] = useState<string | null>("member");
  const [day, setDay] = useState("");
  const give = async (): Promise<void> => {
    const path = `/places/${encodeURIComponent(place)}/people/${encodeURIComponent(user.trim())}`;
    if (!(await doing.run(() => ask(path, "PUT", { role, ends: endOf(day) ?? null })))) return;
    setUser("");
    done();
  };
  return (
    <Form title={say("giveRole")} id="give" act={say("give")} doing={doing} submit={give}>
      <TextInput label={say("who")} required value={user} onChange={(event) => setUser(event.currentTarget.value)} />
      <RoleField value={role} set={setRole} />
      <DayField value={day} set={setDay} />
    </Form>
  );
}

function Invite({ place, done }: { place: string; done: () => void }) {
  const doing = useDoing();
  const [name, setName] = useState("");
  const [role, setRole] = useState<string | null>("member");
  const [day, setDay] = useState("");
  const [made, setMade] = useState<Made | null>(null);
  const make = async (): Promise<void> => {
    const end = endOf(day);
    await doing.run(async () => {
      setMade(await ask<Made>("/invitations", "POST", { name, grants: { [place]: role }, ends: end ? { [place]: end } : {} }));
      done();
    });
  };
  return (
    <Form title={say("inviteSomebody")} id="invite" act={say("makeLink")} doing={doing} submit={make} after={made ? <Link key={made.code} made={made} /> : null}>
      <TextInput label={say("inviteFor")} value={name} onChange={(event) => setName(event.currentTarget.value)} />
      <RoleField value={role} set={setRole} />
      <DayField value={day} set={setDay} />
    </Form>
  );
}

function Link({ made }: { made: Made }) {
  // where this browser is, the other one most likely gets to as well
  const link = `${location.origin}/#/join/${made.code}`;
  return (
    <div role="status">
      <Text size="sm">{say("linkOnce")}</Text>
      <Picture svg={made.qr} text={link} />
      <Group>
        <Text size="sm" className="code" data-link>
          {link}
        </Text>
        <Copy text={link} of={say("invitation")} />
      </Group>
    </div>
  );
}

/** The hub's own picture of a link. As an image: whatever it holds, no script of it runs. */
export const Picture = ({ svg, text }: { svg: string; text: string }) => (
  <img className="qr" alt={text} src={`data:image/svg+xml,${encodeURIComponent(svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" '))}`} />
);

function Invitations({ done }: { done: () => void }) {
  const doing = useDoing();
  const found = useQuery({ queryKey: ["invitations"], queryFn: () => all<Invitation>("/invitations", 1000) });
  if (!found.data) return null;
  const revoke = (id: string): Promise<boolean> => doing.run(() => ask(`/invitations/${id}`, "DELETE").then(done));
  return (
    <Card withBorder component="section" aria-label={say("invitations")}>
      <Stack gap="xs">
        <Title order={2} size="h4">
          {say("invitations")}
        </Title>
        {found.data.length ? null : <Text c="dimmed">{say("noInvitations")}</Text>}
        {[...found.data].reverse().map((each) => (
          <Group key={each.id} justify="space-between" wrap="nowrap" data-invitation={each.state}>
            <Text size="sm">
              {each.name || each.id.slice(0, 10)} ·{" "}
              {Object.entries(each.grants)
                .map(([place, role]) => roleAt(role, place))
                .join(", ") || roleWord(each.role)}{" "}
              · {each.taken_by ?? say("until", when(each.expires))}
            </Text>
            <Group gap="xs" wrap="nowrap" className="firm">
              <Badge variant="light" color={each.state === "open" ? "teal" : "gray"}>
                {say(STATES[each.state] ?? "open_")}
              </Badge>
              {each.state === "open" ? (
                <Button size="compact-sm" variant="default" onClick={() => void revoke(each.id)} aria-label={`${say("revoke")}: ${each.name || each.id}`}>
                  {say("revoke")}
                </Button>
              ) : null}
            </Group>
          </Group>
        ))}
        <Trouble why={doing.why} />
      </Stack>
    </Card>
  );
}
