/** Tokens of programs: made with as few rights as they need, shown once. */
import { Button, Group, MultiSelect, Select, Text, TextInput } from "@mantine/core";
import { queryOptions, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { wayTo } from "../adding/places";
import { all, ask } from "../api";
import type { components } from "../api.gen";
import { Copy } from "../copy";
import { hub, useHub } from "../hub";
import { placeName } from "../people/form";
import { reason, Trouble, useDoing } from "../trouble";
import { say, type Word, when } from "../words";
import { Section } from "./section";

const RIGHTS: [string, Word][] = [["read", "actRead"], ["control", "actControl"], ["automate", "actAutomate"], ["configure", "actConfigure"], ["administer", "actAdminister"], ["operate_hub", "actHub"]];
const DAY_S = 86_400;

/** ``read@home`` as words; topics as they are. */
function scoped(scope: string): string {
  const [right = "", place] = scope.split("@");
  const word = RIGHTS.find(([each]) => each === right)?.[1];
  if (!word) return scope;
  return place ? `${say(word)} (${placeName(place)})` : say(word);
}

const pathOf = (user: string): string => `/users/${encodeURIComponent(user)}/tokens`;

/** What stands here, for whoever must know whether it was read. */
export const tokensOf = (user: string) => queryOptions({ queryKey: ["tokens", user], queryFn: () => all<components["schemas"]["Token"]>(pathOf(user), 1000) });

export function Tokens({ user }: { user: string }) {
  useHub();
  const queries = useQueryClient();
  const doing = useDoing();
  const [name, setName] = useState("");
  const [rights, setRights] = useState<string[]>([]);
  const [place, setPlace] = useState<string | null>(null);
  const [topics, setTopics] = useState("");
  const [days, setDays] = useState<string | null>("90");
  const [made, setMade] = useState("");
  const path = pathOf(user);
  const found = useQuery(tokensOf(user));
  const again = (): Promise<void> => queries.invalidateQueries({ queryKey: ["tokens"] });
  const make = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setMade("");
    const scopes = [...rights.map((each) => (place ? `${each}@${place}` : each)), ...topics.split(/[\s,]+/).filter(Boolean)];
    const body = { name, ...(scopes.length ? { scopes } : {}), ...(days && days !== "0" ? { expires_s: Number(days) * DAY_S } : {}) };
    await doing.run(async () => {
      setMade((await ask<{ token: string }>(path, "POST", body)).token);
      setName("");
      await again();
    });
  };
  const places = [...hub.places.values()].map((each) => ({ value: each.id, label: wayTo(hub.places, each.id) }));
  return (
    <Section id="tokens" title={say("tokens")} text={say("tokensText")}>
      {found.data?.length === 0 ? <Text size="sm">{say("noTokens")}</Text> : null}
      {found.data?.map((each) => (
        <Group key={each.id} justify="space-between" wrap="nowrap" data-token={each.name}>
          <div>
            <Text>{each.name || each.id.slice(0, 10)}</Text>
            <Text size="sm" c="dimmed">
              {each.scopes ? each.scopes.map(scoped).join(", ") : say("tokenAll")} · {each.expires ? say("until", when(each.expires)) : say("noEnd")} · {each.seen ? say("lastUsed", when(each.seen)) : say("unused")}
            </Text>
          </div>
          <Button size="compact-sm" variant="default" className="firm" aria-label={`${say("revoke")}: ${each.name || each.id}`} onClick={() => void doing.run(() => ask(`${path}/${each.id}`, "DELETE").then(again))}>
            {say("revoke")}
          </Button>
        </Group>
      ))}
      <form onSubmit={(event) => void make(event)}>
        <Group align="end">
          <TextInput label={say("tokenName")} required value={name} onChange={(event) => setName(event.currentTarget.value)} />
          <MultiSelect className="field" label={say("tokenRights")} placeholder={rights.length ? undefined : say("tokenAll")} data={RIGHTS.map(([value, word]) => ({ value, label: say(word) }))} value={rights} onChange={setRights} />
          <Select label={say("tokenPlace")} placeholder={say("tokenEverywhere")} data={places} value={place} onChange={setPlace} clearable disabled={!rights.length} />
          <TextInput className="field" label={say("tokenTopics")} value={topics} onChange={(event) => setTopics(event.currentTarget.value)} />
          <Select label={say("tokenEnd")} data={["7", "30", "90", "365", "0"].map((each) => ({ value: each, label: each === "0" ? say("never_") : say("days", each) }))} value={days} onChange={setDays} allowDeselect={false} />
          <Button type="submit" variant="light" loading={doing.busy}>
            {say("tokenMake")}
          </Button>
        </Group>
      </form>
      {made ? (
        <div role="status">
          <Text size="sm">{say("tokenOnce")}</Text>
          <Group gap="xs">
            <Text size="sm" className="code" data-made>
              {made}
            </Text>
            <Copy text={made} of={say("token")} />
          </Group>
        </div>
      ) : null}
      <Trouble why={doing.why || (found.error ? reason(found.error) : "")} />
    </Section>
  );
}
