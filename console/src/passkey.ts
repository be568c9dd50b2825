/** Passkeys: the hub's options to the browser, the browser's answer to the hub, both in WebAuthn's own JSON forms. */
import { ask } from "./api";

interface Ceremony {
  id: string;
  options: Record<string, unknown>;
}

/** Browsers offer passkeys only over HTTPS or on localhost, and never at a bare address. */
export const canPasskey = (): boolean =>
  window.isSecureContext && typeof PublicKeyCredential !== "undefined" && "parseCreationOptionsFromJSON" in PublicKeyCredential && !/^[\d.]+$|:/.test(location.hostname);

export async function addPasskey(user: string, name: string): Promise<void> {
  const path = `/users/${encodeURIComponent(user)}/passkeys`;
  const begun = await ask<Ceremony>(`${path}/options`, "POST");
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(begun.options as unknown as PublicKeyCredentialCreationOptionsJSON);
  const made = (await navigator.credentials.create({ publicKey })) as PublicKeyCredential | null;
  if (made) await ask(path, "POST", { id: begun.id, name, credential: made.toJSON() });
}

/** The token of the new session. */
export async function signInWithPasskey(): Promise<string> {
  const begun = await ask<Ceremony>("/login/passkey/options", "POST");
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(begun.options as unknown as PublicKeyCredentialRequestOptionsJSON);
  const shown = (await navigator.credentials.get({ publicKey })) as PublicKeyCredential | null;
  if (!shown) throw new Error();
  return (await ask<{ token: string }>("/login/passkey", "POST", { id: begun.id, credential: shown.toJSON() })).token;
}
