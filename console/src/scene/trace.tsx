/** Runs step by step with the values that each saw, and why a scene did not run. */
import { Badge, Stack, Text } from "@mantine/core";
import { hub } from "../hub";
import { called, language, when } from "../words";
import { inWords, tell } from "./words";

export interface Cause {
  trigger: string | null;
  what: string;
  thing: string | null;
  name: string | null;
  value: unknown;
}

export interface Step {
  path: string;
  did: string;
  seen: unknown;
  at?: string;
  after_s?: number;
}

export interface Run {
  id: string;
  state: string;
  cause: Cause;
  started: string;
  ended: string | null;
  why: string | null;
  steps?: Step[];
  left_out?: number;
}

export interface Refusal {
  why: string;
  path: string;
  seen: unknown;
  cause: Cause;
  at: string;
  count: number;
}

const STATES: Record<string, Parameters<typeof tell>[0]> = { done: "stateDone", running: "stateRunning", stopped: "stateStopped", failed: "stateFailed" };
const COLORS: Record<string, string> = { done: "teal", running: "yellow", stopped: "gray", failed: "red" };
const nameOf = (thing: string): string => (hub.things.has(thing) ? called(hub.things.get(thing)!) : thing);

/** A value as people read it: things by their names, no brackets. */
export function plain(value: unknown): string {
  if (value === null || value === undefined) return "–";
  if (typeof value === "number") return value.toLocaleString(language() === "zh" ? "zh-CN" : "en-GB", { maximumSignificantDigits: 6 });
  if (typeof value !== "object") return String(value);
  if (Array.isArray(value)) return value.map(plain).join(", ");
  return Object.entries(value)
    .filter(([key]) => key !== "command")
    .map(([key, each]) => (key === "wants" || key === "seen" || key === "condition" ? plain(each) : `${nameOf(key)}: ${plain(each)}`))
    .join(", ");
}

export function causeText(cause: Cause): string {
  if (cause.what === "hand") return tell("handRun", cause.name ?? "");
  const value = cause.value === null || cause.value === undefined ? "" : plain(cause.value);
  return [cause.thing ? nameOf(cause.thing) : "", cause.name ?? "", value].filter(Boolean).join(" · ") || cause.what;
}

export function Steps({ steps, leftOut = 0 }: { steps: Step[]; leftOut?: number }) {
  return (
    <ol className="steps">
      {steps.map((step, index) => (
        <li key={index} data-step={step.path}>
          <Text size="sm">
            <Text span c="dimmed" size="xs" className="when">
              {step.at ? new Date(step.at).toLocaleTimeString(language() === "zh" ? "zh-CN" : "en-GB") : step.after_s !== undefined ? `${step.after_s} ${tell("seconds")}` : ""}
            </Text>{" "}
            <code>{step.path}</code> {inWords(step.did, language())}
            {step.seen === null || step.seen === undefined ? "" : `: ${plain(step.seen)}`}
          </Text>
          {leftOut && index === Math.floor(steps.length / 2) - 1 ? <Text size="xs">{tell("left", leftOut)}</Text> : null}
        </li>
      ))}
    </ol>
  );
}

export function Runs({ runs, open }: { runs: Run[]; open?: boolean }) {
  return (
    <Stack gap={4}>
      {runs.map((run, index) => (
        <details key={run.id} open={open && index === 0} className="run" data-run={run.state}>
          <summary>
            {when(run.started)} · {causeText(run.cause)}{" "}
            <Badge size="sm" variant="light" color={COLORS[run.state] ?? "gray"}>
              {STATES[run.state] ? tell(STATES[run.state]!) : run.state}
            </Badge>
            {run.why ? ` ${inWords(run.why, language())}` : ""}
          </summary>
          <Steps steps={run.steps ?? []} leftOut={run.left_out} />
        </details>
      ))}
    </Stack>
  );
}

/** How a trigger stands: whether it fits now, null where it waits for a moment or for something that happens. */
export interface Trigger {
  path: string;
  thing: string | null;
  fits: boolean | null;
  seen: unknown;
  next: string | null;
}

const stands = (one: Trigger): string => {
  if (one.next) return tell("comes", when(one.next));
  if (one.path.endsWith(".time")) return tell("comesNever");
  return tell(one.fits === null ? "hasToHappen" : one.fits ? "fits" : "fitsNot");
};

export function Triggers({ triggers }: { triggers: Trigger[] }) {
  if (!triggers.length) return null;
  return (
    <div>
      <Text size="sm" fw={600}>
        {tell("triggersNow")}
      </Text>
      <ul className="steps">
        {triggers.map((one, index) => (
          <li key={index} data-trigger={one.path}>
            <Text size="sm">
              <code>{one.path}</code> {one.thing ? nameOf(one.thing) : ""} {stands(one)}
              {one.seen === null || one.seen === undefined ? "" : ` (${tell("saw")} ${plain(one.seen)})`}
            </Text>
          </li>
        ))}
      </ul>
    </div>
  );
}

export function Refusals({ refusals }: { refusals: Refusal[] }) {
  if (!refusals.length) return null;
  return (
    <div>
      <Text size="sm" fw={600}>
        {tell("whyNot")}
      </Text>
      <ul className="steps">
        {refusals.map((one, index) => (
          <li key={index} data-refused={one.path}>
            <Text size="sm">
              <Text span c="dimmed" size="xs">
                {when(one.at)}
              </Text>{" "}
              {inWords(one.why, language())} <code>{one.path}</code>
              {one.seen === null || one.seen === undefined ? "" : ` (${tell("saw")} ${plain(one.seen)})`} · {causeText(one.cause)}
              {one.count > 1 ? ` · ${tell("times", one.count)}` : ""}
            </Text>
          </li>
        ))}
      </ul>
    </div>
  );
}
