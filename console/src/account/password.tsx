/** Another password, with the one so far. */
import { Button, Group, Text } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { ask } from "../api";
import { Secret } from "../secret";
import { Trouble, useDoing } from "../trouble";
import { say } from "../words";
import { Section } from "./section";

export function Password({ user }: { user: string }) {
  const doing = useDoing();
  const [old, setOld] = useState("");
  const [next, setNext] = useState("");
  const [done, setDone] = useState(false);
  const change = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setDone(false);
    if (await doing.run(() => ask(`/users/${encodeURIComponent(user)}`, "PATCH", { password: next, old_password: old }))) {
      setOld("");
      setNext("");
      setDone(true);
    }
  };
  return (
    <Section id="password" title={say("changePassword")}>
      <form onSubmit={(event) => void change(event)}>
        <Group align="end">
          <Secret className="field" label={say("oldPassword")} required autoComplete="current-password" value={old} onChange={(event) => setOld(event.currentTarget.value)} />
          <Secret className="field" label={say("newPassword")} required minLength={8} autoComplete="new-password" value={next} onChange={(event) => setNext(event.currentTarget.value)} />
          <Button type="submit" loading={doing.busy}>
            {say("changePassword")}
          </Button>
        </Group>
      </form>
      <Trouble why={doing.why} />
      {done ? <Text role="status">{say("passwordChanged")}</Text> : null}
    </Section>
  );
}
