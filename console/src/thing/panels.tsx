/** What else there is to a thing: its commands and their lives, its raw messages, how it signs in, what kind it is. */
import { Alert, Badge, Button, Code, Group, Loader, SegmentedControl, Stack, Table, Text, TextInput, Title } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { ask, type Command, Refused, type Thing } from "../api";
import { because, meaning, OPEN, stateWord, unanswered, wish } from "../orders";
import { type Model, titled, unitSign, written } from "../models";
import { both, reason, Told, sentence } from "../refusals";
import { atTheDoor } from "../adding/seen";
import { language, locale, say, when } from "../words";
import { csvLine, saveAs } from "./past";
import { tell } from "./words";

const STATES: Record<string, string> = { confirmed: "teal", queued: "yellow", sent: "yellow", acknowledged: "yellow" };

const failure = (error: unknown): string => (error instanceof Refused ? (error.code === "not_allowed" ? tell("notAllowed") : reason(error)) : say("away"));

export function Commands({ id, model }: { id: string; model: Model }) {
  const queries = useQueryClient();
  const [which, setWhich] = useState<"all" | "open">("all");
  const { data, error } = useQuery({ queryKey: ["commands", id, which], queryFn: () => ask<{ items: Command[] }>(`/commands?thing=${encodeURIComponent(id)}&limit=100${which === "open" ? "&state=open" : ""}`), refetchInterval: 2000 });
  const cancel = async (command: string): Promise<void> => {
    await ask(`/commands/${encodeURIComponent(command)}`, "DELETE").catch(() => null);
    await queries.invalidateQueries({ queryKey: ["commands", id] });
  };
  if (!data) return error ? <Alert color="red"><Told text={failure(error)} /></Alert> : <Loader />;
  return (
    <Stack>
      <SegmentedControl size="xs" w={200} aria-label={say("commands")} value={which} onChange={(next) => setWhich(next as "all" | "open")} data={[{ value: "all", label: tell("all") }, { value: "open", label: tell("open") }]} />
      {data.items.length ? null : <Text c="dimmed">{say("noCommands")}</Text>}
      <ol className="lives">
        {data.items.map((command) => (
          <li key={command.id} data-command={command.state}>
            <Group gap="xs">
              <Text size="xs" c="dimmed">
                {when(command.at)}
              </Text>
              <Text size="sm" fw={600}>
                {wish(command, model)}
              </Text>
              <Badge color={unanswered(command) ? "gray" : (STATES[command.state] ?? "red")} variant="light" size="sm">
                {unanswered(command) ? say("unanswered") : stateWord(command.state)}
              </Badge>
              {command.ended ? (
                <Text size="xs" c="dimmed">
                  {tell("took", ((Date.parse(command.ended) - Date.parse(command.at)) / 1000).toFixed(1))}
                </Text>
              ) : null}
              {OPEN.has(command.state) && !command.ended ? (
                <Button size="compact-xs" variant="default" onClick={() => void cancel(command.id)}>
                  {tell("cancel")}
                </Button>
              ) : null}
            </Group>
            <Text size="xs" c="dimmed">
              {say("by")} {command.by.id}
              {command.because ? `: ${command.because}` : ""}
              {because(command) && !unanswered(command) ? <Told text={` · ${both(sentence(command.code), because(command))}`} /> : null}
            </Text>
            <details>
              <summary>{tell("life")}</summary>
              <Text size="sm">{meaning(command)}</Text>
              <Text size="xs" c="dimmed">
                {[`${tell("asked")} ${when(command.at)}`, command.ended ? `${tell("ended")} ${when(command.ended)}: ${stateWord(command.state)}` : command.ttl_s ? tell("waits", when(new Date(Date.parse(command.at) + command.ttl_s * 1000).toISOString())) : stateWord(command.state)].join(" · ")}
              </Text>
              <Code block>{JSON.stringify(command, null, 1)}</Code>
            </details>
          </li>
        ))}
      </ol>
    </Stack>
  );
}

