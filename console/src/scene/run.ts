/** A scene run by hand: what stood against it, in words; nothing when it runs. */
import { ask } from "../api";
import { language, say } from "../words";

export async function runByHand(id: string): Promise<string> {
  const ran = await ask<{ refusal: { why: string; path: string } | null }>(`/scenes/${encodeURIComponent(id)}/run`, "POST");
  if (!ran.refusal) return "";
  const { inWords } = await import("./words");
  return `${say("whyNot")}: ${inWords(ran.refusal.why, language())} (${ran.refusal.path})`;
}
