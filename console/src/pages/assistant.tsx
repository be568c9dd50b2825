/** Plain words: what was understood is shown before and after, and what became of each thing. */
import { Badge, Button, Card, Checkbox, Code, Group, Stack, Text, TextInput, Title } from "@mantine/core";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { ask, Away, Refused, type Reply } from "../api";
import { hub } from "../hub";
import { called, language, say, useLang } from "../words";

interface Turn {
  said: string;
  reply?: Reply;
  wrong?: string;
}

// ours for as long as this page is open
const CONVERSATION = `console-${crypto.getRandomValues(new Uint32Array(2)).join("-")}`;
let turns: Turn[] = [];

export function Assistant({ first }: { first?: string }) {
  useLang();
  const [shown, setShown] = useState(turns);
  const [text, setText] = useState("");
  const [dry, setDry] = useState(false);
  const [busy, setBusy] = useState(false);
  const end = useRef<HTMLDivElement>(null);
  const begun = useRef(false);
  const keep = (next: Turn[]): void => {
    turns = next;
    setShown(next);
  };
  const put = async (said: string, confirm?: boolean): Promise<void> => {
    setBusy(true);
    const turn: Turn = { said };
    const before = turns;
    keep([...before, turn]);
    try {
      const body = { text: confirm === undefined ? said : "", lang: language(), conversation: CONVERSATION, dry_run: dry, ...(confirm === undefined ? {} : { confirm }) };
      turn.reply = await ask<Reply>("/assist", "POST", body);
    } catch (error) {
      turn.wrong = error instanceof Refused ? error.whole : error instanceof Away ? say("away") : String(error);
    }
    keep([...before, { ...turn }]);
    setBusy(false);
  };
  useEffect(() => {
    if (first && !begun.current) {
      begun.current = true;
      history.replaceState(null, "", "#/assistant");
      void put(first);
    }
  });
  useEffect(() => {
    end.current?.scrollIntoView({ block: "nearest" });
  }, [shown]);
  const send = (event: FormEvent): void => {
    event.preventDefault();
    const said = text.trim();
    if (!said || busy) return;
    setText("");
    void put(said);
  };
  return (
    <Stack>
      <Title order={1} size="h2">
        {say("assistant")}
      </Title>
      {shown.length ? null : <Text c="dimmed">{say("hello")}</Text>}
      <Stack gap="sm" aria-live="polite">
        {shown.map((turn, index) => (
          <Exchange key={index} turn={turn} confirm={index === shown.length - 1 ? (yes) => void put(say(yes ? "yes" : "no"), yes) : undefined} />
        ))}
        <div ref={end} />
      </Stack>
      <form onSubmit={send} className="say">
        <Group wrap="nowrap">
          <TextInput style={{ flex: 1 }} size="md" aria-label={say("ask")} placeholder={say("ask")} value={text} onChange={(event) => setText(event.currentTarget.value)} />
          <Button size="md" type="submit" loading={busy}>
            {say("send")}
          </Button>
        </Group>
        <Checkbox mt="xs" size="xs" label={say("dryRun")} checked={dry} onChange={(event) => setDry(event.currentTarget.checked)} />
      </form>
    </Stack>
  );
}

function Exchange({ turn, confirm }: { turn: Turn; confirm?: (yes: boolean) => void }) {
  const { reply } = turn;
  return (
    <div>
      <Text ta="right" className="said">
        {turn.said}
      </Text>
      {turn.wrong ? <Text c="red">{turn.wrong}</Text> : null}
      {reply ? (
        <Card withBorder padding="sm" radius="md" maw={640} data-became={reply.became}>
          <Text>{reply.speech?.text ?? reply.why ?? reply.outcome}</Text>
          <Group gap="xs" mt={4}>
            <Badge size="sm" variant="light" color={reply.became === "done" ? "teal" : reply.became === "failed" ? "red" : "gray"}>
              {say(reply.became)}
            </Badge>
            {(reply.results ?? []).map((result) => {
              const thing = hub.things.get(result.thing);
              return (
                <Badge key={`${result.thing}${result.state}`} size="sm" variant="dot" color={result.state === "confirmed" ? "teal" : "orange"}>
                  {thing ? called(thing) : result.thing}: {result.state}
                </Badge>
              );
            })}
          </Group>
          {reply.confirm && confirm ? (
            <Group mt="xs">
              <Button size="xs" onClick={() => confirm(true)}>
                {say("yes")}
              </Button>
              <Button size="xs" variant="default" onClick={() => confirm(false)}>
                {say("no")}
              </Button>
            </Group>
          ) : null}
          {reply.steps?.length || reply.if?.length || reply.query ? (
            <details>
              <summary>{say("plan")}</summary>
              <Code block>{JSON.stringify({ steps: reply.steps, when: reply.when, if: reply.if, query: reply.query }, null, 1)}</Code>
            </details>
          ) : null}
        </Card>
      ) : null}
    </div>
  );
}