interface Message {
  at: string;
  way: "in" | "out";
  topic: string;
  payload: string;
  binary: boolean;
  client: string;
  qos: number;
  refused: string | null;
}

/** To the millisecond, by the clock of who reads it. */
const moment = (at: string): string => new Date(at).toLocaleTimeString(locale(), { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3 });

const KEPT = 500;
const LOOK_MS = 1000;
let counted = 0;

export function Messages({ id }: { id: string }) {
  const [items, setItems] = useState<(Message & { key: number })[] | null>(null);
  const [held, setHeld] = useState(0);
  const [paused, setPaused] = useState(false);
  const [words, setWords] = useState("");
  const [way, setWay] = useState<"both" | "in" | "out">("both");
  const [skipped, setSkipped] = useState(0);
  const [wrong, setWrong] = useState("");
  const after = useRef<number | null>(null);
  const waiting = useRef<(Message & { key: number })[]>([]);
  const stopped = useRef(false);
  stopped.current = paused;
  useEffect(() => {
    let left = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = async (): Promise<void> => {
      try {
        const found = await ask<{ items: Message[]; next: number; skipped: number }>(`/things/${encodeURIComponent(id)}/messages${after.current === null ? "" : `?after=${after.current}`}`);
        if (left) return;
        after.current = found.next;
        setSkipped((now) => now + found.skipped);
        waiting.current = [...waiting.current, ...found.items.map((one) => ({ ...one, key: counted++ }))].slice(-KEPT);
        if (stopped.current) setHeld(waiting.current.length);
        else {
          const more = waiting.current;
          waiting.current = [];
          setItems((now) => [...(now ?? []), ...more].slice(-KEPT));
        }
        setWrong("");
      } catch (error) {
        if (left) return;
        setWrong(failure(error));
        if (error instanceof Refused && error.code === "not_allowed") return;
      }
      timer = setTimeout(() => void look(), LOOK_MS);
    };
    void look();
    return () => {
      left = true;
      clearTimeout(timer);
    };
  }, [id]);
  const goOn = (): void => {
    const more = waiting.current;
    waiting.current = [];
    setItems((now) => [...(now ?? []), ...more].slice(-KEPT));
    setHeld(0);
    setPaused(false);
  };
  const wanted = words.toLowerCase();
  const shown = (items ?? []).filter((one) => (way === "both" || one.way === way) && (!wanted || `${one.topic} ${one.payload}`.toLowerCase().includes(wanted))).reverse();
  return (
    <Stack gap="xs">
      <Group gap="xs">
        <Button size="xs" variant={paused ? "filled" : "default"} aria-pressed={paused} onClick={() => (paused ? goOn() : setPaused(true))}>
          {paused ? `${tell("goOn")}${held ? ` (${held})` : ""}` : tell("pause")}
        </Button>
        <TextInput size="xs" aria-label={tell("filter")} placeholder={tell("filter")} value={words} onChange={(event) => setWords(event.currentTarget.value)} />
        <SegmentedControl size="xs" aria-label={tell("way")} value={way} onChange={(next) => setWay(next as typeof way)} data={(["both", "in", "out"] as const).map((one) => ({ value: one, label: tell(one) }))} />
        <Button size="xs" variant="default" onClick={() => saveAs(`${id}-messages.csv`, new Blob([csvLine(["at", "way", "topic", "payload"]), ...shown.map((one) => csvLine([one.at, one.way, one.topic, one.payload]))], { type: "text/csv" }))}>
          {tell("csv")}
        </Button>
      </Group>
      {wrong ? <Alert color="yellow"><Told text={wrong} /></Alert> : null}
      {skipped ? <Text size="xs">{tell("skipped", skipped)}</Text> : null}
      {items && !shown.length ? <Text c="dimmed">{tell("noMessages")}</Text> : null}
      <ul className="messages" aria-label={tell("messages")}>
        {shown.map((one) => (
          <li key={one.key} data-way={one.way}>
            <Text span size="xs" c="dimmed">
              {moment(one.at)}
            </Text>{" "}
            <Badge size="xs" variant="light" color={one.refused ? "red" : one.way === "in" ? "teal" : "blue"}>
              {one.way === "in" ? "↓" : "↑"} {tell(one.way)}
            </Badge>{" "}
            <code>{one.topic}</code> <code className="payload">{one.binary ? `0x${one.payload}` : one.payload}</code>
            {one.refused ? (
              <Text span size="xs" c="red">
                {" "}
                {tell("refused")}: {one.refused}
              </Text>
            ) : null}
          </li>
        ))}
      </ul>
    </Stack>
  );
}

