/**
 * The parameters of a signature algorithm, absent or NULL where its RFC says otherwise, wherever a CA signs: certificates, CRLs
 * and OCSP responses. Which of them a CMS signer may write stands in `cms.test.ts`.
 */
import { spawnSync } from "node:child_process";
import { generateKeyPairSync, sign } from "node:crypto";
import { describe, expect, it } from "vitest";
import { TAG } from "../../src/pki/der.ts";
import { encode } from "../../src/pki/der-write.ts";
import {
  checkOcsp,
  findPath,
  isProblem,
  OID,
  parseCertificate,
  parseCrl,
  parseOcspResponse,
  toPem,
} from "../../src/pki/index.ts";
import { childAt, type DerNode, parseDer, writeDer } from "../attacks/der-tree.ts";
import { respond } from "./ocsp-authority.ts";
import { good, Scratch } from "./openssl-scratch.ts";
import { edKey, type Issued, issue, issueCa, issueCrl, type Key, key, NOW } from "./path-authority.ts";

const NULL = encode.null();
const named = (oid: string, ...parameters: readonly Uint8Array[]): Buffer =>
  encode.sequence(encode.oid(oid), ...parameters);

const rsaPair = generateKeyPairSync("rsa", { modulusLength: 2048 });
const ecPair = generateKeyPairSync("ec", { namedCurve: "P-256" });
const dsaPair = generateKeyPairSync("dsa", { modulusLength: 2048, divisorLength: 256 });
const KEYS = {
  RSA: key(rsaPair.publicKey, named(OID.sha256WithRsa, NULL), (data) =>
    sign("sha256", data, rsaPair.privateKey),
  ),
  ECDSA: key(ecPair.publicKey, named(OID.ecdsaWithSha256), (data) => sign("sha256", data, ecPair.privateKey)),
  DSA: key(dsaPair.publicKey, named(OID.dsaWithSha256), (data) => sign("sha256", data, dsaPair.privateKey)),
  Ed25519: edKey(),
} as const;

interface Row {
  readonly what: string;
  readonly kind: keyof typeof KEYS;
  readonly algorithm: Buffer;
  /** The copy inside what is signed, where it is written otherwise. */
  readonly inner?: Buffer;
  readonly taken: boolean;
  /** What OpenSSL makes of it, where it differs, and why. */
  readonly openssl?: readonly [takes: boolean, because: string];
}

const ROWS: readonly Row[] = [
  { what: "RSA with NULL", kind: "RSA", algorithm: named(OID.sha256WithRsa, NULL), taken: true },
  {
    what: "RSA with absent parameters (RFC 4055 §5: NULL)",
    kind: "RSA",
    algorithm: named(OID.sha256WithRsa),
    taken: true,
  },
  { what: "ECDSA with absent parameters", kind: "ECDSA", algorithm: named(OID.ecdsaWithSha256), taken: true },
  {
    what: "ECDSA with NULL (RFC 5758 §3.2: absent)",
    kind: "ECDSA",
    algorithm: named(OID.ecdsaWithSha256, NULL),
    taken: true,
  },
  { what: "DSA with absent parameters", kind: "DSA", algorithm: named(OID.dsaWithSha256), taken: true },
  {
    what: "DSA with NULL (RFC 5758 §3.1: absent)",
    kind: "DSA",
    algorithm: named(OID.dsaWithSha256, NULL),
    taken: true,
  },
  { what: "Ed25519 with absent parameters", kind: "Ed25519", algorithm: named(OID.ed25519), taken: true },
  {
    what: "Ed25519 with NULL (RFC 8410 §3: absent)",
    kind: "Ed25519",
    algorithm: named(OID.ed25519, NULL),
    taken: false,
    openssl: [true, "does not look at them; nobody is known who writes one"],
  },
  {
    what: "RSA with a number",
    kind: "RSA",
    algorithm: named(OID.sha256WithRsa, encode.integer(1)),
    taken: false,
    openssl: [true, "does not look at them"],
  },
  {
    what: "ECDSA with a number",
    kind: "ECDSA",
    algorithm: named(OID.ecdsaWithSha256, encode.integer(1)),
    taken: false,
    openssl: [true, "does not look at them"],
  },
  {
    what: "RSA, NULL outside and absent inside",
    kind: "RSA",
    algorithm: named(OID.sha256WithRsa, NULL),
    inner: named(OID.sha256WithRsa),
    taken: false,
  },
  {
    what: "RSA, absent outside and NULL inside",
    kind: "RSA",
    algorithm: named(OID.sha256WithRsa),
    inner: named(OID.sha256WithRsa, NULL),
    taken: false,
  },
  {
    what: "ECDSA, NULL outside and absent inside",
    kind: "ECDSA",
    algorithm: named(OID.ecdsaWithSha256, NULL),
    inner: named(OID.ecdsaWithSha256),
    taken: false,
  },
  {
    what: "ECDSA, absent outside and NULL inside",
    kind: "ECDSA",
    algorithm: named(OID.ecdsaWithSha256),
    inner: named(OID.ecdsaWithSha256, NULL),
    taken: false,
  },
];

const table = ROWS.map((row) => [row.what, row] as const);
const root = issueCa({ subject: "Root" });
const scratch = new Scratch();

/** The CA that writes the algorithm of what it signs as the row says. */
function caOf({ kind, algorithm }: Pick<Row, "kind" | "algorithm">): Issued {
  const made = issueCa({ subject: "CA", issuer: root, key: KEYS[kind] });
  return { ...made, key: { ...KEYS[kind], algorithm } };
}

