/** Certificates that are signed rightly and made to cost: what no certificate authority would issue. */
import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { encode } from "../../src/pki/der-write.ts";
import { OID } from "../../src/pki/oid.ts";
import { bits, extension, nameDer } from "../pki/forge.ts";

/** Who issues: a name and its key. */
export interface Who {
  readonly name: string;
  readonly key: KeyObject;
}

export interface Issued {
  readonly subject: Who;
  readonly der: Buffer;
}

export function who(name: string): Who {
  return { name, key: generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey };
}

let serial = 1_000;

/** What is not as usual: another public key than the subject's own, another serial number than the next one. */
export interface Odd {
  readonly spki?: Uint8Array;
  readonly serial?: number;
}

export function issue(issuer: Who, subject: Who, extensions: readonly Uint8Array[], odd: Odd = {}): Issued {
  const algorithm = encode.sequence(encode.oid(OID.ecdsaWithSha256));
  const own = createPublicKey(subject.key).export({ type: "spki", format: "der" });
  const day = 86_400_000;
  const tbs = encode.sequence(
    encode.tagged(0xa0, encode.integer(2)),
    encode.integer(odd.serial ?? serial++),
    algorithm,
    nameDer(issuer.name),
    encode.sequence(encode.time(new Date(Date.now() - day)), encode.time(new Date(Date.now() + 3650 * day))),
    nameDer(subject.name),
    odd.spki ?? own,
    encode.tagged(0xa3, encode.sequence(...extensions)),
  );
  return { subject, der: encode.sequence(tbs, algorithm, bits(sign("sha256", tbs, issuer.key))) };
}

const TRUE = encode.tagged(0x01, Buffer.of(0xff));

/** What makes a certificate one of a CA. */
export const ofCa: readonly Uint8Array[] = [
  extension(OID.basicConstraints, encode.sequence(TRUE), true),
  extension(OID.keyUsage, bits(Buffer.of(0x06), 1), true),
];

export function pem(der: Uint8Array, label = "CERTIFICATE"): string {
  const lines = Buffer.from(der)
    .toString("base64")
    .replace(/.{1,64}/g, "$&\n");
  return `-----BEGIN ${label}-----\n${lines.trimEnd()}\n-----END ${label}-----\n`;
}

/** As `openssl cms` wants a signer. */
export function signerFiles(folder: string, name: string, leaf: Issued, beside: readonly Issued[]) {
  const files = { certFile: join(folder, `${name}.crt`), keyFile: join(folder, `${name}.key`) };
  const chainFile = join(folder, `${name}.chain`);
  writeFileSync(files.certFile, pem(leaf.der));
  writeFileSync(files.keyFile, leaf.subject.key.export({ type: "pkcs8", format: "pem" }));
  writeFileSync(chainFile, beside.map(({ der }) => pem(der)).join(""));
  return { ...files, chain: [chainFile] };
}
