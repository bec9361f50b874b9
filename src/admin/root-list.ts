/**
 * A list of public CAs out of a file: Mozilla's `certdata.txt`, or the shipped form, which is PEM with what NSS says of
 * each CA in comments above it (`data/roots/email-roots.pem`).
 */
import { createHash } from "node:crypto";
import { KeybotError } from "../errors.ts";
import {
  type Certificate,
  isProblem,
  MAX_ROOT_LIST_BYTES,
  MAX_ROOT_LIST_CERTIFICATES,
  type NssRoot,
  parseCertificate,
  parseNssRoots,
} from "../pki/index.ts";
import type { TrustList } from "../store/index.ts";
import type { CertificateFile } from "./publication.ts";

/** A CA that the list trusts for e-mail. */
export interface ListedRoot {
  readonly certificate: Certificate;
  readonly label: string;
  /** Mail certificates that were issued later do not count; null: no such limit. */
  readonly distrustAfter: Date | null;
}

export interface RootList {
  readonly list: TrustList;
  /** Each CA once, in the order of the list. */
  readonly roots: readonly ListedRoot[];
  /** Labels of those whose certificate cannot be read. */
  readonly unreadable: readonly string[];
}

/**
 * Reads the CAs that a list trusts for e-mail.
 * @param origin what the trust store calls the list: the URL that it came from; null: what it calls itself
 * @throws KeybotError `usage` when the file is no such list, is damaged, or trusts nobody for e-mail
 */
export function readRootList({ name, bytes }: CertificateFile, origin: string | null = null): RootList {
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  if (bytes.length > MAX_ROOT_LIST_BYTES) throw refusal(name, "is too large for a list of CAs");
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
  const { roots, list } = text.includes(LIST_LINE) ? shippedList(name, text) : mozillaList(name, bytes);
  const trusted = roots.filter(({ emailTrusted }) => emailTrusted);
  if (trusted.length === 0) throw refusal(name, "names no CA that is trusted for e-mail");
  const read = new Map<string, ListedRoot>();
  const unreadable: string[] = [];
  for (const { der, label, distrustAfter } of trusted) {
    const certificate = parseCertificate(der);
    if (isProblem(certificate)) unreadable.push(label);
    else read.set(certificate.sha256, { certificate, label, distrustAfter });
  }
  return { list: { ...list, name: origin ?? list.name, sha256 }, roots: [...read.values()], unreadable };
}

interface Listed {
  readonly roots: readonly NssRoot[];
  readonly list: Omit<TrustList, "sha256">;
}

/** It says neither its version nor its day; those stand elsewhere in NSS. */
function mozillaList(name: string, bytes: Uint8Array): Listed {
  const roots = parseNssRoots(bytes);
  if (!isProblem(roots)) return { roots, list: { name: "certdata.txt", dated: null } };
  throw refusal(name, `is not a list of public CAs, or a damaged one (${roots.detail})`);
}

// ── The shipped form ────────────────────────────────────────────────────────────────────────────────────────────────

const LIST_LINE = "\n# List: ";
const BEGIN = "-----BEGIN CERTIFICATE-----";
const END = "-----END CERTIFICATE-----";

/** One pass over the lines; a certificate takes what stands in the comments since the one before. */
function shippedList(name: string, text: string): Listed {
  const roots: NssRoot[] = [];
  const header = new Map<string, string>();
  let said = header;
  let body: string[] | null = null;
  for (const line of text.split(/\r?\n/)) {
    if (line === BEGIN) body = [];
    else if (line === END && body !== null) {
      if (roots.length === MAX_ROOT_LIST_CERTIFICATES) throw refusal(name, "holds too many certificates");
      roots.push(rootOf(name, Buffer.from(body.join(""), "base64"), said));
      said = new Map();
      body = null;
    } else if (body !== null) body.push(line);
    else {
      const colon = line.indexOf(": ");
      if (line.startsWith("# ") && colon > 0) said.set(line.slice(2, colon), line.slice(colon + 2));
    }
  }
  if (body !== null || header.get("Roots") !== String(roots.length))
    throw refusal(name, "is cut off or was changed");
  return { roots, list: { name: header.get("List") ?? name, dated: dayOf(header.get("Dated")) } };
}

const TRUSTED = "trusted";
const UNTIL = "trusted, for certificates issued until ";

function rootOf(name: string, der: Uint8Array, said: ReadonlyMap<string, string>): NssRoot {
  const label = said.get("Label") ?? "";
  const email = said.get("E-mail") ?? "";
  const until = email.startsWith(UNTIL) ? new Date(email.slice(UNTIL.length)) : null;
  const understood = email === TRUSTED || (until !== null && !Number.isNaN(until.getTime()));
  const sha256 = createHash("sha256").update(der).digest("hex");
  if (!understood || said.get("SHA-256") !== sha256)
    throw refusal(name, `is damaged at ${JSON.stringify(label)}`);
  return { der, label, emailTrusted: true, distrustAfter: until };
}

function dayOf(text: string | undefined): Date | null {
  const day = new Date(text ?? "");
  return Number.isNaN(day.getTime()) ? null : day;
}

function refusal(name: string, why: string): KeybotError {
  return new KeybotError("usage", "admin.root-list", `${name} ${why}; nothing was changed`, {
    hint: "keybot reads Mozilla's certdata.txt, or what data/roots/make.mjs writes",
  });
}
