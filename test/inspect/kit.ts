/** Certificates by OpenSSL, decoded by pki: what the checks of this room are asked about. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { type Certificate, isProblem, parseCertificate } from "../../src/pki/index.ts";
import { DEFAULT_POLICY, type Policy } from "../../src/policy.ts";
import type { Identity } from "../lab/openssl.ts";

export const ALICE = "alice@partner.example";
export const POLICY: Policy["certificates"] = DEFAULT_POLICY.certificates;

/** A folder for the CAs of one test file. */
export function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), "keybot-inspect-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function decoded(identity: Identity): Certificate {
  const parsed = parseCertificate(identity.der);
  if (isProblem(parsed)) throw new Error(parsed.detail);
  return parsed;
}

/** Codes, with the severity where it is not the table's. */
export function codes(findings: readonly { readonly code: string }[]): string[] {
  return findings.map(({ code }) => code);
}
