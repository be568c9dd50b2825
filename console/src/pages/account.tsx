/** My account: what I sign in with, where I am signed in, the tokens of my programs. */
import { Button, Group, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Authenticator } from "../account/authenticator";
import { Elsewhere } from "../account/elsewhere";
import { Passkeys } from "../account/passkeys";
import { Password } from "../account/password";
import { Sessions } from "../account/sessions";
import { Tokens } from "../account/tokens";
import { ask } from "../api";
import type { components } from "../api.gen";
import { useShown } from "../shown";
import { signOut } from "../signout";
import { Waiting } from "../trouble";
import { personName, say, useLang } from "../words";
import { roleWord } from "../people/form";

/** ``at``: the part that was looked for. */
export function Account({ at }: { at?: string }) {
  useLang();
  const me = useQuery({ queryKey: ["me"], queryFn: () => ask<components["schemas"]["Person"]>("/me") });
  const user = me.data?.id ?? "";
  const factors = useQuery({
    queryKey: ["factors", user],
    queryFn: () => ask<components["schemas"]["Factors"]>(`/users/${encodeURIComponent(user)}/factors`),
    enabled: user !== "",
  });
  useShown(at, factors.data !== undefined);
  if (!me.data || !factors.data) return <Waiting error={me.error ?? factors.error} />;
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
          <Button component="a" href="#/people" variant="light" size="compact-sm">
            {say("people")}
          </Button>
          <Button component="a" href="#/audit" variant="light" size="compact-sm">
            {say("audit")}
          </Button>
          <Button hiddenFrom="sm" variant="default" size="compact-sm" onClick={() => void signOut()}>
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
