/** What whoever is signed in may do where: what would be refused is not offered. */
import { hub } from "./hub";

export type Act = "read" | "control" | "automate" | "configure" | "administer" | "operate_hub";

/** Whether they may at ``place``; without one, anywhere at all. ``risk``: 1 for what is sensitive, 2 dangerous. Until the hub has said so, and
 * without it, everything is offered: it refuses by itself. */
export function may(act: Act, place?: string | null, risk = 0): boolean {
  const rights = hub.may;
  if (!rights) return true;
  const allows = (found: Record<string, number> | undefined): boolean => (found?.[act] ?? -1) >= risk;
  if (!place) return Object.values(rights).some(allows);
  let at: string | null | undefined = place;
  for (let steps = 0; at && steps < 50 && !(at in rights); steps++) at = hub.places.get(at)?.parent;
  return allows(rights[at ?? ""] ?? rights[""]);
}
