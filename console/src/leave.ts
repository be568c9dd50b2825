/** What is not saved yet is not lost by a touch: whoever goes to another page, or closes this one, is asked first. */
import { useEffect } from "react";
import { say } from "./words";

let held: string | null = null; // the address of the page that has something unsaved

const pageOf = (address: string): string => address.split("?")[0]!;

/** While ``unsaved``, this page is left only by who says so. Returns what lets go of it: what there was has been saved or given up. */
export function useUnsaved(unsaved: boolean): () => void {
  useEffect(() => {
    if (!unsaved) return;
    held = location.hash;
    const closing = (event: BeforeUnloadEvent): void => {
      if (held !== null) event.preventDefault();
    };
    addEventListener("beforeunload", closing);
    return () => {
      held = null;
      removeEventListener("beforeunload", closing);
    };
  }, [unsaved]);
  return letGo;
}

const letGo = (): void => {
  held = null;
};

/** The address has changed: whether the page may. Else the address is as it was. */
export function mayLeave(): boolean {
  if (held === null || pageOf(held) === pageOf(location.hash)) return true;
  if (confirm(say("unsaved"))) {
    held = null;
    return true;
  }
  location.hash = held;
  return false;
}
