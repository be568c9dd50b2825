/** What the forms of people and accounts have in common: a section with its heading, fields in a row, one button, what went wrong. */
import { Button, Card, Group, Select, Stack, TextInput, Title } from "@mantine/core";
import type { FormEvent, ReactNode } from "react";
import { hub } from "../hub";
import { Trouble, type Doing } from "../trouble";
import { called, language, say, type Word } from "../words";

const ROLES = ["member", "guest", "owner", "operator", "viewer"] as const;
const WORDS: Record<string, Word> = { owner: "roleOwner", member: "roleMember", guest: "roleGuest", operator: "roleOperator", viewer: "roleViewer", administrator: "roleAdministrator" };

export const roleWord = (role: string): string => (WORDS[role] ? say(WORDS[role]) : role);
export const placeName = (id: string): string => called(hub.places.get(id) ?? { name: id });
/** "member at Home"; in Chinese the place comes first. */
export const roleIn = (role: string, place: string): string => (language() === "zh" ? say("roleAt", place) + roleWord(role) : `${roleWord(role)} ${say("roleAt", place)}`);
export const roleAt = (role: string, place: string | null): string => roleIn(role, place ? placeName(place) : say("wholeHub"));

interface Props {
  title: string;
  id?: string;
  act: string;
  doing: Doing;
  submit: () => Promise<void>;
  children: ReactNode;
  /** What came of it. */
  after?: ReactNode;
}

export function Form({ title, id, act, doing, submit, children, after }: Props) {
  const send = (event: FormEvent): void => {
    event.preventDefault();
    void submit();
  };
  return (
    <Card withBorder component="section" aria-label={title} id={id} tabIndex={id ? -1 : undefined}>
      <form onSubmit={send}>
        <Stack gap="sm">
          <Title order={2} size="h4">
            {title}
          </Title>
          <Group align="end">
            {children}
            <Button type="submit" loading={doing.busy}>
              {act}
            </Button>
          </Group>
          <Trouble why={doing.why} />
          {after}
        </Stack>
      </form>
    </Card>
  );
}

export const RoleField = ({ value, set, disabled }: { value: string | null; set: (role: string | null) => void; disabled?: boolean }) => (
  <Select label={say("role")} data={ROLES.map((role) => ({ value: role, label: roleWord(role) }))} value={value} onChange={set} allowDeselect={false} disabled={disabled} />
);

export const DayField = ({ value, set }: { value: string; set: (day: string) => void }) => <TextInput type="date" label={say("ends")} value={value} onChange={(event) => set(event.currentTarget.value)} />;

/** The end of a day, as it is here. */
export const endOf = (day: string): string | undefined => (day ? new Date(`${day}T23:59:59`).toISOString() : undefined);
