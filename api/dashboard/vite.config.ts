import { defineConfig } from "vitest/config";

// The server that `npm run dev` shows: SYSTEM_MONITOR_URL=http://gpu-07:8000 npm run dev
const target = process.env.SYSTEM_MONITOR_URL ?? "http://127.0.0.1:8000";

const toServer = {
  target,
  changeOrigin: true,
  // The server takes requests only from a page of its own origin.
  headers: { origin: new URL(target).origin },
};

export default defineConfig({
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
  test: { include: ["tests/**/*.test.ts"], testTimeout: 30_000, isolate: false },
});
