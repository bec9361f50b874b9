import { userInfo } from "node:os";
import { describe, it } from "vitest";
import { missingDovecot, missingPostfix, wrongDovecot } from "./prepare.mjs";

/** What a test file can need besides Node and OpenSSL. Postfix needs root as well. */
export type Need = "dovecot" | "postfix";

/** Why these servers cannot be started here, in one sentence, or undefined when they can. */
export function unavailable(needs: readonly Need[]): string | undefined {
  const missing = [
    ...(needs.includes("dovecot") ? missingDovecot() : []),
    ...(needs.includes("postfix") ? missingPostfix() : []),
  ];
  if (missing.length > 0) return `${missing.join(" and ")} missing; get them with: node test/lab/prepare.mjs`;
  if (needs.includes("dovecot") && wrongDovecot() !== undefined) return wrongDovecot();
  if (needs.includes("postfix") && userInfo().uid !== 0) return "Postfix needs root";
  return undefined;
}

/**
 * As vitest's `describe`, for tests that need servers. Where they are absent the whole block is skipped with one line
 * that says why; with `CI` set, where nobody would read that line, it fails instead.
 */
export function describeWith(needs: readonly Need[], name: string, tests: () => void): void {
  const reason = unavailable(needs);
  if (reason === undefined) {
    describe(name, tests);
  } else if (isCi()) {
    it(name, () => {
      throw new Error(`CI is set, and ${reason}`);
    });
  } else {
    process.stderr.write(`skipped: ${name} (${reason})\n`);
    describe.skip(name, tests);
  }
}

function isCi(): boolean {
  return process.env.CI !== undefined && !["", "0", "false"].includes(process.env.CI);
}
