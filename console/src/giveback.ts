/** Where the keyboard is when something goes away from under it. */
import { useEffect, useState } from "react";

const lost = (): boolean => document.activeElement === null || document.activeElement === document.body;

/** Once what goes is gone: to ``before``, where that is still there, else to the page itself. Not where somebody is elsewhere already. */
export function giveBack(before?: Element | null): void {
  requestAnimationFrame(() => {
    if (!lost()) return;
    if (before instanceof HTMLElement && before !== document.body && before.isConnected) before.focus();
    if (lost()) document.querySelector("main")?.focus({ preventScroll: true });
  });
}

/** For a dialog that is drawn only while it is open: when it goes, the focus is again where it was when it came. */
export function useGiveBack(): void {
  const [before] = useState(() => document.activeElement);
  useEffect(() => () => giveBack(before), [before]);
}
