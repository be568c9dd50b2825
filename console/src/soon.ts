/** Parts that are loaded by themselves once the first page stands and the browser has nothing to do. */
const waiting: (() => Promise<unknown>)[] = [];
const LATEST_MS = 4000;
const NO_IDLE_MS = 1500; // where the browser does not say when it is idle

/** ``load`` as it was, and on the list. */
export function soon<T>(load: () => Promise<T>): () => Promise<T> {
  waiting.push(load);
  return load;
}

/** ``load`` with the styles of what stands on pages; those of the first look are there. */
export const styled =
  <T>(load: () => Promise<T>) =>
  (): Promise<T> =>
    Promise.all([load(), import("./styles/late")]).then(([part]) => part);

/** Call it when the browser has nothing to do: what is not needed for the first look. */
export function later(call: () => void): void {
  if ("requestIdleCallback" in window) requestIdleCallback(call, { timeout: LATEST_MS });
  else setTimeout(call, NO_IDLE_MS);
}

export function loadTheRest(): void {
  later(() => {
    for (const load of waiting.splice(0)) void load().catch(() => undefined); // offline: it is asked for again when it is wanted
  });
}
