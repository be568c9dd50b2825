/** Passkeys: the ones there are, another one, one less. */
import { Button, Group, Text, TextInput } from "@mantine/core";
import { queryOptions, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { ask } from "../api";
import type { components } from "../api.gen";
import { addPasskey, canPasskey } from "../passkey";
import { reason, Trouble, useDoing } from "../trouble";
import { say, when } from "../words";
import { Section } from "./section";

const pathOf = (user: string): string => `/users/${encodeURIComponent(user)}/passkeys`;

/** What stands here, for whoever must know whether it was read. */
export const passkeysOf = (user: string) => queryOptions({ queryKey: ["passkeys", user], queryFn: () => ask<{ items: components["schemas"]["Passkey"][] }>(pathOf(user)) });

export function Passkeys({ user }: { user: string }) {
  const queries = useQueryClient();
  const doing = useDoing();
  const [name, setName] = useState("");
  const path = pathOf(user);
  const found = useQuery(passkeysOf(user));
  const again = (): Promise<void> => queries.invalidateQueries({ queryKey: ["passkeys"] });
  const add = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    await doing.run(() => addPasskey(user, name).then(again));
    setName("");
  };
  return (
    <Section id="passkeys" title={say("passkeys")} text={say("passkeysText")}>
      {found.data?.items.length === 0 ? <Text size="sm">{say("noPasskeys")}</Text> : null}
      {found.data?.items.map((each) => (
        <Group key={each.id} justify="space-between" data-passkey={each.name}>
          <div>
            <Text>{each.name}</Text>
            <Text size="sm" c="dimmed">
              {each.host} · {each.used ? say("lastUsed", when(each.used)) : say("unused")}
            </Text>
          </div>
          <Button size="compact-sm" variant="default" aria-label={`${say("remove")}: ${each.name}`} onClick={() => void doing.run(() => ask(`${path}/${each.id}`, "DELETE").then(again))}>
            {say("remove")}
          </Button>
        </Group>
      ))}
      {canPasskey() ? (
        <form onSubmit={(event) => void add(event)}>
          <Group align="end">
            <TextInput label={say("passkeyName")} value={name} onChange={(event) => setName(event.currentTarget.value)} />
            <Button type="submit" variant="light" loading={doing.busy}>
              {say("passkeyAdd")}
            </Button>
          </Group>
        </form>
      ) : (
        <Text size="sm">{say("passkeyNeeds")}</Text>
      )}
      <Trouble why={doing.why || (found.error ? reason(found.error) : "")} />
    </Section>
  );
}
