/** A chain before it is signed, so that anything in it can be made wrong first; every choice is drawn from one seed. */
import { createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { encode } from "../../src/pki/der-write.ts";
import { type Certificate, OID } from "../../src/pki/index.ts";
import type { Random } from "../long/mutate.ts";
import {
  authorityKeyIdentifier,
  basicConstraints,
  distinguishedName,
  extension,
  type Issued,
  issue,
  type Key,
  key,
  keyUsage,
  NOW,
  subjectAltName,
} from "./path-authority.ts";

export const ADDRESS = "alice@partner.example";

/** A key pair that can also sign with SHA-1. */
export interface PoolKey extends Key {
  readonly kind: "RSA" | "EC";
  readonly sha1: Key;
}

/** One certificate of a chain. What a defect does not touch is as a good CA would have it. */
export interface Draft {
  subject: Buffer;
  key: PoolKey;
  /** Instead of the name and the key of the certificate above. */
  issuerName: Buffer | null;
  signer: PoolKey | null;
  digest: "sha256" | "sha1";
  innerAlgorithm: Buffer | null;
  version: 1 | 3;
  notBefore: Date;
  notAfter: Date;
  /** By name, so that one can be replaced; `subjectKeyIdentifier` and `authorityKeyIdentifier` come when it is signed. */
  readonly extensions: Map<string, Buffer>;
  /** The key that authorityKeyIdentifier names: the true one, another, or none at all. */
  namesIssuer: "right" | "wrong" | "critical" | "no";
  hasIdentifier: boolean;
}

export interface Chain {
  /** The root first, then one to three CAs, the end entity last. */
  readonly drafts: Draft[];
  /** Keys that are in no certificate of the chain, one a kind. */
  readonly strangers: Readonly<Record<PoolKey["kind"], PoolKey>>;
  /** One more, for a certificate that a defect adds. */
  readonly spare: PoolKey;
  /** Places whose certificate does not come along. */
  readonly withheld: Set<number>;
  /** Places whose CA has a namesake with another key, which comes along too. */
  readonly namesakes: Set<number>;
}

export interface Made {
  readonly target: Certificate;
  /** In any order. */
  readonly intermediates: readonly Certificate[];
  readonly root: Certificate;
}

export const DAY = 86_400_000;

/** A handful of keys for all chains of a run: making an RSA key takes longer than a hundred certificates. */
export function keyPool(): readonly PoolKey[] {
  return [...Array.from({ length: 3 }, rsaKey), ...Array.from({ length: 5 }, ecKey)];
}

export function pick<T>(from: readonly T[], random: Random): T {
  const picked = from[Math.floor(random() * from.length)];
  if (picked === undefined) throw new Error("nothing to pick from");
  return picked;
}

/** In an order of the seed's. */
export function shuffled<T>(values: readonly T[], random: Random): T[] {
  return values
    .map((value) => ({ value, order: random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ value }) => value);
}

/** A chain that everybody takes for signing and for encrypting. */
export function goodChain(pool: readonly PoolKey[], random: Random): Chain {
  const keys = shuffled(pool, random);
  const strangers = { RSA: takeKey(keys, "RSA"), EC: takeKey(keys, "EC") };
  const root = caDraft("Root", keys.shift() ?? strangers.EC);
  const cas = Array.from({ length: 1 + Math.floor(random() * 3) }, (_, index) =>
    caDraft(`CA ${index + 1}`, keys.shift() ?? strangers.EC),
  );
  const leaf = leafDraft(keys.shift() ?? strangers.EC);
  const spare = keys.shift() ?? strangers.EC;
  return { drafts: [root, ...cas, leaf], strangers, spare, withheld: new Set(), namesakes: new Set() };
}

function takeKey(keys: PoolKey[], kind: PoolKey["kind"]): PoolKey {
  const index = keys.findIndex((one) => one.kind === kind);
  const [taken] = keys.splice(index, 1);
  if (taken === undefined) throw new Error(`no key of the kind ${kind}`);
  return taken;
}

/** A good CA certificate, whatever is above it. */
export function caDraft(name: string, own: PoolKey): Draft {
  return draft(name, own, [
    ["basicConstraints", basicConstraints(true)],
    ["keyUsage", keyUsage("keyCertSign", "cRLSign")],
  ]);
}

/** An elliptic key without keyUsage, as the two programs ask for different bits to encrypt to it. */
function leafDraft(own: PoolKey): Draft {
  return draft("Alice", own, [
    ["basicConstraints", basicConstraints(false)],
    ...(own.kind === "RSA" ? [["keyUsage", keyUsage("digitalSignature", "keyEncipherment")] as const] : []),
    ["extendedKeyUsage", extendedKeyUsage(OID.emailProtection)],
    ["subjectAltName", subjectAltName(`email:${ADDRESS}`)],
  ]);
}

function draft(name: string, own: PoolKey, extensions: readonly (readonly [string, Buffer])[]): Draft {
  return {
    subject: distinguishedName(["O", "Chains"], ["CN", name]),
    key: own,
    issuerName: null,
    signer: null,
    digest: "sha256",
    innerAlgorithm: null,
    version: 3,
    notBefore: new Date(NOW.getTime() - 100 * DAY),
    notAfter: new Date(NOW.getTime() + 100 * DAY),
    extensions: new Map(extensions),
    namesIssuer: "right",
    hasIdentifier: true,
  };
}

export function extendedKeyUsage(...oids: readonly string[]): Buffer {
  return extension(OID.extendedKeyUsage, encode.sequence(...oids.map((oid) => encode.oid(oid))));
}

/** Signs the chain. */
export function make(chain: Chain, random: Random): Made {
  const issued: Issued[] = [];
  const namesakes: Certificate[] = [];
  for (const [place, one] of chain.drafts.entries()) {
    const above = issued[place - 1] ?? null;
    const issuerKey = chain.drafts[place - 1]?.key ?? one.key;
    issued.push(signedDraft(one, above, issuerKey, chain.strangers));
    if (chain.namesakes.has(place)) {
      const other = { ...one, key: chain.strangers[one.key.kind] };
      namesakes.push(signedDraft(other, above, issuerKey, chain.strangers).certificate);
    }
  }
  const [root, ...below] = issued.map(({ certificate }) => certificate);
  const target = below.pop();
  if (root === undefined || target === undefined) throw new Error("no chain");
  const sent = below.filter((_, index) => !chain.withheld.has(index + 1));
  return { root, target, intermediates: shuffled([...sent, ...namesakes], random) };
}

function signedDraft(
  one: Draft,
  above: Issued | null,
  issuerKey: PoolKey,
  strangers: Chain["strangers"],
): Issued {
  const signer = one.signer ?? issuerKey;
  return issue({
    subject: one.subject,
    key: one.key,
    issuer: above === null ? null : { ...above, key: one.digest === "sha1" ? signer.sha1 : signer },
    ...(one.issuerName === null ? {} : { issuerName: one.issuerName }),
    ...(one.innerAlgorithm === null ? {} : { innerAlgorithm: one.innerAlgorithm }),
    version: one.version,
    notBefore: one.notBefore,
    notAfter: one.notAfter,
    identifiers: false,
    extensions: [
      ...one.extensions.values(),
      ...(one.hasIdentifier ? [subjectKeyIdentifier(one.key)] : []),
      issuerIdentifier(one, issuerKey, strangers),
    ],
  });
}

function issuerIdentifier(one: Draft, issuerKey: PoolKey, strangers: Chain["strangers"]): Buffer | undefined {
  switch (one.namesIssuer) {
    case "right":
      return authorityKeyIdentifier(issuerKey);
    case "wrong":
      return authorityKeyIdentifier(strangers[issuerKey.kind]);
    case "critical":
      return critical(authorityKeyIdentifier(issuerKey));
    case "no":
      return undefined;
  }
}

/** The same extension, marked as critical: the flag stands behind the OID, whose length is known here. */
function critical(one: Buffer): Buffer {
  const oidEnd = 2 + 2 + (one[3] ?? 0);
  return encode.sequence(one.subarray(2, oidEnd), Buffer.of(1, 1, 0xff), one.subarray(oidEnd));
}

function subjectKeyIdentifier({ spki }: Key): Buffer {
  return extension(OID.subjectKeyIdentifier, encode.octetString(createHash("sha1").update(spki).digest()));
}

function rsaKey(): PoolKey {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return poolKey("RSA", publicKey, privateKey, OID.sha256WithRsa, OID.sha1WithRsa, [encode.null()]);
}

function ecKey(): PoolKey {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return poolKey("EC", publicKey, privateKey, OID.ecdsaWithSha256, OID.ecdsaWithSha1, []);
}

function poolKey(
  kind: PoolKey["kind"],
  publicKey: KeyObject,
  privateKey: KeyObject,
  sha256: string,
  sha1: string,
  parameters: readonly Buffer[],
): PoolKey {
  const signing = (oid: string, digest: string) =>
    key(publicKey, encode.sequence(encode.oid(oid), ...parameters), (data) => sign(digest, data, privateKey));
  return { ...signing(sha256, "sha256"), kind, sha1: signing(sha1, "sha1") };
}
