/** Where one is signed in. */
import { Badge, Button, Group, Text } from "@mantine/core";
import { queryOptions, useQuery, useQueryClient } from "@tanstack/react-query";
import { all, ask } from "../api";
import type { components } from "../api.gen";
import { reason, Trouble, useDoing } from "../trouble";
import { say, when } from "../words";
import { browserOf } from "./browser";
import { Section } from "./section";

const pathOf = (user: string): string => `/users/${encodeURIComponent(user)}/sessions`;

/** What stands here, for whoever must know whether it was read. */
export const sessionsOf = (user: string) => queryOptions({ queryKey: ["sessions", user], queryFn: () => all<components["schemas"]["Session"]>(pathOf(user), 1000) });

export function Sessions({ user }: { user: string }) {
  const queries = useQueryClient();
  const doing = useDoing();
  const path = pathOf(user);
  const found = useQuery(sessionsOf(user));
  const end = (which: string): Promise<boolean> => doing.run(() => ask(`${path}${which}`, "DELETE").then(() => queries.invalidateQueries({ queryKey: ["sessions"] })));
  return (
    <Section id="sessions" title={say("sessions")}>
      {found.data?.length === 0 ? <Text size="sm">{say("noSessions")}</Text> : null}
      {found.data?.map((each) => (
        <Group key={each.id} justify="space-between" wrap="nowrap" data-session={each.current ? "current" : "other"}>
          <div className="shrinks">
            <Text size="sm" truncate title={each.agent}>
              {browserOf(each.agent)}
            </Text>
            <Text size="sm" c="dimmed">
              {each.address}
              {each.created ? ` · ${say("since", when(each.created))}` : ""}
              {each.seen ? ` · ${say("lastUsed", when(each.seen))}` : ""}
            </Text>
          </div>
          {each.current ? (
            <Badge variant="light" color="teal" className="firm">
              {say("thisOne")}
            </Badge>
          ) : (
            <Button size="compact-sm" variant="default" className="firm" onClick={() => void end(`/${each.id}`)} aria-label={`${say("endSession")}: ${each.created ?? each.id}`}>
              {say("endSession")}
            </Button>
          )}
        </Group>
      ))}
      {(found.data?.length ?? 0) > 1 ? (
        <Group>
          <Button variant="default" loading={doing.busy} onClick={() => void end("")}>
            {say("endOthers")}
          </Button>
        </Group>
      ) : null}
      <Trouble why={doing.why || (found.error ? reason(found.error) : "")} />
    </Section>
  );
}
