// Shows what the hub has to say, also while none of its pages is open. Served at /push.js, so that its scope is the hub.
"use strict";
self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("push", (event) => {
  let told = { title: "Unisono", text: "" };
  try { told = { ...told, ...event.data.json() }; } catch { told.text = event.data ? event.data.text() : ""; }
  event.waitUntil(self.registration.showNotification(told.title || "Unisono", {
    body: told.text,
    tag: told.group || undefined,          // a later one of the group replaces the earlier, here too
    renotify: Boolean(told.group) && told.priority !== "low",
    requireInteraction: told.priority === "critical",
    silent: told.priority === "low",
    data: { url: "/" },
  }));
});
self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil((async () => {
    const open = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
    if (open.length) return open[0].focus();
    return self.clients.openWindow(event.notification.data?.url || "/");
  })());
});
