/** Something that changes and is drawn: whoever listens is told. The subscriptions stay the same from draw to draw. */
import { useSyncExternalStore } from "react";

export class Signal {
  private readonly listeners = new Set<() => void>();

  /** ``heeded``: is told when somebody begins to listen, and when nobody does any more. */
  constructor(private readonly heeded?: (some: boolean) => void) {}

  listen = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    if (this.listeners.size === 1) this.heeded?.(true);
    return () => {
      if (this.listeners.delete(listener) && this.listeners.size === 0) this.heeded?.(false);
    };
  };

  tell(): void {
    for (const listener of this.listeners) listener();
  }
}

/** Draw again when ``signal`` tells, if what ``now`` gives is another. */
export const useSignal = <T>(signal: Signal, now: () => T): T => useSyncExternalStore(signal.listen, now);
