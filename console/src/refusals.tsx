/** What the hub refuses, in the language of the page: in Chinese a sentence of ours for its code comes first, and the hub's own
 * exact words below it; English is what the hub says. */
import { Text } from "@mantine/core";
import { Away, Refused } from "./api";
import { language, say } from "./words";
import SENTENCES from "./words/refusals.json";

/** A sentence for one of the hub's error codes, where the page's language is not the hub's. */
export const sentence = (code: string | null | undefined): string => (language() === "zh" && code ? ((SENTENCES as Record<string, string>)[code] ?? "") : "");

/** ``ours`` and below it what the hub says word by word, as `Told` shows it. */
export const both = (ours: string, exact: string): string => [ours, exact].filter(Boolean).join("\n");

export const reason = (error: unknown): string =>
  error instanceof Refused ? both(sentence(error.code), error.whole) : error instanceof Away ? say("away") : error instanceof Error ? error.message : String(error);

/** The first line as it is, the hub's own words below it in small print. */
export function Told({ text }: { text: string }) {
  const [first, ...exact] = text.split("\n");
  return (
    <>
      {first}
      {exact.length ? (
        <Text span display="block" size="xs" lang="en" className="exact">
          {exact.join(" ")}
        </Text>
      ) : null}
    </>
  );
}
