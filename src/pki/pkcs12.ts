/**
 * PKCS#12 (RFC 7292), as far as to the private keys in it. Its MAC is not checked: a key must prove itself anyway. Our own,
 * because node:crypto opens these files for TLS only, and pkijs works asynchronously and knows none of the older schemes.
 */
import { readAlgorithm } from "./algorithm-identifier.ts";
import type { Computing } from "./computing.ts";
import { attempt, contextConstructed, DerReader, isProblem, TAG } from "./der.ts";
import { octetString, oid, smallInteger } from "./der-value.ts";
import { MAX_BAG_DEPTH, MAX_BAGS } from "./limits.ts";
import { OID } from "./oid.ts";
import { decryptedByPassword, type Password } from "./password-encryption.ts";
import { type PrivateKey, parsePrivateKey } from "./private-key.ts";

/** What was found of private keys. */
export interface FoundKeys {
  readonly keys: readonly PrivateKey[];
  /** There is a private key, or what exists to hold one, that could not be opened. */
  readonly locked: boolean;
}

const LOCKED: FoundKeys = { keys: [], locked: true };

/** PFX (RFC 7292 §4): version 3 and a ContentInfo. */
export function isPkcs12(bytes: Uint8Array): boolean {
  const read = attempt(() => {
    const pfx = new DerReader(bytes, "BER").enter(TAG.sequence, "PFX");
    const version = smallInteger(pfx, "version");
    return { is: version === 3 && pfx.peek() === TAG.sequence };
  });
  return !isProblem(read) && read.is;
}

/**
 * The private keys of a PKCS#12 structure, of those that one of the passwords opens. Never throws.
 * @param computing what opening it may cost
 */
export function openPkcs12(
  bytes: Uint8Array,
  passwords: readonly Password[],
  computing: Computing,
): FoundKeys {
  const reading: Reading = { passwords, computing, keys: [], locked: false, bags: 0 };
  const read = attempt(() => {
    const pfx = new DerReader(bytes, "BER").enter(TAG.sequence, "PFX");
    smallInteger(pfx, "version");
    readAuthenticatedSafe(pfx, reading);
    return {};
  });
  // Damaged, or signed by a public key (§3.1), which nothing writes: it exists to hold a key all the same.
  if (isProblem(read)) return { keys: reading.keys, locked: true };
  return reading.keys.length === 0 ? LOCKED : { keys: reading.keys, locked: reading.locked };
}

interface Reading {
  readonly passwords: readonly Password[];
  readonly computing: Computing;
  readonly keys: PrivateKey[];
  locked: boolean;
  bags: number;
}

/** AuthenticatedSafe: each ContentInfo in the clear, or encrypted by the password (RFC 7292 §4.1). */
function readAuthenticatedSafe(pfx: DerReader, reading: Reading): void {
  const authSafe = pfx.enter(TAG.sequence, "authSafe");
  if (oid(authSafe, "contentType") !== OID.data) {
    reading.locked = true;
    return;
  }
  const content = octetString(authSafe.enter(contextConstructed(0), "content"), "content");
  const infos = new DerReader(content, "BER").enter(TAG.sequence, "AuthenticatedSafe");
  const encrypted: DerReader[] = [];
  while (infos.more()) {
    const info = infos.enter(TAG.sequence, "ContentInfo");
    const type = oid(info, "contentType");
    const body = info.enter(contextConstructed(0), "content");
    if (type === OID.data) readBags(octetString(body, "SafeContents"), reading, 0);
    else if (type === OID.encryptedData) encrypted.push(body);
  }
  // As a rule keys are encrypted one by one, and what is encrypted as a whole holds the certificates.
  if (reading.keys.length === 0) for (const body of encrypted) readEncrypted(body, reading);
}

/** EncryptedData (RFC 5652 §8). */
function readEncrypted(body: DerReader, reading: Reading): void {
  const data = body.enter(TAG.sequence, "EncryptedData");
  smallInteger(data, "version");
  const info = data.enter(TAG.sequence, "encryptedContentInfo");
  oid(info, "contentType");
  const algorithm = readAlgorithm(info, "contentEncryptionAlgorithm");
  const encrypted =
    info.peek() === contextConstructed(0)
      ? joined(info.enter(contextConstructed(0), "encryptedContent"))
      : info.content(0x80, "encryptedContent");
  for (const plain of decryptedByPassword(algorithm, encrypted, reading.passwords, reading.computing)) {
    // The plaintext of a wrong password may have the right padding by chance.
    attempt(() => readBags(plain, reading, 0));
  }
}

function joined(pieces: DerReader): Uint8Array {
  const all: Uint8Array[] = [];
  while (pieces.more()) all.push(octetString(pieces, "encryptedContent"));
  return Buffer.concat(all);
}

/** SafeContents (RFC 7292 §4.2). */
function readBags(contents: Uint8Array, reading: Reading, depth: number): void {
  const bags = new DerReader(contents, "BER").enter(TAG.sequence, "SafeContents");
  while (bags.more()) {
    reading.bags += 1;
    if (reading.bags > MAX_BAGS || depth > MAX_BAG_DEPTH) {
      reading.locked = true;
      return;
    }
    const bag = bags.enter(TAG.sequence, "SafeBag");
    const type = oid(bag, "bagId");
    const value = bag.enter(contextConstructed(0), "bagValue").rest();
    if (type === OID.keyBag) take(parsedKeys(value), reading);
    else if (type === OID.shroudedKeyBag)
      take(openEncryptedKey(value, reading.passwords, reading.computing), reading);
    else if (type === OID.safeContentsBag) readBags(value, reading, depth + 1);
  }
}

function take({ keys, locked }: FoundKeys, reading: Reading): void {
  reading.keys.push(...keys);
  reading.locked ||= locked;
}

function parsedKeys(bytes: Uint8Array): FoundKeys {
  const key = parsePrivateKey(bytes);
  return isProblem(key) ? LOCKED : { keys: [key], locked: false };
}

/** Whether this begins as an EncryptedPrivateKeyInfo (RFC 5958 §3). */
export function isEncryptedKey(bytes: Uint8Array): boolean {
  const read = attempt(() => {
    const outer = new DerReader(bytes, "BER").enter(TAG.sequence, "EncryptedPrivateKeyInfo");
    readAlgorithm(outer, "encryptionAlgorithm");
    return { is: outer.peek() === TAG.octetString };
  });
  return !isProblem(read) && read.is;
}

/** The key in an EncryptedPrivateKeyInfo, when one of the passwords opens it. Never throws. */
export function openEncryptedKey(
  bytes: Uint8Array,
  passwords: readonly Password[],
  computing: Computing,
): FoundKeys {
  const read = attempt(() => {
    const outer = new DerReader(bytes, "BER").enter(TAG.sequence, "EncryptedPrivateKeyInfo");
    return {
      algorithm: readAlgorithm(outer, "encryptionAlgorithm"),
      data: octetString(outer, "encryptedData"),
    };
  });
  if (isProblem(read)) return LOCKED;
  const opened = decryptedByPassword(read.algorithm, read.data, passwords, computing).map(parsedKeys);
  return opened.find(({ locked }) => !locked) ?? LOCKED;
}
