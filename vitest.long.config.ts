import { defineConfig } from "vitest/config";
import { DIFFERENTIAL, LONG_RUN, LongRunReport, RELIABILITY } from "./test/long/report.ts";

/** `npm run test:long`: what takes minutes. One file at a time, so that a duration means something. */
// biome-ignore lint/style/noDefaultExport: vitest takes its configuration so
export default defineConfig({
  test: {
    include: ["test/**/*.long.test.ts"],
    testTimeout: 900_000,
    hookTimeout: 120_000,
    maxWorkers: 1,
    reporters: ["default", new LongRunReport(LONG_RUN, DIFFERENTIAL, RELIABILITY)],
  },
});
