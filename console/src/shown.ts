/** The part of a page that an address names (`#/account/tokens`) comes into view, once it is there. */
import { useEffect } from "react";

export function useShown(part: string | undefined, ready: boolean): void {
  useEffect(() => {
    const found = ready && part ? document.getElementById(part) : null;
    found?.scrollIntoView();
    found?.focus({ preventScroll: true });
  }, [part, ready]);
}
