/** Who may do what at a place, and who is invited to it. */
import { Badge, Button, Card, Group, Select, Stack, Text, TextInput, Title } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { all, ask, Refused } from "../api";
import type { components } from "../api.gen";
import { hub, useHub } from "../hub";
import { useShown } from "../shown";
import { Trouble, useDoing } from "../trouble";
import { called, say, useLang, type Word, when } from "../words";

type Member = components["schemas"]["Member"];
type Invitation = components["schemas"]["Invitation"];
type Made = components["schemas"]["InvitationMade"];
type Role = "owner" | "member" | "guest" | "operator" | "viewer";

const ROLES: Role[] = ["member", "guest", "owner", "operator", "viewer"];
const WORDS: Record<string, Word> = { owner: "roleOwner", member: "roleMember", guest: "roleGuest", operator: "roleOperator", viewer: "roleViewer", administrator: "roleAdministrator" };
const STATES: Record<string, Word> = { open: "open_", taken: "taken", revoked: "revoked", expired: "expired_" };

export const roleWord = (role: string): string => (WORDS[role] ? say(WORDS[role]) : role);
export const placeName = (id: string): string => {
  const place = hub.places.get(id);
  return place ? called(place) : id;
};
export const roleData = () => ROLES.map((role) => ({ value: role, label: roleWord(role) }));
/** The end of a day, as it is here. */
const endOf = (day: string): string | undefined => (day ? new Date(`${day}T23:59:59`).toISOString() : undefined);

export function People({ at }: { at?: string }) {
  useLang();
  useHub();
  const queries = useQueryClient();
  const places = [...hub.places.values()];
  const [chosen, choose] = useState<string | null>(null);
  const place = chosen ?? places.find((each) => !each.parent)?.id ?? null;
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
  const data = places.map((each) => ({ value: each.id, label: called(each) }));
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
      <Select label={say("atPlace")} data={data} value={place} onChange={choose} allowDeselect={false} searchable />
      {members.error ? (
        <Text role="status">{members.error instanceof Refused && members.error.code === "not_allowed" ? say("noRights") : members.error.message}</Text>
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
        <div>
          <Text fw={600}>{member.name}</Text>
          <Text size="sm" c="dimmed">
            {member.id} · {roleWord(member.role)} {say("roleAt", member.at ? placeName(member.at) : say("wholeHub"))}
            {member.ends ? ` · ${say("until", when(member.ends))}` : ""}
          </Text>
        </div>
        <Group gap="xs" justify="flex-end">
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
            <Button size="compact-sm" variant="default" loading={doing.busy} onClick={() => void take()} aria-label={`${say("takeRole")}: ${member.name}`}>
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
  const give = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    const path = `/places/${encodeURIComponent(place)}/people/${encodeURIComponent(user.trim())}`;
    if (await doing.run(() => ask(path, "PUT", { role, ends: endOf(day) ?? null }))) {
      setUser("");
      done();
    }
  };
  return (
    <Card withBorder component="section" aria-label={say("giveRole")} id="give" tabIndex={-1}>
      <form onSubmit={(event) => void give(event)}>
        <Stack gap="sm">
          <Title order={2} size="h4">
            {say("giveRole")}
          </Title>
          <Group align="end">
            <TextInput label={say("who")} required value={user} onChange={(event) => setUser(event.currentTarget.value)} />
            <Select label={say("role")} data={roleData()} value={role} onChange={setRole} allowDeselect={false} />
            <TextInput type="date" label={say("ends")} value={day} onChange={(event) => setDay(event.currentTarget.value)} />
            <Button type="submit" loading={doing.busy}>
              {say("give")}
            </Button>
          </Group>
          <Trouble why={doing.why} />
        </Stack>
      </form>
    </Card>
  );
}

function Invite({ place, done }: { place: string; done: () => void }) {
  const doing = useDoing();
  const [name, setName] = useState("");
  const [role, setRole] = useState<string | null>("member");
  const [day, setDay] = useState("");
  const [made, setMade] = useState<Made | null>(null);
  const [copied, setCopied] = useState(false);
  const make = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setCopied(false);
    const end = endOf(day);
    await doing.run(async () => {
      setMade(await ask<Made>("/invitations", "POST", { name, grants: { [place]: role }, ends: end ? { [place]: end } : {} }));
      done();
    });
  };
  // where this browser is, the other one most likely gets to as well
  const link = made ? `${location.origin}/#/join/${made.code}` : "";
  return (
    <Card withBorder component="section" aria-label={say("inviteSomebody")} id="invite" tabIndex={-1}>
      <form onSubmit={(event) => void make(event)}>
        <Stack gap="sm">
          <Title order={2} size="h4">
            {say("inviteSomebody")}
          </Title>
          <Group align="end">
            <TextInput label={say("inviteFor")} value={name} onChange={(event) => setName(event.currentTarget.value)} />
            <Select label={say("role")} data={roleData()} value={role} onChange={setRole} allowDeselect={false} />
            <TextInput type="date" label={say("ends")} value={day} onChange={(event) => setDay(event.currentTarget.value)} />
            <Button type="submit" loading={doing.busy}>
              {say("makeLink")}
            </Button>
          </Group>
          <Trouble why={doing.why} />
          {made ? (
            <div role="status">
              <Text size="sm">{say("linkOnce")}</Text>
              <Picture svg={made.qr} text={link} />
              <Group>
                <Text size="sm" className="code" data-link>
                  {link}
                </Text>
                <Button size="compact-sm" variant="light" onClick={() => void navigator.clipboard?.writeText(link).then(() => setCopied(true))}>
                  {say(copied ? "copied_" : "copyLink")}
                </Button>
              </Group>
            </div>
          ) : null}
        </Stack>
      </form>
    </Card>
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
                .map(([place, role]) => `${roleWord(role)} ${say("roleAt", placeName(place))}`)
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
