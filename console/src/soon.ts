/** Parts that are loaded by themselves once the first page stands and the browser has nothing to do. */
const waiting: (() => Promise<unknown>)[] = [];
const LATEST_MS = 4000;
const NO_IDLE_MS = 1500; // where the browser does not say when it is idle

/** ``load`` as it was, and on the list. */
export function soon<T>(load: () => Promise<T>): () => Promise<T> {
  waiting.push(load);
  return load;
}

export function loadTheRest(): void {
  const go = (): void => {
    for (const load of waiting.splice(0)) void load().catch(() => undefined); // offline: it is asked for again when it is wanted
  };
  if ("requestIdleCallback" in window) requestIdleCallback(go, { timeout: LATEST_MS });
  else setTimeout(go, NO_IDLE_MS);
}