interface Letter {
  at: string;
  topic: string | null;
  code: string;
  detail: string;
  excerpt: string;
}

export function Letters({ id }: { id: string }) {
  const { data, error } = useQuery({ queryKey: ["letters", id], queryFn: async () => (await ask<{ items: Letter[] }>(`/things/${encodeURIComponent(id)}/dead-letters?limit=100`)).items, refetchInterval: 5000 });
  if (!data) return error ? <Alert color="red"><Told text={failure(error)} /></Alert> : <Loader />;
  if (!data.length) return <Text c="dimmed">{say("noLetters")}</Text>;
  return (
    <Stack>
      {data.map((letter, index) => (
        <div key={`${letter.at}-${index}`}>
          <Text component="div">
            <Told text={both(sentence(letter.code), letter.detail)} />
          </Text>
          <Text size="xs" c="dimmed">
            {[when(letter.at), letter.topic, letter.code].filter(Boolean).join(" · ")}
          </Text>
          <Code block>{letter.excerpt}</Code>
        </div>
      ))}
    </Stack>
  );
}

interface Client {
  id: string;
  address: string;
  protocol: string;
  transport: string;
  since: string;
  gateway: string;
}

interface Certificate {
  fingerprint: string;
  subject?: string;
  revoked?: string | null;
}

interface Attempt {
  at: string;
  address: string;
  count: number;
  kind: string;
  detail: string;
}

export function Access({ thing }: { thing: Thing }) {
  const id = encodeURIComponent(thing.id);
  const [secret, setSecret] = useState("");
  const [wrong, setWrong] = useState("");
  const clients = useQuery({ queryKey: ["clients", thing.id], queryFn: async () => (await ask<{ items: Client[] }>(`/clients?q=${id}`)).items.filter((one) => one.id === thing.id || one.id.startsWith(`${thing.id}/`)), refetchInterval: 5000 });
  const certificates = useQuery({ queryKey: ["certificates", thing.id], retry: false, queryFn: async () => (await ask<{ items: Certificate[] }>(`/things/${id}/certificates`)).items });
  const rules = useQuery({ queryKey: ["access", thing.id], retry: false, queryFn: () => ask<{ rules: object[] }>(`/things/${id}/access`) });
  const attempts = useQuery({ queryKey: ["attempts", thing.id], retry: false, queryFn: async () => (await ask<{ items: Attempt[] }>(`/attempts?user=${id}&limit=20`)).items, refetchInterval: 10_000 });
  const renew = async (): Promise<void> => {
    if (!confirm(tell("secretSure"))) return;
    try {
      setSecret((await ask<{ secret: string }>(`/things/${id}/secret`, "POST", {})).secret);
    } catch (error) {
      setWrong(failure(error));
    }
  };
  return (
    <Stack gap="sm">
      <Row name={say("id")} value={thing.id} />
      <Row name={say("place")} value={thing.place} />
      {thing.parent ? <Row name={tell("parent")} value={thing.parent} /> : null}
      <Title order={2} size="h5">
        {tell("client")}
      </Title>
      {clients.data?.length ? clients.data.map((one) => <Row key={one.id} name={one.id} value={`${one.protocol} (${one.transport}) · ${one.address} · ${tell("since")} ${when(one.since)}`} />) : <Text c="dimmed">{tell("notConnected")}</Text>}
      <Title order={2} size="h5">
        {tell("certificates")}
      </Title>
      {certificates.error ? <Text c="dimmed" component="div"><Told text={failure(certificates.error)} /></Text> : null}
      {certificates.data && !certificates.data.length ? <Text c="dimmed">{tell("noCertificates")}</Text> : null}
      {(certificates.data ?? []).map((one) => (
        <Code key={one.fingerprint} block>
          {one.fingerprint}
        </Code>
      ))}
      {rules.data?.rules.length ? (
        <>
          <Title order={2} size="h5">
            {tell("topics")}
          </Title>
          <Code block>{JSON.stringify(rules.data.rules, null, 1)}</Code>
        </>
      ) : null}
      {attempts.data?.length ? (
        <>
          <Title order={2} size="h5">
            {tell("attempts")}
          </Title>
          {attempts.data.map((one) => (
            <Text key={`${one.at}${one.address}`} size="sm">
              {when(one.at)} · {one.address} · <Told text={atTheDoor(one)} /> ({one.count})
            </Text>
          ))}
        </>
      ) : null}
      {thing.model.startsWith("computed.") ? null : (
        <Group>
          <Button size="xs" variant="default" onClick={() => void renew()}>
            {tell("secret")}
          </Button>
        </Group>
      )}
      {secret ? (
        <Alert color="yellow" title={tell("secretOnce")}>
          <Code>{secret}</Code>
        </Alert>
      ) : null}
      {wrong ? <Alert color="red"><Told text={wrong} /></Alert> : null}
    </Stack>
  );
}

