/** The door: a name and password, or a token. */
import { Alert, Button, Divider, Paper, PasswordInput, Stack, Text, TextInput, Title } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { ask, Away, Refused, token } from "../api";
import { useHub } from "../hub";
import { say } from "../words";

export function SignIn() {
  const hub = useHub();
  const [user, setUser] = useState("");
  const [password, setPassword] = useState("");
  const [key, setKey] = useState("");
  const [why, setWhy] = useState(hub.why);
  const [busy, setBusy] = useState(false);
  const enter = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setWhy("");
    try {
      const typed = key.trim();
      if (typed) {
        token.set(typed);
        await ask("/me");
        hub.enter(typed);
      } else {
        const found = await ask<{ token: string }>("/login", "POST", { user, password });
        hub.enter(found.token);
      }
    } catch (error) {
      token.drop();
      setWhy(error instanceof Refused ? error.whole : error instanceof Away ? say("away") : String(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Paper component="form" maw={380} mx="auto" mt="10vh" p="lg" radius="md" withBorder onSubmit={(event) => void enter(event as unknown as FormEvent)}>
      <Stack gap="sm">
        <Title order={1} size="h3">
          Unisono
        </Title>
        {why ? (
          <Alert color="red" role="alert">
            {why}
          </Alert>
        ) : null}
        <TextInput label={say("user")} autoComplete="username" value={user} onChange={(event) => setUser(event.currentTarget.value)} />
        <PasswordInput label={say("password")} autoComplete="current-password" value={password} onChange={(event) => setPassword(event.currentTarget.value)} />
        <Divider label={say("or")} />
        <PasswordInput label={say("token")} autoComplete="off" value={key} onChange={(event) => setKey(event.currentTarget.value)} />
        <Button type="submit" loading={busy}>
          {say("signIn")}
        </Button>
        <Text size="xs" c="dimmed">
          {say("tokenHint")}
        </Text>
      </Stack>
    </Paper>
  );
}
