/** The authenticator app: its secret as a picture, the code that confirms it, recovery codes shown once. */
import { Badge, Button, Group, Text, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { ask } from "../api";
import type { components } from "../api.gen";
import { Picture } from "../pages/people";
import { Trouble, useDoing } from "../trouble";
import { say } from "../words";
import { Section } from "./section";

export function Authenticator({ user, factors }: { user: string; factors: components["schemas"]["Factors"] }) {
  const queries = useQueryClient();
  const doing = useDoing();
  const [begun, setBegun] = useState<components["schemas"]["TotpNew"] | null>(null);
  const [code, setCode] = useState("");
  const [codes, setCodes] = useState<string[]>([]);
  const path = `/users/${encodeURIComponent(user)}`;
  const send = async (what: string, then: (found: { codes?: string[] }) => void): Promise<void> => {
    const done = await doing.run(async () => then(await ask<{ codes?: string[] }>(`${path}/${what}`, "POST", { code })));
    setCode("");
    if (done) void queries.invalidateQueries({ queryKey: ["factors"] });
  };
  const confirm = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    await send("totp/confirm", (found) => {
      setCodes(found.codes ?? []);
      setBegun(null);
    });
  };
  const field = (
    <TextInput label={say("codeOfApp")} inputMode="numeric" autoComplete="one-time-code" value={code} onChange={(event) => setCode(event.currentTarget.value)} />
  );
  return (
    <Section id="authenticator" title={say("totp")} text={say("totpText")}>
      <Group>
        <Badge variant="light" color={factors.totp ? "teal" : "gray"} data-totp={factors.totp}>
          {say(factors.totp ? "totpOn" : "totpOff")}
        </Badge>
        {factors.totp ? <Text size="sm">{say("recoveryLeft", factors.recovery)}</Text> : null}
      </Group>
      {!factors.totp && !begun ? (
        <Group>
          <Button variant="light" loading={doing.busy} onClick={() => void doing.run(async () => setBegun(await ask(`${path}/totp`, "POST")))}>
            {say("totpBegin")}
          </Button>
        </Group>
      ) : null}
      {begun ? (
        <form onSubmit={(event) => void confirm(event)}>
          <Text size="sm">{say("totpScan")}</Text>
          <Picture svg={begun.qr} text={begun.uri} />
          <Text size="sm" className="code" data-secret>
            {begun.secret}
          </Text>
          <Group align="end" mt="sm">
            {field}
            <Button type="submit" loading={doing.busy}>
              {say("confirm")}
            </Button>
          </Group>
        </form>
      ) : null}
      {factors.totp ? (
        <Group align="end">
          {field}
          <Button variant="default" loading={doing.busy} onClick={() => void send("recovery", (found) => setCodes(found.codes ?? []))}>
            {say("recoveryNew")}
          </Button>
          <Button variant="default" loading={doing.busy} onClick={() => void send("totp/off", () => setCodes([]))}>
            {say("turnOff")}
          </Button>
        </Group>
      ) : null}
      {codes.length ? (
        <div role="status">
          <Text fw={600}>{say("recovery")}</Text>
          <Text size="sm">{say("recoveryText")}</Text>
          <Text className="code codes">{codes.join("\n")}</Text>
        </div>
      ) : null}
      <Trouble why={doing.why} />
    </Section>
  );
}
