/** The second opinion on a path: `openssl verify -x509_strict` over the same certificates, CRLs and settings. */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { PathInput } from "../../src/pki/index.ts";

/**
 * @param folder a folder of the test's own, where the PEM files are written
 * @param purpose as `openssl verify -purpose` takes it; without one the path alone is judged
 */
export function opensslAccepts(folder: string, input: PathInput, purpose?: string): boolean {
  const file = (name: string, label: string, values: readonly { readonly der: Uint8Array }[]) => {
    const path = join(folder, name);
    writeFileSync(path, values.map(({ der }) => pem(label, der)).join(""));
    return path;
  };
  const anchors = input.anchors.map(({ certificate }) => certificate);
  const { status, error } = spawnSync("openssl", [
    ...["verify", "-x509_strict", "-auth_level", "0", "-no-CApath"],
    ...["-attime", String(input.at.getTime() / 1000)],
    // Not -trusted: the paths of CRL signers do not see those.
    ...(anchors.length === 0 ? ["-no-CAfile"] : ["-CAfile", file("trusted.pem", "CERTIFICATE", anchors)]),
    ...(input.intermediates.length === 0
      ? []
      : ["-untrusted", file("untrusted.pem", "CERTIFICATE", input.intermediates)]),
    ...(purpose === undefined ? [] : ["-purpose", purpose, "-policy_check"]),
    ...(input.explicitPolicy ? ["-policy_check", "-explicit_policy"] : []),
    ...(input.acceptablePolicies ?? []).flatMap((oid) => ["-policy", oid]),
    ...(input.crls === null ? [] : ["-crl_check_all", "-extended_crl", "-use_deltas"]),
    ...(input.crls === null || input.crls.length === 0
      ? []
      : ["-CRLfile", file("crls.pem", "X509 CRL", input.crls)]),
    file("target.pem", "CERTIFICATE", [input.target]),
  ]);
  if (error !== undefined) throw error;
  return status === 0;
}

function pem(label: string, der: Uint8Array): string {
  const base64 = Buffer.from(der)
    .toString("base64")
    .replace(/.{64}(?=.)/g, "$&\n");
  return `-----BEGIN ${label}-----\n${base64}\n-----END ${label}-----\n`;
}
