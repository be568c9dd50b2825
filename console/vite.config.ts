import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { brotliCompressSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

// `npx vite` beside a running hub: UNISONO_URL says where it is
const hub = process.env.UNISONO_URL ?? "http://127.0.0.1:8080";

const PAGE = "../src/unisono/api/page/console";

/** Scripts and styles packed once, as small as they get: the hub packs by gzip what a browser does not take so. */
const packed = (): Plugin => ({
  name: "packed",
  closeBundle() {
    const folder = join(PAGE, "assets");
    for (const name of readdirSync(folder)) if (/\.(js|css)$/.test(name)) writeFileSync(join(folder, `${name}.br`), brotliCompressSync(readFileSync(join(folder, name))));
  },
});

interface Modules {
  getModuleInfo: (id: string) => { importedIds: readonly string[] } | null;
}
const ours = resolve("src");
const first = new Set<string>();

/** Our modules that the first page needs go into one file, with what they use of others: shared parts would be twenty
 * files, and on a slow link each costs a turn. */
function part(id: string, modules: Modules): string | null {
  if (first.size === 0) {
    const open = [join(ours, "main.tsx")];
    for (let at = open.pop(); at; at = open.pop()) {
      if (first.has(at) || !at.startsWith(ours)) continue;
      first.add(at);
      open.push(...(modules.getModuleInfo(at)?.importedIds ?? []));
    }
  }
  return first.has(id) || id.includes("rolldown/runtime") ? "first" : null; // what joins modules is a file of its own else
}

export default defineConfig({
  plugins: [react(), packed()],
  html: { cspNonce: "UNISONO-NONCE" }, // the hub puts a new one there each time it gives the page
  build: { outDir: PAGE, emptyOutDir: true, target: "es2022", modulePreload: { polyfill: false }, chunkSizeWarningLimit: 700, rolldownOptions: { output: { codeSplitting: { groups: [{ name: part, debugName: "first" }] } } } },
  server: { proxy: { "/api": { target: hub, ws: true, headers: { origin: hub }, changeOrigin: true }, "/setup": hub, "/trust": hub } },
});
