import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/**/*.long.test.ts"],
    testTimeout: 120_000,
    hookTimeout: 60_000,
    // Real servers are started beside the tests: two cores hold two files at a time.
    maxWorkers: 2,
  },
});
