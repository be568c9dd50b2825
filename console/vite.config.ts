import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// `npx vite` beside a running hub: UNISONO_URL says where it is
const hub = process.env.UNISONO_URL ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react()],
  build: { outDir: "../src/unisono/api/page/console", emptyOutDir: true, target: "es2022", modulePreload: { polyfill: false }, chunkSizeWarningLimit: 700 },
  server: { proxy: { "/api": { target: hub, ws: true }, "/setup": hub, "/trust": hub } },
});
