/** My account: what I sign in with, where I am signed in, the tokens of my programs. */
import { Button, Group, Stack, Text, Title } from "@mantine/core";
import { useQueries, useQuery, type UseQueryOptions } from "@tanstack/react-query";
import { useRef } from "react";
import { Authenticator } from "../account/authenticator";
import { Elsewhere, elsewhereOf, WAYS } from "../account/elsewhere";
import { Passkeys, passkeysOf } from "../account/passkeys";
import { Password } from "../account/password";
import { Sessions, sessionsOf } from "../account/sessions";
import { Tokens, tokensOf } from "../account/tokens";
import { ask } from "../api";
import { may } from "../rights";
import type { components } from "../api.gen";
import { useHub } from "../hub";
import { useShown } from "../shown";
import { signOut } from "../signout";
import { Waiting } from "../trouble";
import { personName, say, useLang } from "../words";
import { roleWord } from "../people/form";

/** ``at``: the part that was looked for. */
export function Account({ at }: { at?: string }) {
  useLang();
  useHub();
  const me = useQuery({ queryKey: ["me"], queryFn: () => ask<components["schemas"]["Person"]>("/me") });
  const user = me.data?.id ?? "";
  const factors = useQuery({
    queryKey: ["factors", user],
    queryFn: () => ask<components["schemas"]["Factors"]>(`/users/${encodeURIComponent(user)}/factors`),
    enabled: user !== "",
  });
  // all at once: a part that comes later pushes away what somebody has a finger on already
  const parts = useQueries({ queries: [elsewhereOf(user), passkeysOf(user), sessionsOf(user), tokensOf(user)].map((each) => ({ ...each, enabled: user !== "" }) as UseQueryOptions) });
  const ways = useQuery(WAYS);
  const came = useRef(false);
  came.current ||= factors.data !== undefined && !ways.isLoading && !parts.some((each) => each.isLoading);
  useShown(at, came.current);
  if (!me.data || !factors.data || !came.current) return <Waiting error={me.error ?? factors.error} />;
  return (
    <Stack gap="md" maw={820} mx="auto">
      <Group justify="space-between">
        <div>
          <Title order={1} size="h2">
            {say("account")}
          </Title>
          <Text c="dimmed">
            {personName(me.data)} · {user}
            {me.data.role ? ` · ${roleWord(me.data.role)}` : ""}
          </Text>
        </div>
        <Group gap="xs">
          {may("administer") ? (
            <Button component="a" href="#/people" variant="light" size="compact-sm">
              {say("people")}
            </Button>
          ) : null}
          <Button component="a" href="#/audit" variant="light" size="compact-sm">
            {say("audit")}
          </Button>
          <Button hiddenFrom="md" variant="default" size="compact-sm" onClick={() => void signOut()}>
            {say("signOut")}
          </Button>
        </Group>
      </Group>
      {factors.data.password ? <Password user={user} /> : null}
      {factors.data.password ? <Authenticator user={user} factors={factors.data} /> : null}
      <Passkeys user={user} />
      <Elsewhere user={user} />
      <Sessions user={user} />
      <Tokens user={user} />
    </Stack>
  );
}
