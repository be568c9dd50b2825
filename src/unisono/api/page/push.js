// The console's service worker. It shows what the hub has to say, also while none of its pages is open; and it keeps the
// console's own files, so that it opens without a network. Nothing of the API is ever kept here. Served at /push.js, so
// that its scope is the hub.
"use strict";
const SHELL = "shell";
const NETWORK_MS = 3000; // a slow hub is waited for so long before what was kept is shown

async function keep() {
  const page = await fetch("/", { cache: "no-cache" });
  if (!page.ok) return;
  const named = [...(await page.clone().text()).matchAll(/(?:src|href)="(\/[^"#?]+)"/g)].map((found) => found[1]);
  const cache = await caches.open(SHELL);
  const kept = new Set((await cache.keys()).map((request) => new URL(request.url).pathname));
  await Promise.all(named.filter((path) => !kept.has(path)).map((path) => cache.add(path).catch(() => undefined)));
  await cache.put("/", page);
  const last = await cache.match("/files");
  const before = last ? await last.json() : [];
  if (before.join() !== named.join()) { // built anew: parts of the older one are of no use
    for (const path of kept) if (path.startsWith("/assets/") && !named.includes(path)) await cache.delete(path);
    await cache.put("/files", Response.json(named));
  }
}

/** From the network, and kept; what was kept, if the network does not answer in time. */
async function fresh(path) {
  const cache = await caches.open(SHELL);
  const kept = await cache.match(path);
  try {
    const answer = await fetch(path, kept ? { signal: AbortSignal.timeout(NETWORK_MS) } : {});
    if (answer.ok) await cache.put(path, answer.clone());
    return answer;
  } catch (error) {
    if (kept) return kept;
    throw error;
  }
}

/** What never changes: as kept, else from the network. */
async function lasting(request, path) {
  const cache = await caches.open(SHELL);
  const kept = await cache.match(path);
  if (kept) return kept;
  const answer = await fetch(request);
  if (answer.ok) await cache.put(path, answer.clone());
  return answer;
}

self.addEventListener("install", (event) => event.waitUntil(keep().catch(() => undefined).then(() => self.skipWaiting())));
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("message", (event) => { if (event.data === "keep") event.waitUntil(keep().catch(() => undefined)); });
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== self.location.origin) return;
  if (pathname.startsWith("/assets/")) event.respondWith(lasting(request, pathname));
  else if (pathname === "/" || pathname === "/manifest.webmanifest" || pathname.startsWith("/icon")) event.respondWith(fresh(pathname));
});
self.addEventListener("push", (event) => {
  let told = { title: "Unisono", text: "" };
  try { told = { ...told, ...event.data.json() }; } catch { told.text = event.data ? event.data.text() : ""; }
  event.waitUntil(self.registration.showNotification(told.title || "Unisono", {
    body: told.text,
    tag: told.group || undefined,          // a later one of the group replaces the earlier, here too
    renotify: Boolean(told.group) && told.priority !== "low",
    requireInteraction: told.priority === "critical",
    silent: told.priority === "low",
    data: { url: `/#/${told.page || ""}` },
  }));
});
self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil((async () => {
    const url = event.notification.data?.url || "/";
    for (const page of await self.clients.matchAll({ type: "window", includeUncontrolled: true })) {
      // one that this worker has not taken over yet is not its to lead: then another one is opened
      const led = await page.navigate(url).catch(() => null);
      if (led) return led.focus();
    }
    return self.clients.openWindow(url);
  })());
});
