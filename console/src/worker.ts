/** The service worker: where a browser has them and the connection is safe. */
const PATH = "/push.js";
const LATER_MS = 3000; // the page itself comes first

export function installWorker(): void {
  if (!("serviceWorker" in navigator) || !isSecureContext || import.meta.env.DEV) return;
  setTimeout(() => {
    void navigator.serviceWorker
      .register(PATH)
      .then(() => navigator.serviceWorker.ready)
      .then((worker) => worker.active?.postMessage("keep"))
      .catch(() => undefined);
  }, LATER_MS);
}

const bytes = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));

export const canPush = (): boolean => "serviceWorker" in navigator && "PushManager" in window && "Notification" in window && isSecureContext;

/** A subscription of this browser, for the hub's public key. Throws what the browser says. */
export async function subscribe(key: string): Promise<PushSubscriptionJSON> {
  await navigator.serviceWorker.register(PATH);
  const worker = await navigator.serviceWorker.ready;
  const old = await worker.pushManager.getSubscription();
  if (old) await old.unsubscribe();
  return (await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(key) })).toJSON();
}

/** This browser is told of nothing any more. */
export async function unsubscribe(): Promise<void> {
  const worker = await navigator.serviceWorker.getRegistration(PATH);
  await (await worker?.pushManager.getSubscription())?.unsubscribe();
}
