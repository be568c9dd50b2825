/** The door: a name and password, or a token. */
import { Alert, Anchor, Button, Divider, Paper, Stack, Text, TextInput, Title } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useEffect, useState } from "react";
import { ask, Away, Refused, token } from "../api";
import type { components } from "../api.gen";
import { goElsewhere, signInElsewhere, takeBack } from "../elsewhere";
import { useHub } from "../hub";
import { canPasskey, signInWithPasskey } from "../passkey";
import { Secret } from "../secret";
import { reason } from "../trouble";
import { say } from "../words";

export function SignIn() {
  const hub = useHub();
  const [user, setUser] = useState("");
  const [password, setPassword] = useState("");
  const [key, setKey] = useState("");
  const [code, setCode] = useState("");
  const [wantsCode, setWantsCode] = useState(false);
  const [why, setWhy] = useState(hub.why);
  const [busy, setBusy] = useState(false);
  const queries = useQueryClient();
  // what the one before saw is not for the next
  useEffect(() => queries.clear(), [queries]);
  const ways = useQuery({ queryKey: ["ways"], queryFn: () => ask<components["schemas"]["Ways"]>("/login") });
  const elsewhere = ways.data?.oidc;
  useEffect(() => {
    const back = takeBack(false);
    if (typeof back === "string") setWhy(say("elsewhereFailed", back));
    if (back === null || typeof back === "string") return;
    setBusy(true);
    signInElsewhere(back)
      .then((found) => hub.enter(found))
      .catch((error: unknown) => setWhy(reason(error)))
      .finally(() => setBusy(false));
    // once: what came back is for one use
  }, []);
  const goThere = async (): Promise<void> => {
    setBusy(true);
    setWhy("");
    try {
      await goElsewhere();
    } catch (error) {
      setWhy(reason(error));
      setBusy(false);
    }
  };
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
        const found = await ask<{ token: string }>("/login", "POST", { user, password, ...(code ? { code } : {}) });
        hub.enter(found.token);
      }
    } catch (error) {
      token.drop();
      const asksFirst = error instanceof Refused && error.code === "second_factor" && !wantsCode;
      if (error instanceof Refused && error.code === "second_factor") setWantsCode(true);
      setCode("");
      setWhy(asksFirst ? "" : reason(error));
    } finally {
      setBusy(false);
    }
  };
  const withPasskey = async (): Promise<void> => {
    setBusy(true);
    setWhy("");
    try {
      hub.enter(await signInWithPasskey());
    } catch (error) {
      // the browser has told its person already what it did not find, or that they gave up
      if (error instanceof Refused || error instanceof Away) setWhy(reason(error));
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
        {ways.data?.setup ? (
          <Alert color="teal" role="note" data-setup>
            {say("nobodyYet")} <Anchor underline="always" href="/setup">{say("setupCode")}</Anchor>
          </Alert>
        ) : null}
        <TextInput label={say("user")} autoComplete="username" value={user} onChange={(event) => setUser(event.currentTarget.value)} />
        <Secret label={say("password")} autoComplete="current-password" value={password} onChange={(event) => setPassword(event.currentTarget.value)} />
        {wantsCode ? (
          <TextInput label={say("wantsCode")} autoFocus autoComplete="one-time-code" value={code} onChange={(event) => setCode(event.currentTarget.value)} />
        ) : null}
        {canPasskey() ? (
          <Button variant="light" loading={busy} onClick={() => void withPasskey()}>
            {say("signInPasskey")}
          </Button>
        ) : null}
        {elsewhere ? (
          <Button variant="light" loading={busy} onClick={() => void goThere()}>
            {say("elsewhereSignIn", elsewhere)}
          </Button>
        ) : null}
        <Divider label={say("or")} />
        <Secret label={say("token")} autoComplete="off" value={key} onChange={(event) => setKey(event.currentTarget.value)} />
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
