/** Plain words: what was understood is shown before and after, and what became of each thing. */
import { Badge, Button, Card, Checkbox, Code, Group, Stack, Text, TextInput, Title } from "@mantine/core";
import { type FormEvent, type KeyboardEvent, useEffect, useRef, useState } from "react";
import { ask, askText, type Reply } from "../api";
import { listen, type Recording, speak } from "../hearing";
import { hub } from "../hub";
import { stateWord, unanswered } from "../orders";
import { isPlanned, Plan } from "../plan";
import { reason, Told } from "../refusals";
import { called, language, say, useLang, type Word } from "../words";

/** What became of a thing that no command was made for. */
const RESULTS: Record<string, Word> = { would: "would", confirmation_required: "waiting", refused: "refusedHere" };

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
  const [deaf, setDeaf] = useState("");
  const end = useRef<HTMLDivElement>(null);
  const begun = useRef(false);
  const keep = (next: Turn[]): void => {
    turns = next;
    setShown(next);
  };
  const input = useRef<HTMLInputElement>(null);
  const follow = async (turn: Turn, what: (turn: Turn) => Promise<void>): Promise<void> => {
    setBusy(true);
    const before = turns;
    keep([...before, turn]);
    try {
      await what(turn);
    } catch (error) {
      turn.wrong = reason(error);
    }
    keep([...before, { ...turn }]);
    setBusy(false);
    input.current?.focus();
  };
  const put = (said: string, confirm?: boolean, dryly = dry): Promise<void> =>
    follow({ said }, async (turn) => {
      const body = { text: confirm === undefined ? said : "", lang: language(), conversation: CONVERSATION, dry_run: dryly, ...(confirm === undefined ? {} : { confirm }) };
      turn.reply = await ask<Reply>("/assist", "POST", body);
    });
  const hear = (sound: Blob): Promise<void> =>
    follow({ said: "…" }, async (turn) => {
      const heard = await askText<{ heard: string; reply: Reply }>(`/assist/audio?lang=${language()}&conversation=${CONVERSATION}&dry_run=${dry}`, "POST", sound, "audio/wav");
      turn.said = heard.heard;
      turn.reply = heard.reply;
      if (heard.reply.speech?.text) void speak(heard.reply.speech.text, language());
    });
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
          <Exchange key={index} turn={turn} confirm={index === shown.length - 1 ? (yes) => void put(say(yes ? "yes" : "no"), yes) : undefined} go={index === shown.length - 1 ? () => void put(turn.said, undefined, false) : undefined} />
        ))}
        <div ref={end} />
      </Stack>
      <form onSubmit={send} className="say">
        <Group wrap="nowrap">
          <TextInput ref={input} style={{ flex: 1 }} size="md" aria-label={say("ask")} placeholder={say(shown.at(-1)?.reply?.outcome === "ask" ? "answerIt" : "ask")} value={text} onChange={(event) => setText(event.currentTarget.value)} />
          <Talk busy={busy} heard={(sound) => void hear(sound)} wrong={setDeaf} />
          <Button size="md" type="submit" loading={busy}>
            {say("send")}
          </Button>
        </Group>
        {deaf ? (
          <Text size="sm" c="red" role="alert">
            {deaf}
          </Text>
        ) : null}
        <Checkbox mt="xs" size="xs" label={say("dryRun")} checked={dry} onChange={(event) => setDry(event.currentTarget.checked)} />
      </form>
    </Stack>
  );
}

/** Held with finger, mouse or the space bar, it listens; let go, it sends. */
function Talk({ busy, heard, wrong }: { busy: boolean; heard: (sound: Blob) => void; wrong: (why: string) => void }) {
  const recording = useRef<Promise<Recording> | null>(null);
  const [on, setOn] = useState(false);
  const begin = (): void => {
    if (recording.current || busy) return;
    wrong("");
    setOn(true);
    recording.current = navigator.mediaDevices ? listen() : Promise.reject(new Error("no microphone"));
    recording.current.catch(() => {
      wrong(say("noMic"));
      recording.current = null;
      setOn(false);
    });
  };
  const end = async (): Promise<void> => {
    const now = recording.current;
    if (!now) return;
    recording.current = null;
    setOn(false);
    try {
      const sound = await (await now).end();
      if (sound) heard(sound);
      else wrong(say("nobodyHeard"));
    } catch {
      wrong(say("nobodyHeard"));
    }
  };
  const space = (event: KeyboardEvent, act: () => void): void => {
    if (event.key !== " ") return;
    event.preventDefault();
    if (!event.repeat) act();
  };
  return (
    <Button size="md" type="button" variant={on ? "filled" : "default"} color={on ? "red" : undefined} aria-pressed={on} aria-label={say(on ? "talking" : "talk")} title={say(on ? "talking" : "talk")} disabled={busy} style={{ touchAction: "none" }}
      onPointerDown={begin} onPointerUp={() => void end()} onPointerCancel={() => void end()} onPointerLeave={() => void end()} onKeyDown={(event) => space(event, begin)} onKeyUp={(event) => space(event, () => void end())}>
      <Microphone />
    </Button>
  );
}

/** Drawn: not every machine has a font with a picture of one. */
const Microphone = () => (
  <svg viewBox="0 0 24 24" width="20" height="20" fill="none" stroke="currentColor" strokeWidth="1.8" strokeLinecap="round" aria-hidden>
    <rect x="9" y="2.5" width="6" height="11.5" rx="3" />
    <path d="M5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v3.5M8.5 21.5h7" />
  </svg>
);

function Exchange({ turn, confirm, go }: { turn: Turn; confirm?: (yes: boolean) => void; go?: () => void }) {
  const { reply } = turn;
  return (
    <div>
      <Text ta="right" className="said">
        {turn.said}
      </Text>
      {turn.wrong ? <Text c="red" component="div"><Told text={turn.wrong} /></Text> : null}
      {reply ? (
        <Card withBorder padding="sm" radius="md" maw={640} data-became={reply.became}>
          <Text>{reply.speech?.text ?? say("notOfHere")}</Text>
          {isPlanned(reply) ? (
            <div data-plan={reply.became}>
              <Text size="sm" c="dimmed">
                {say(reply.became === "would" || reply.became === "waiting" ? "before" : reply.became === "failed" ? "tried" : "after")}
              </Text>
              <Plan reply={reply} />
            </div>
          ) : null}
          {reply.became === "would" && go ? (
            <Button size="xs" mt="xs" onClick={go}>
              {say("goAhead")}
            </Button>
          ) : null}
          <Group gap="xs" mt={4}>
            <Badge size="sm" variant="light" color={reply.became === "done" ? "teal" : reply.became === "failed" ? "red" : "gray"}>
              {say(reply.became)}
            </Badge>
            {(reply.results ?? []).map((result) => {
              const thing = hub.things.get(result.thing);
              return (
                <Badge key={`${result.thing}${result.state}`} size="sm" variant="dot" color={result.state === "confirmed" ? "teal" : "orange"}>
                  {thing ? called(thing) : result.thing}: {RESULTS[result.state] ? say(RESULTS[result.state]!) : result.command && unanswered(result.command) ? say("unanswered") : stateWord(result.state)}
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
