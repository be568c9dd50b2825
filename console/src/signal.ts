/** Something that changes and is drawn: whoever listens is told. The subscriptions stay the same from draw to draw. */
import { useSyncExternalStore } from "react";

export class Signal {
  private readonly listeners = new Set<() => void>();

  listen = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  tell(): void {
    for (const listener of this.listeners) listener();
  }
}

/** Draw again when ``signal`` tells, if what ``now`` gives is another. */
export const useSignal = <T>(signal: Signal, now: () => T): T => useSyncExternalStore(signal.listen, now);
