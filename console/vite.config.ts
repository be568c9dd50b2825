import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { brotliCompressSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

// `npx vite` beside a running hub: UNISONO_URL says where it is
const hub = process.env.UNISONO_URL ?? "http://127.0.0.1:8080";

const NONCE = "UNISONO-NONCE";
const PAGE = "../src/unisono/api/page/console";

/** Scripts and styles packed once, as small as they get: the hub packs by gzip what a browser does not take so. */
const packed = (): Plugin => ({
  name: "packed",
  closeBundle() {
    const folder = join(PAGE, "assets");
    for (const name of readdirSync(folder)) if (/\.(js|css)$/.test(name)) writeFileSync(join(folder, `${name}.br`), brotliCompressSync(readFileSync(join(folder, name))));
  },
});

const FIRST = "early";
/** Chromium then compiles all of a file beside the page's thread while it comes, and not each function when it is called: a quarter
 * less for that thread until the first lamps stand. For the file that is needed whole at once; to others it is a comment. */
const EAGER = "//# allFunctionsCalledOnLoad\n";

const eager = (): Plugin => ({
  name: "eager",
  enforce: "post",
  generateBundle: {
    order: "post",
    handler: (_options, bundle) => {
      for (const one of Object.values(bundle)) if (one.type === "chunk" && one.name === "first") one.code = EAGER + one.code;
    },
  },
});

/** A small file asks the hub what the first page needs while the large one is on its way: it is named in the page, and runs when it is there. */
const hastened = (): Plugin => ({
  name: "hastened",
  transformIndexHtml: {
    order: "post",
    handler: (_html, { bundle }) => {
      const found = Object.values(bundle ?? {}).find((one) => one.type === "chunk" && one.name === FIRST);
      return found ? [{ tag: "script", attrs: { type: "module", async: true, crossorigin: true, src: `/${found.fileName}`, nonce: NONCE }, injectTo: "head" }] : [];
    },
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
  if (id === join(ours, "early.ts")) return FIRST;
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
  plugins: [react(), packed(), hastened(), eager()],
  html: { cspNonce: NONCE }, // the hub puts a new one there each time it gives the page
  build: { outDir: PAGE, emptyOutDir: true, target: "es2022", modulePreload: { polyfill: false }, chunkSizeWarningLimit: 700, rolldownOptions: { output: { codeSplitting: { groups: [{ name: part, debugName: "first" }] } } } },
  server: { proxy: { "/api": { target: hub, ws: true, headers: { origin: hub }, changeOrigin: true }, "/setup": hub, "/trust": hub } },
});
