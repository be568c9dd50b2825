/** The account at another service that one signs in with. */
import { Button, Group, Text } from "@mantine/core";
import { queryOptions, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { ask } from "../api";
import type { components } from "../api.gen";
import { goElsewhere, linkElsewhere, takeBack } from "../elsewhere";
import { reason, Trouble, useDoing } from "../trouble";
import { say, when } from "../words";
import { Section } from "./section";

const pathOf = (user: string): string => `/users/${encodeURIComponent(user)}/oidc`;

/** What stands here, for whoever must know whether it was read. */
export const elsewhereOf = (user: string) => queryOptions({ queryKey: ["elsewhere", user], queryFn: () => ask<{ items: components["schemas"]["Linked"][] }>(pathOf(user)) });

export const WAYS = queryOptions({ queryKey: ["ways"], queryFn: () => ask<components["schemas"]["Ways"]>("/login") });

export function Elsewhere({ user }: { user: string }) {
  const queries = useQueryClient();
  const doing = useDoing();
  const path = pathOf(user);
  const ways = useQuery(WAYS);
  const found = useQuery(elsewhereOf(user));
  const again = (): Promise<void> => queries.invalidateQueries({ queryKey: ["elsewhere"] });
  const { run, setWhy } = doing;
  useEffect(() => {
    const back = takeBack(true);
    if (typeof back === "string") setWhy(say("elsewhereFailed", back));
    else if (back) void run(() => linkElsewhere(back).then(() => queries.invalidateQueries({ queryKey: ["elsewhere"] })));
    // once: what came back is for one use
  }, []);
  const name = ways.data?.oidc;
  const items = found.data?.items ?? [];
  if (!name && items.length === 0 && !found.error) return null;
  return (
    <Section id="elsewhere" title={say("elsewhere")} text={say("elsewhereText")}>
      {items.map((each) => (
        <div key={each.issuer + each.subject} data-linked={each.subject}>
          <Text>{each.issuer}</Text>
          <Text size="sm" c="dimmed">
            {say("made", when(each.created))}
          </Text>
        </div>
      ))}
      <Group>
        {name ? (
          <Button variant="light" loading={doing.busy} onClick={() => void doing.run(() => goElsewhere(user))}>
            {say("elsewhereLink", name)}
          </Button>
        ) : null}
        {items.length > 0 ? (
          <Button variant="default" loading={doing.busy} onClick={() => void doing.run(() => ask(path, "DELETE").then(again))}>
            {say("elsewhereUnlink")}
          </Button>
        ) : null}
      </Group>
      <Trouble why={doing.why || (found.error ? reason(found.error) : "")} />
    </Section>
  );
}
