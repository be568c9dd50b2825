/** The service of somebody else through which people may sign in: one, for who runs the hub. */
import { Button, Checkbox, Text, TextInput } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { ask, Refused } from "../api";
import type { components } from "../api.gen";
import { useDoing } from "../trouble";
import { say } from "../words";
import { Form } from "./form";

type Oidc = components["schemas"]["Oidc"];

const read = async (): Promise<Oidc | null> => {
  const ways = await ask<{ oidc: string | null }>("/login"); // says whether there is one, without a complaint when there is none
  if (!ways.oidc) return null;
  return ask<Oidc>("/oidc").catch((error: unknown) => {
    if (error instanceof Refused && error.code === "not_found") return null;
    throw error;
  });
};

export function IssuerForm() {
  const found = useQuery({ queryKey: ["issuer"], queryFn: read });
  if (found.data === undefined) return null;
  return <Fields key={JSON.stringify(found.data)} kept={found.data} />;
}

function Fields({ kept }: { kept: Oidc | null }) {
  const queries = useQueryClient();
  const doing = useDoing();
  const [typed, setTyped] = useState({ issuer: kept?.issuer ?? "", client_id: kept?.client_id ?? "", name: kept?.name ?? "", admit: kept?.admit ?? false });
  const [secret, setSecret] = useState("");
  const put = (part: Partial<typeof typed>): void => setTyped({ ...typed, ...part });
  const again = async (): Promise<void> => {
    await queries.invalidateQueries({ queryKey: ["issuer"] });
    await queries.invalidateQueries({ queryKey: ["ways"] });
  };
  const save = async (): Promise<void> => {
    const body = { ...typed, issuer: typed.issuer.trim(), client_id: typed.client_id.trim(), ...(secret ? { client_secret: secret } : {}) };
    await doing.run(() => ask("/oidc", "PUT", body).then(again)); // busy until it is read again: nothing is asked of what is being removed
  };
  const after = (
    <>
      <Text size="sm" c="dimmed">
        {say("issuerReturns")} <span className="code">{kept?.redirect ?? `${location.origin}/`}</span>
      </Text>
      {kept ? (
        <div>
          <Button variant="default" loading={doing.busy} onClick={() => void doing.run(() => ask("/oidc", "DELETE").then(again))} aria-label={`${say("remove")}: ${kept.name}`}>
            {say("remove")}
          </Button>
        </div>
      ) : null}
    </>
  );
  return (
    <Form title={say("issuer")} id="issuer" act={say("issuerSave")} doing={doing} submit={save} after={after}>
      <Text size="sm" c="dimmed" w="100%">
        {say("issuerText")}
      </Text>
      <TextInput label={say("issuerAddress")} required type="url" placeholder="https://id.example.org" value={typed.issuer} onChange={(event) => put({ issuer: event.currentTarget.value })} />
      <TextInput label={say("issuerName")} required value={typed.name} onChange={(event) => put({ name: event.currentTarget.value })} />
      <TextInput label={say("issuerClient")} required autoComplete="off" value={typed.client_id} onChange={(event) => put({ client_id: event.currentTarget.value })} />
      <TextInput label={say("issuerSecret")} type="password" autoComplete="new-password" placeholder={kept?.secret ? say("issuerKept") : say("optional")} value={secret} onChange={(event) => setSecret(event.currentTarget.value)} />
      <Checkbox label={say("issuerAdmit")} checked={typed.admit} onChange={(event) => put({ admit: event.currentTarget.checked })} />
    </Form>
  );
}