const Row = ({ name, value }: { name: string; value: string }) => (
  <div className="row">
    <Text size="sm" c="dimmed" className="key">
      {name}
    </Text>
    <Text className="value wide">{value}</Text>
  </div>
);

export function ModelPanel({ thing, model }: { thing: Thing; model: Model }) {
  const { data } = useQuery({ queryKey: ["document", thing.model, thing.model_version], queryFn: () => ask<object>(`/models/${encodeURIComponent(thing.model)}?version=${thing.model_version}`), staleTime: Number.POSITIVE_INFINITY });
  return (
    <Stack>
      <Text>
        {model.titles?.[language()] ?? model.titles?.en ?? thing.model} <Code>{`${thing.model} ${thing.model_version}`}</Code> {model.kind ? `· ${tell("kind")}: ${model.kind}` : ""}
      </Text>
      <div className="scrolls" tabIndex={0} role="region" aria-label={tell("modelTitle")}>
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{tell("property")}</Table.Th>
              <Table.Th>{tell("trait")}</Table.Th>
              <Table.Th>{tell("unit")}</Table.Th>
              <Table.Th>{tell("range")}</Table.Th>
              <Table.Th>{tell("may")}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {[...model.properties.values()].map((one) => (
              <Table.Tr key={one.key}>
                <Table.Td>
                  {titled(one)} <Code>{one.key}</Code>
                </Table.Td>
                <Table.Td>{one.trait}</Table.Td>
                <Table.Td>{unitSign(one.unit)}</Table.Td>
                <Table.Td>{one.schema.choices?.length ? one.schema.choices.map((choice) => written(choice.value, one)).join(", ") : one.schema.min !== undefined || one.schema.max !== undefined ? `${one.schema.min ?? "…"} – ${one.schema.max ?? "…"}` : one.schema.kind}</Table.Td>
                <Table.Td>{one.access?.includes("write") ? tell("mayWrite") : tell("mayRead")}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </div>
      {model.actions.size ? (
        <Text>
          {tell("actions")}: {[...model.actions.values()].map(titled).join(", ")}
        </Text>
      ) : null}
      {model.events.size ? (
        <Text>
          {tell("events")}: {[...model.events.values()].map(titled).join(", ")}
        </Text>
      ) : null}
      <details>
        <summary>{tell("document")}</summary>
        <Code block>{JSON.stringify(data, null, 1)}</Code>
      </details>
    </Stack>
  );
}
