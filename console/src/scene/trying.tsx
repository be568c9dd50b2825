/** Trying a scene: what it would have done in the past, and what it would do now. Nothing is done. */
import { Alert, Button, Group, SegmentedControl, Stack, Text } from "@mantine/core";
import { useEffect, useState } from "react";
import { ask, askText } from "../api";
import { hub } from "../hub";
import { reason, Told } from "../refusals";
import { called, language } from "../words";
import { type Refusal, Refusals, type Run, Runs, plain, Steps, type Step } from "./trace";
import { inWords, tell } from "./words";

interface Past {
  count: number;
  runs: Run[];
  refusals: Refusal[];
  values: number;
  resolution_s: number | null;
  unseen: { path: string; reason: string }[];
}

const SPANS = { day: "-1d", week: "-7d", month: "-30d" } as const;
type Span = keyof typeof SPANS;

export function InThePast({ text }: { text: string }) {
  const [span, setSpan] = useState<Span>("week");
  const [found, setFound] = useState<Past | null>(null);
  const [wrong, setWrong] = useState("");
  const [busy, setBusy] = useState(false);
  useEffect(() => setFound(null), [text, span]); // what another text would have done is not what this one would
  const go = async (): Promise<void> => {
    setBusy(true);
    setWrong("");
    try {
      setFound(await askText<Past>(`/scenes/backtest?from=${SPANS[span]}`, "POST", text));
    } catch (error) {
      setFound(null);
      setWrong(reason(error));
    }
    setBusy(false);
  };
  return (
    <Stack gap="xs">
      <Text size="sm" c="dimmed">
        {tell("pastHint")}
      </Text>
      <Group>
        <SegmentedControl size="xs" aria-label={tell("since")} value={span} onChange={(next) => setSpan(next as Span)} data={(Object.keys(SPANS) as Span[]).map((one) => ({ value: one, label: tell(one) }))} />
        <Button size="xs" loading={busy} onClick={() => void go()}>
          {tell("test")}
        </Button>
      </Group>
      {wrong ? (
        <Alert color="red" role="alert">
          <Told text={wrong} />
        </Alert>
      ) : null}
      {found ? (
        <div data-past={found.count}>
          <Text fw={600}>{found.count === 0 ? tell("wouldNot") : found.count === 1 ? tell("wouldHaveOnce") : tell("wouldHave", found.count)}</Text>
          <Runs runs={found.runs} />
          {found.count > found.runs.length ? <Text size="sm">{tell("more", found.count - found.runs.length)}</Text> : null}
          <Refusals refusals={found.refusals} />
          <Text size="xs" c="dimmed">
            {tell("values", found.values.toLocaleString())} {found.resolution_s ? tell("coarse", Math.round(found.resolution_s)) : ""}
          </Text>
          {found.unseen.map((one) => (
            <Text key={one.path} size="xs" c="orange">
              {tell("notTried")}: <code>{one.path}</code> {inWords(one.reason, language())}
            </Text>
          ))}
        </div>
      ) : null}
    </Stack>
  );
}

interface Would {
  runs: boolean;
  why: string | null;
  path: string | null;
  seen: unknown;
  steps: Step[];
  commands: { after_s: number; thing: string; set: object | null; call: string | null }[];
}

export function Now({ id }: { id: string }) {
  const [would, setWould] = useState<Would | null>(null);
  const [wrong, setWrong] = useState("");
  const look = async (): Promise<void> => {
    try {
      setWould(await ask<Would>(`/scenes/${encodeURIComponent(id)}/run?dry_run=true`, "POST"));
      setWrong("");
    } catch (error) {
      setWrong(reason(error));
    }
  };
  return (
    <Stack gap="xs">
      <Group>
        <Text size="sm" c="dimmed">
          {tell("dryHint")}
        </Text>
        <Button size="xs" variant="light" onClick={() => void look()}>
          {tell("dryRun")}
        </Button>
      </Group>
      {wrong ? <Alert color="red"><Told text={wrong} /></Alert> : null}
      {would && !would.runs ? (
        <Text data-would="no">
          {tell("wouldNotNow", inWords(would.why ?? "", language()))} <code>{would.path}</code> {would.seen === null ? "" : `(${tell("saw")} ${plain(would.seen)})`}
        </Text>
      ) : null}
      {would?.runs ? (
        <div data-would="yes">
          <Text>{tell("wouldRun")}</Text>
          <Steps steps={would.steps} />
          {would.commands.map((one, index) => (
            <Text key={index} size="sm">
              {hub.things.has(one.thing) ? called(hub.things.get(one.thing)!) : one.thing}: {one.set ? plain(one.set) : one.call}
            </Text>
          ))}
        </div>
      ) : null}
    </Stack>
  );
}
