/** Taking an invitation: with a new account, or with the one that is signed in. */
import { Button, Paper, Stack, Text, TextInput, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { ask } from "../api";
import type { components } from "../api.gen";
import { hub, useHub } from "../hub";
import { roleAt, roleIn } from "../people/form";
import { Secret } from "../secret";
import { reason, Trouble, useDoing } from "../trouble";
import { called, personName, say, useLang, when } from "../words";

type Shown = components["schemas"]["InvitationShown"];

export function Join({ code }: { code: string }) {
  useLang();
  const { signedIn } = useHub();
  const doing = useDoing();
  const [user, setUser] = useState("");
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const shown = useQuery({ queryKey: ["invitation", code], queryFn: () => ask<Shown>("/invitations/look", "POST", { code }), retry: false, staleTime: Infinity });
  const enter = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    await doing.run(async () => {
      if (signedIn) {
        await ask("/invitations/accept", "POST", { code });
      } else {
        const made = await ask<{ token: string }>("/join", "POST", { code, user: user.trim(), password, ...(name ? { name } : {}) });
        hub.enter(made.token);
      }
      location.hash = "#/";
    });
  };
  return (
    <Paper component="form" maw={420} mx="auto" mt="6vh" p="lg" radius="md" withBorder onSubmit={(event) => void enter(event as unknown as FormEvent)}>
      <Stack gap="sm">
        <Title order={1} size="h3">
          {say("invited_")}
        </Title>
        {shown.error ? (
          <>
            <Trouble why={reason(shown.error)} />
            <Button component="a" href="#/" variant="light">
              {say(signedIn ? "toOverview" : "signIn")}
            </Button>
          </>
        ) : null}
        {shown.data ? (
          <>
            <Text>{say("invitedBy", personName({ id: shown.data.by, name: shown.data.by_name || shown.data.by }))}</Text>
            <Text>{say("yourRoles")}</Text>
            <ul className="plain">
              {shown.data.role ? (
                <li>
                  {roleAt(shown.data.role, null)}
                </li>
              ) : null}
              {shown.data.places.map((each) => (
                <li key={each.place}>
                  {roleIn(each.role, called(each))}
                  {each.ends ? ` · ${say("until", when(each.ends))}` : ""}
                </li>
              ))}
            </ul>
            {signedIn ? null : (
              <>
                <TextInput label={say("joinName")} autoComplete="name" value={name} onChange={(event) => setName(event.currentTarget.value)} />
                <TextInput label={say("joinUser")} required autoComplete="username" value={user} onChange={(event) => setUser(event.currentTarget.value.toLowerCase())} />
                <Secret label={say("newPassword")} description={say("passwordLong")} required minLength={8} autoComplete="new-password" value={password} onChange={(event) => setPassword(event.currentTarget.value)} />
              </>
            )}
            <Trouble why={doing.why} />
            <Button type="submit" loading={doing.busy}>
              {say(signedIn ? "takeIt" : "join")}
            </Button>
            {signedIn ? null : (
              <Text size="xs" c="dimmed">
                {say("haveAccount")}
              </Text>
            )}
          </>
        ) : null}
      </Stack>
    </Paper>
  );
}
