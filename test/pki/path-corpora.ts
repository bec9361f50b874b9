/** Where the public test material lies: KEYBOT_CORPORA, else beside the project. Absent: those tests are skipped. */
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Certificate, isProblem, parseCertificate } from "../../src/pki/index.ts";

const root = process.env.KEYBOT_CORPORA ?? resolve(import.meta.dirname, "../../../shared/corpora");

/** The folder of one corpus, or null, said in one line. */
export function corpus(name: string): string | null {
  const folder = join(root, name);
  if (existsSync(folder)) return folder;
  console.info(`corpus ${name} is absent (KEYBOT_CORPORA): its tests are skipped`);
  return null;
}

/** A certificate that the test needs, from DER or PEM. */
export function certificateOf(bytes: Uint8Array | string): Certificate {
  const parsed = parseCertificate(typeof bytes === "string" ? derOf(bytes) : bytes);
  if (isProblem(parsed)) throw new Error(parsed.detail);
  return parsed;
}

/** A certificate file. */
export function certificateFile(...path: readonly string[]): Certificate {
  return certificateOf(readFileSync(join(...path)));
}

/** The first block of a PEM text. */
export function derOf(pem: string): Uint8Array {
  return Buffer.from(pem.replace(/-----[^-]+-----/g, ""), "base64");
}
