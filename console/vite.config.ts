import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
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

export default defineConfig({
  plugins: [react(), packed()],
  build: { outDir: PAGE, emptyOutDir: true, target: "es2022", modulePreload: { polyfill: false }, chunkSizeWarningLimit: 700 },
  server: { proxy: { "/api": { target: hub, ws: true, headers: { origin: hub }, changeOrigin: true }, "/setup": hub, "/trust": hub } },
});
