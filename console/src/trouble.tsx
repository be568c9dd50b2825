/** What went wrong with something that was asked for, and doing one thing at a time. */
import { Alert, Center, Loader, type MantineSpacing } from "@mantine/core";
import { useState } from "react";
import { Away, Refused } from "./api";
import { say } from "./words";

export const reason = (error: unknown): string =>
  error instanceof Refused ? error.whole : error instanceof Away ? say("away") : error instanceof Error ? error.message : String(error);

export type Doing = ReturnType<typeof useDoing>;

/** Runs what a person asked for: busy meanwhile, and why not afterwards. */
export function useDoing() {
  const [busy, setBusy] = useState(false);
  const [why, setWhy] = useState("");
  const run = async (what: () => Promise<unknown>): Promise<boolean> => {
    setBusy(true);
    setWhy("");
    try {
      await what();
      return true;
    } catch (error) {
      setWhy(reason(error));
      return false;
    } finally {
      setBusy(false);
    }
  };
  return { busy, why, run, setWhy };
}

export const Trouble = ({ why, mt }: { why: string; mt?: MantineSpacing }) =>
  why ? (
    <Alert color="red" role="alert" mt={mt}>
      {why}
    </Alert>
  ) : null;

/** In place of what was asked for: that it comes, or why it does not. */
export const Waiting = ({ error }: { error?: unknown }) =>
  error ? (
    <Trouble why={reason(error)} />
  ) : (
    <Center my="xl">
      <Loader role="status" aria-label={say("connecting")} />
    </Center>
  );
