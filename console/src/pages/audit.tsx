/** Who came in, who failed to, and who let whom do what. */
import { Button, Group, Select, Stack, Text, TextInput, Title } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { ask } from "../api";
import type { components } from "../api.gen";
import { placeName, roleAt, roleWord } from "../people/form";
import { reason, Trouble } from "../trouble";
import { say, useLang, type Word, wordsOf, when } from "../words";

type Entry = components["schemas"]["AccessEntry"];

const ACTS: Word[] = ["signed_in", "sign_in_failed", "signed_out", "set_up", "invited", "invitation_revoked", "joined", "user_added", "user_changed", "user_removed", "role_given", "role_taken", "token_made", "token_revoked", "session_ended", "password_changed", "totp_on", "totp_off", "recovery_made", "passkey_added", "passkey_removed", "oidc_changed", "oidc_linked", "oidc_unlinked"];

/** What an entry may say, by the hub's own keys, and how somebody came in. */
const EN = {
  how: "by", why: "why", name: "name", role: "role", place: "place", grants: "roles", ends: "until", expires: "until", scopes: "rights", issuer: "issuer", admit: "lets in who is new", session: "session", sessions: "sessions", token: "token", invitation: "invitation",
  passwordAndCode: "password and code", oidc: "another service", passkey: "passkey", disabled: "disabled",
};
const tell = wordsOf(EN, {
  how: "方式", why: "原因", name: "名称", role: "角色", place: "位置", grants: "角色", ends: "截止", expires: "截止", scopes: "权限", issuer: "身份提供方", admit: "接纳新来者", session: "会话", sessions: "会话数", token: "令牌", invitation: "邀请",
  passwordAndCode: "密码和验证码", oidc: "其他服务", passkey: "通行密钥", disabled: "停用",
});
const HOW: Record<string, () => string> = { password: () => say("password").toLowerCase(), "password and code": () => tell("passwordAndCode"), oidc: () => tell("oidc"), passkey: () => tell("passkey") };
const known = (key: string): key is keyof typeof EN => key in EN;

/** One value of an entry in words; "" where it says nothing. */
function worded(key: string, value: unknown): string {
  if (value === null || value === "") return "";
  if (key === "role") return roleWord(String(value));
  if (key === "place") return placeName(String(value));
  if (key === "how") return HOW[String(value)]?.() ?? String(value);
  if ((key === "ends" || key === "expires") && typeof value === "string") return when(value);
  if (Array.isArray(value)) return value.map(String).join(", ");
  if (typeof value === "object")
    return Object.entries(value)
      .map(([place, one]) => (key === "ends" ? `${placeName(place)}: ${when(String(one))}` : roleAt(String(one), place)))
      .join(", ");
  return typeof value === "boolean" ? say(value ? "yes" : "no") : String(value);
}

const told = (detail: Entry["detail"]): string =>
  Object.entries(detail)
    .map(([key, value]) => [known(key) ? tell(key) : key, worded(key, value)] as const)
    .filter(([, value]) => value)
    .map(([key, value]) => `${key}: ${value}`)
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
