/** What was seen at the door of somebody who was turned away. */
import { both } from "../refusals";
import { language } from "../words";
import KINDS from "./door.json";

/** In the language of the page what it looks like and what to change, then the hub's own words. */
export const atTheDoor = (seen: { kind: string; detail: string }): string => (language() === "zh" ? both((KINDS as Record<string, string>)[seen.kind] ?? "", seen.detail) : seen.detail);