/** A certificate or CRL with another copy of the algorithm inside, signed again. */
function withInner(der: Uint8Array, inner: Buffer | undefined, { sign: signs }: Key): Buffer {
  if (inner === undefined) return Buffer.from(der);
  const signed = parseDer(Buffer.from(der));
  const tbs = childAt(signed, 0);
  const place = tbs.children?.findIndex(isAlgorithm) ?? -1;
  tbs.children?.splice(place, 1, parseDer(inner));
  const signature = encode.tagged(TAG.bitString, Buffer.of(0), signs(writeDer(tbs)));
  signed.children?.splice(2, 1, parseDer(signature));
  return writeDer(signed);
}

/** AlgorithmIdentifier: the first SEQUENCE that begins with an OBJECT IDENTIFIER. */
function isAlgorithm({ tag, children }: DerNode): boolean {
  return tag === TAG.sequence && children?.[0]?.tag === TAG.oid;
}

function openssl(...args: readonly string[]): { readonly status: number | null; readonly said: string } {
  const { status, stdout, stderr } = spawnSync("openssl", args, { cwd: scratch.folder, encoding: "utf8" });
  return { status, said: `${stdout}${stderr}` };
}

const AT = ["-attime", String(NOW.getTime() / 1000)];
const because = ({ openssl: differs }: Row): string => `openssl: ${differs?.[1] ?? "the same"}`;

function writeCertificates(ca: Issued, target: Uint8Array): void {
  scratch.write("root.pem", toPem(root.certificate.der, "CERTIFICATE"));
  scratch.write("ca.pem", toPem(ca.certificate.der, "CERTIFICATE"));
  scratch.write("target.pem", toPem(target, "CERTIFICATE"));
}

describe("the signature algorithm of a certificate (RFC 5280 §4.1.1.2)", () => {
  it.each(table)("%s", (_what, row) => {
    const ca = caOf(row);
    const issued = issue({ subject: "Alice", issuer: ca }).certificate;
    const target = good(parseCertificate(withInner(issued.der, row.inner, ca.key)));
    const { valid, problems } = findPath({
      ...{ target, intermediates: [ca.certificate], anchors: [{ certificate: root.certificate }], at: NOW },
      ...{ acceptablePolicies: null, explicitPolicy: false, inhibitAnyPolicy: false },
      ...{ inhibitPolicyMapping: false, crls: null },
    });
    expect(valid).toBe(row.taken);
    // What cannot be computed, or contradicts itself, is never told as a forgery.
    if (!row.taken)
      expect(problems.map(({ rule }) => rule)).toEqual([row.inner === undefined ? "algorithm" : "malformed"]);
    writeCertificates(ca, target.der);
    const verified = openssl("verify", ...AT, "-CAfile", "root.pem", "-untrusted", "ca.pem", "target.pem");
    expect(verified.status === 0, because(row)).toBe(row.openssl?.[0] ?? row.taken);
  });
});

describe("the signature algorithm of a CRL (RFC 5280 §5.1.1.2)", () => {
  it.each(table)("%s", (_what, row) => {
    const ca = caOf(row);
    const target = issue({ subject: "Alice", issuer: { ...ca, key: KEYS[row.kind] } }).certificate;
    const der = withInner(issueCrl(ca).der, row.inner, ca.key);
    const crl = parseCrl(der);
    if (row.inner !== undefined) expect(crl).toMatchObject({ problem: "malformed" });
    const result = findPath({
      ...{ target, intermediates: [ca.certificate], anchors: [{ certificate: root.certificate }], at: NOW },
      ...{ acceptablePolicies: null, explicitPolicy: false, inhibitAnyPolicy: false },
      ...{ inhibitPolicyMapping: false, crls: [issueCrl(root), ...(isProblem(crl) ? [] : [crl])] },
    });
    expect(result.problems.map(({ rule }) => rule)).toEqual(row.taken ? [] : ["revocation-unknown"]);
    writeCertificates(ca, target.der);
    scratch.write("crl.der", der);
    const verified = openssl("crl", "-inform", "DER", "-in", "crl.der", "-noout", "-CAfile", "ca.pem");
    expect(verified.said.includes("verify OK"), because(row)).toBe(row.openssl?.[0] ?? row.taken);
  });
});

describe("the signature algorithm of an OCSP response (RFC 6960 §4.2.1)", () => {
  it.each(table.filter(([, { inner }]) => inner === undefined))("%s", (_what, row) => {
    const ca = caOf(row);
    const certificate = issue({ subject: "Alice", issuer: { ...ca, key: KEYS[row.kind] } }).certificate;
    const der = respond(ca, { answers: [{ certificate, issuer: ca.certificate }] });
    const result = checkOcsp({
      certificate,
      issuer: { certificate: ca.certificate, key: ca.certificate.publicKey },
      response: good(parseOcspResponse(der)),
      nonce: null,
      at: NOW,
      statusOfDelegate: () => "unknown",
    });
    expect(result).toMatchObject(row.taken ? { status: "good" } : { status: "unusable", fault: "algorithm" });
    writeCertificates(ca, certificate.der);
    scratch.write("response.der", der);
    const about = ["-issuer", "ca.pem", "-cert", "target.pem", "-CAfile", "root.pem", "-no_nonce"];
    const verified = openssl("ocsp", "-respin", "response.der", "-verify_other", "ca.pem", ...about, ...AT);
    expect(verified.said.includes("Response verify OK"), because(row)).toBe(row.openssl?.[0] ?? row.taken);
  });
});
