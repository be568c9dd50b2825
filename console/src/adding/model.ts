/** What the API tells of languages, settings, newcomers and the door. */
import type { components } from "../api.gen";
import { language } from "../words";

export type Dialect = components["schemas"]["DialectShown"];
export type Guide = components["schemas"]["GuideShown"];
export type Newcomer = components["schemas"]["Newcomer"];
export type Attempt = components["schemas"]["Attempt"];
export type ClaimMade = components["schemas"]["ClaimMade"];
export type Added = components["schemas"]["ThingAdded"];
/** A text of a language in the one that is shown, where its maker gave it. */
export const local = (dialect: Dialect, text: string): string => (language() === "zh" ? (dialect.zh?.[text] ?? text) : text);

export interface Discovered {
  id: string;
  what: string;
  name?: string;
  addresses: string[];
  port: number;
  how: string | null;
  hint: string | null;
  here: boolean;
}
