/** Leaving: the session ends at the hub too. */
import { ask, endSession, token } from "./api";
import { hub } from "./hub";

export async function signOut(): Promise<void> {
  const mine = token.get();
  const me = await ask<{ id: string }>("/me").catch(() => ({ id: "" }));
  hub.leave(); // before the session ends, so that nothing of the page asks with it any more
  if (mine && me.id !== "local") await endSession(mine); // the machine's own token stays in force
}
