/** Text to be copied by a finger: a button beside it, which says that it was. */
import { Button } from "@mantine/core";
import { useEffect, useState } from "react";
import { say } from "./words";

const SHOWN_MS = 1500;

/** To the clipboard; where a page on a plain connection has none, by way of a selection. */
async function copy(text: string): Promise<boolean> {
  if (navigator.clipboard) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      // refused: by way of a selection
    }
  }
  const area = document.createElement("textarea");
  area.value = text;
  area.style.position = "fixed";
  area.style.opacity = "0";
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  return done;
}

export function Copy({ text, of }: { text: string; of: string }) {
  const [done, setDone] = useState(false);
  useEffect(() => {
    if (!done) return;
    const timer = setTimeout(() => setDone(false), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [done]);
  return (
    <Button size="compact-xs" variant="light" aria-label={say("copyOf", of)} onClick={() => void copy(text).then(setDone)}>
      {say(done ? "copied" : "copy")}
    </Button>
  );
}
