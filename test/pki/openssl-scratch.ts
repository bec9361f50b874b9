/** A folder in which a test lets OpenSSL make keys, certificates and CMS: the second, independent implementation. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { isProblem, type ParseProblem } from "../../src/pki/index.ts";

export class Scratch {
  readonly folder: string;

  /** A new folder, removed when the tests of the file are over. */
  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), "keybot-pki-"));
    afterAll(() => rmSync(this.folder, { recursive: true, force: true }));
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  read(name: string): Buffer {
    return readFileSync(this.path(name));
  }

  write(name: string, content: string | Uint8Array): string {
    writeFileSync(this.path(name), content);
    return this.path(name);
  }

  /** Runs openssl in the folder; a failure throws with what it said. */
  openssl(...args: readonly string[]): string {
    return execFileSync("openssl", args, {
      cwd: this.folder,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });
  }

  /** True when openssl ends with exit code 0. */
  succeeds(...args: readonly string[]): boolean {
    return spawnSync("openssl", args, { cwd: this.folder, stdio: "ignore" }).status === 0;
  }

  /**
   * A self-signed certificate `NAME.crt` (PEM), its key `NAME.key` and its DER.
   * @param key as `openssl req -newkey` and `-pkeyopt` take it
   */
  selfSigned(name: string, key: readonly string[], extra: readonly string[] = []): Buffer {
    const subject = extra.includes("-subj") ? [] : ["-subj", `/CN=${name}`];
    const output = ["-keyout", `${name}.key`, "-out", `${name}.crt`];
    this.openssl("req", "-x509", "-nodes", "-days", "100", ...subject, ...output, ...key, ...extra);
    this.openssl("x509", "-in", `${name}.crt`, "-outform", "DER", "-out", `${name}.der`);
    return this.read(`${name}.der`);
  }
}

/** Keys by their usual names, as `openssl req` makes them. */
export const KEYS = {
  "RSA-2048": ["-newkey", "rsa:2048"],
  "RSA-PSS-2048": ["-newkey", "rsa-pss", "-pkeyopt", "rsa_keygen_bits:2048"],
  "P-256": ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
  "P-384": ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384"],
  "P-521": ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-521"],
  brainpoolP256r1: ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:brainpoolP256r1"],
  brainpoolP384r1: ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:brainpoolP384r1"],
  Ed25519: ["-newkey", "ed25519"],
  Ed448: ["-newkey", "ed448"],
} as const;

/** The value or a failed test; for parse functions whose input is known to be good. */
export function good<T extends object>(parsed: T): Exclude<T, ParseProblem> {
  if (isProblem(parsed)) throw new Error(`unexpected problem: ${parsed.detail}`);
  return parsed as Exclude<T, ParseProblem>;
}
