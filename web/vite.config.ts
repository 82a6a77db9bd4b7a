import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const server = "http://127.0.0.1:8600";

export default defineConfig({
  plugins: [react()],
  build: {
    outDir: "../src/outcode/server/static",
    emptyOutDir: true,
    // Fonts and images stay files of their own: the content security policy allows no data URL.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // Browsers that know light-dark(), which theme.css is written in.
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
    chunkSizeWarningLimit: 700,
    rolldownOptions: {
      // What changes seldom keeps its cached file over our releases.
      output: { codeSplitting: { groups: [{ name: "vendor", test: /node_modules/ }] } },
    },
  },
  server: { proxy: { "/api": server, "/hooks": server, "/start": server } },
  test: {
    environment: "jsdom",
    setupFiles: "src/testing/setup.ts",
    css: false,
    // A busy machine is no failure.
    testTimeout: 120_000,
    hookTimeout: 60_000,
  },
});
