import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";

const FOLDER = join(import.meta.dirname, "golden");

/** The names of all golden files: one that no test compares any more should go. */
export function goldenNames(): readonly string[] {
  return readdirSync(FOLDER).sort();
}

/** Compares with `golden/<name>`; `KEYBOT_UPDATE=1` writes it anew, for a person to read in the diff. */
export function expectGolden(name: string, actual: string): void {
  const path = join(FOLDER, name);
  if (process.env.KEYBOT_UPDATE === "1") {
    mkdirSync(FOLDER, { recursive: true });
    writeFileSync(path, actual);
  }
  expect(existsSync(path), `${name} is missing: run the tests with KEYBOT_UPDATE=1`).toBe(true);
  expect(actual).toBe(readFileSync(path, "utf8"));
}
