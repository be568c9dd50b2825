/** Leaving: the session ends at the hub too. */
import { ask } from "./api";
import { hub } from "./hub";

export async function signOut(): Promise<void> {
  const me = await ask<{ id: string }>("/me").catch(() => ({ id: "" }));
  if (me.id !== "local") await ask("/login", "DELETE").catch(() => null); // the machine's own token stays in force
  hub.leave();
}
