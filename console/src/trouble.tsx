/** What went wrong with something that was asked for, and doing one thing at a time. */
import { Alert, Center, Loader, type MantineSpacing } from "@mantine/core";
import { notifyManager, type QueryCache } from "@tanstack/react-query";
import { useCallback, useState, useSyncExternalStore } from "react";
import { Away } from "./api";
import { queries } from "./queries";
import { reason, Told } from "./refusals";
import { say } from "./words";

export { reason, Told };

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

export const Trouble = ({ why, mt, mb }: { why: string; mt?: MantineSpacing; mb?: MantineSpacing }) =>
  why ? (
    <Alert color="red" role="alert" mt={mt} mb={mb}>
      <Told text={why} />
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

const whyOld = (cache: QueryCache): string => {
  // that the hub is away is said by the frame, for all of it at once
  const old = cache.getAll().find((query) => query.isActive() && query.state.status === "error" && query.state.data !== undefined && !(query.state.error instanceof Away));
  return old ? reason(old.state.error) : "";
};

/** That something of what is shown could be read earlier, but not any more, and why. */
export function Outdated() {
  const cache = queries.getQueryCache();
  const why = useSyncExternalStore(
    useCallback((told: () => void) => cache.subscribe(notifyManager.batchCalls(told)), [cache]),
    () => whyOld(cache),
  );
  return <Trouble why={why && say("outdated", why)} mb="md" />;
}
