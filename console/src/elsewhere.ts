/** Signing in through another service (OpenID Connect): the way there, and back with a code in the address.
 *
 * The code is taken out of the address before anything else is done. It is worth nothing without the key that this tab
 * kept, and counts only for the state that this tab began: nobody can be signed in as somebody else by a link.
 */
import { ask } from "./api";

const KEPT = "unisono.elsewhere";

interface Begun {
  state: string;
  key: string;
  /** Who links their account; "" where somebody signs in. */
  user: string;
}

/** What the service gave, when this page was opened by it. */
export interface Back {
  begun: Begun;
  code: string;
}

/** Goes there. ``user``: whose account is linked with the one there. */
export async function goElsewhere(user = ""): Promise<void> {
  const found = await ask<{ url: string; state: string; key: string }>(user ? `/users/${encodeURIComponent(user)}/oidc/start` : "/login/oidc/start", "POST");
  sessionStorage.setItem(KEPT, JSON.stringify({ state: found.state, key: found.key, user } satisfies Begun));
  location.assign(found.url);
}

function read(): Back | string | null {
  const said = new URLSearchParams(location.search);
  const state = said.get("state");
  if (state === null) return null;
  const text = sessionStorage.getItem(KEPT);
  sessionStorage.removeItem(KEPT);
  const begun = text ? (JSON.parse(text) as Begun) : null;
  history.replaceState(null, "", `/${begun?.user ? "#/account" : location.hash}`);
  if (begun?.state !== state) return null;
  const code = said.get("code");
  return code ? { begun, code } : (said.get("error_description") ?? said.get("error") ?? "");
}

let back = read();

/** Once: what came back, or why nothing did, or null. ``linking``: it is asked by the page where accounts are linked. */
export function takeBack(linking: boolean): Back | string | null {
  if (back !== null && typeof back !== "string" && (back.begun.user !== "") !== linking) return null;
  const found = back;
  back = null;
  return found;
}

const body = (from: Back) => ({ code: from.code, state: from.begun.state, key: from.begun.key });

/** The token of the new session. */
export const signInElsewhere = async (from: Back): Promise<string> => (await ask<{ token: string }>("/login/oidc", "POST", body(from))).token;

export const linkElsewhere = (from: Back): Promise<unknown> => ask(`/users/${encodeURIComponent(from.begun.user)}/oidc`, "POST", body(from));
