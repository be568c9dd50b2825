/** What the hub finds wrong or odd about a scene, in the language of the page. */
import type { Mistake } from "../api";
import { both, sentence } from "../refusals";
import { language } from "../words";
import RULES from "./rules.json";
import { tell } from "./words";

export interface Problem {
  severity: string;
  path: string;
  reason: string;
  expected?: string | null;
  /** Which rule it offends: one of scenes, or an error code. */
  rule?: string;
}

interface Refusal extends Partial<Mistake> {
  code: string;
  errors?: Mistake[] | null;
}

/** All that the hub refused at once, each with its place. */
export const refused = (error: Refusal): Problem[] =>
  (error.errors?.length ? error.errors : [error]).map((one) => ({ severity: "error", path: one.field ?? "", reason: one.detail ?? "", expected: one.expected, rule: one.rule ?? error.code }));

/** In Chinese what the rule says, and below it the hub's own words. */
export function amiss(one: Problem): string {
  if (language() !== "zh") return [one.reason, one.expected ? tell("expected", one.expected) : ""].filter(Boolean).join("; ");
  const ours = (RULES as Record<string, string>)[one.rule ?? ""] ?? sentence(one.rule);
  return both(ours, [one.reason, one.expected ? `expected ${one.expected}` : ""].filter(Boolean).join("; "));
}
