/** Who came in, who failed to, and who let whom do what. */
import { Button, Group, Select, Stack, Text, TextInput, Title } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { ask } from "../api";
import type { components } from "../api.gen";
import { reason, Trouble } from "../trouble";
import { say, useLang, type Word, when } from "../words";

type Entry = components["schemas"]["AccessEntry"];

const ACTS: Word[] = ["signed_in", "sign_in_failed", "signed_out", "set_up", "invited", "invitation_revoked", "joined", "user_added", "user_changed", "user_removed", "role_given", "role_taken", "token_made", "token_revoked", "session_ended", "password_changed", "totp_on", "totp_off", "recovery_made", "passkey_added", "passkey_removed", "oidc_changed", "oidc_linked", "oidc_unlinked"];

const told = (detail: Entry["detail"]): string =>
  Object.entries(detail)
    .filter(([, value]) => value !== null && value !== "")
    .map(([key, value]) => `${key}: ${typeof value === "object" ? JSON.stringify(value) : String(value)}`)
    .join(" · ");

export function Audit() {
  useLang();
  const [user, setUser] = useState("");
  const [act, setAct] = useState<string | null>(null);
  const found = useInfiniteQuery({
    queryKey: ["audit", user, act],
    initialPageParam: "",
    queryFn: ({ pageParam }) => {
      const wanted = new URLSearchParams({ limit: "50", ...(user.trim() ? { user: user.trim() } : {}), ...(act ? { act } : {}), ...(pageParam ? { after: pageParam } : {}) });
      return ask<{ items: Entry[]; next: string | null }>(`/audit?${wanted}`);
    },
    getNextPageParam: (page) => page.next,
    retry: false,
  });
  const lines = found.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Stack gap="md" maw={1000} mx="auto">
      <Title order={1} size="h2">
        {say("audit")}
      </Title>
      <Text c="dimmed">{say("auditText")}</Text>
      <Group align="end">
        <TextInput label={say("auditWho")} value={user} onChange={(event) => setUser(event.currentTarget.value)} />
        <Select label={say("auditAct")} data={ACTS.map((each) => ({ value: each, label: say(each) }))} value={act} onChange={setAct} clearable searchable />
      </Group>
      {found.error ? <Trouble why={reason(found.error)} /> : null}
      {found.data && !lines.length ? <Text role="status">{say("nothingThere")}</Text> : null}
      <Stack gap={6} component="ul" className="plain" aria-label={say("audit")}>
        {lines.map((line) => (
          <li key={line.number} data-act={line.act}>
            <Text size="sm">
              <b>{line.by || "?"}</b> {say(line.act as Word)} {line.about && line.about !== line.by ? <b>{line.about}</b> : null}
            </Text>
            <Text size="xs" c="dimmed" className="breaks">
              {when(line.at)} · {line.address} {told(line.detail)}
            </Text>
          </li>
        ))}
      </Stack>
      {found.hasNextPage ? (
        <Group>
          <Button variant="default" loading={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>
            {say("more")}
          </Button>
        </Group>
      ) : null}
    </Stack>
  );
}
