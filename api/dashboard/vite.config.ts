import { readFileSync } from "node:fs";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";
import { MOST_IN_ICON } from "./src/text/icon.ts";

// The server that `npm run dev` shows: SYSTEM_MONITOR_URL=http://gpu-07:8000 npm run dev
const target = process.env.SYSTEM_MONITOR_URL ?? "http://127.0.0.1:8000";

const toServer = {
  target,
  changeOrigin: true,
  // The server takes requests only from a page of its own origin.
  headers: { origin: new URL(target).origin },
};

/** Writes a copy of the icon for each count of findings: icon-1.svg to icon-9.svg. */
function countedIcons(): Plugin {
  return {
    name: "counted-icons",
    generateBundle() {
      const icon = readFileSync(new URL("public/icon.svg", import.meta.url), "utf8").replace("</svg>", "");
      for (let count = 1; count <= MOST_IN_ICON; count += 1) {
        const text = count < MOST_IN_ICON ? `${count}` : `${count}+`;
        const badge = `<circle cx="22" cy="10" r="10" fill="#b93a0a"/><text x="22" y="15" font-family="sans-serif" font-size="14" font-weight="700" text-anchor="middle" fill="#fff">${text}</text>`;
        this.emitFile({ type: "asset", fileName: `icon-${count}.svg`, source: `${icon}${badge}</svg>\n` });
      }
    },
  };
}

export default defineConfig({
  plugins: [countedIcons()],
  base: "./", // relative addresses: the page also works behind a path of a reverse proxy
  build: {
    outDir: "../static",
    emptyOutDir: true,
    target: "es2022",
    // The server's Content-Security-Policy allows neither data: addresses nor inline scripts.
    assetsInlineLimit: 0,
    modulePreload: false,
  },
  server: {
    proxy: {
      "/api": { ...toServer, ws: true },
      "/login": toServer,
      "/logout": toServer,
      "/session": toServer,
    },
  },
  // Timers are faked: a test waits for nothing, but a machine that is busy with others is slow.
  // The files share no state, so they do not need a process each.
  test: { include: ["tests/**/*.test.{ts,tsx}"], testTimeout: 30_000, isolate: false },
});
