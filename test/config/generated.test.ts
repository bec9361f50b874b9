import { readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

import { configReference, exampleConfig } from "../../src/config/index.ts";

// KEYBOT_UPDATE=1 npx vitest run test/config writes the files anew.
const FILES: readonly (readonly [name: string, make: () => string])[] = [
  ["data/keybot.example.toml", exampleConfig],
  ["docs/CONFIG.md", configReference],
];

describe("generated files", () => {
  it.each(FILES)("%s is what the schema says", (name, make) => {
    const file = new URL(`../../${name}`, import.meta.url);
    if (process.env.KEYBOT_UPDATE === "1") writeFileSync(file, make());
    expect(readFileSync(file, "utf8")).toBe(make());
  });
});
