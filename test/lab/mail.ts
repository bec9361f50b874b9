import { createHash, randomUUID } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Identity } from "./authority.ts";
import { runSync } from "./command.ts";

/** A file that a mail carries. */
export interface Attachment {
  readonly name: string;
  /** Media type, e.g. "application/pkix-cert". */
  readonly type: string;
  readonly bytes: Buffer;
}

/** What every mail of the lab has. Addresses are written as they are given. */
export interface MailOptions {
  readonly from: string;
  readonly to: string | readonly string[];
  readonly subject?: string;
  readonly text?: string;
  readonly attachment?: Attachment;
  readonly date?: Date;
  readonly messageId?: string;
  /** Header fields above the others, in this order: [name, value]. */
  readonly extraHeaders?: readonly (readonly [string, string])[];
}

/** How a mail is signed. */
export interface SignedMailOptions extends MailOptions {
  /** Who signs; several make several SignerInfos. */
  readonly signer: Identity | readonly Identity[];
  /** multipart/signed (default) or application/pkcs7-mime with the content inside. */
  readonly form?: "detached" | "opaque";
  /** PEM files that go along besides the signer's own certificate; default: the signers' intermediates. */
  readonly chain?: readonly string[];
  /** Message digest, default sha256. */
  readonly md?: string;
  /** Further arguments of `openssl cms -sign`, e.g. "-noattr", "-nocerts", "-keyid". */
  readonly flags?: readonly string[];
}

const TAG = "[AXAZERTIFIKAT]";

/** An ordinary mail without any cryptography. */
export function plainMail(options: MailOptions): Buffer {
  return Buffer.concat([headers(options), Buffer.from("MIME-Version: 1.0\r\n"), entity(options)]);
}

/** An empty mail that asks for a mailbox's certificate. */
export function requestMail(options: Omit<MailOptions, "subject">): Buffer {
  return plainMail({ text: "", ...options, subject: TAG });
}

/** A mail signed by `openssl cms`. */
export function signedMail(options: SignedMailOptions): Buffer {
  const signers = Array.isArray(options.signer) ? options.signer : [options.signer];
  const chain = options.chain ?? [...new Set(signers.flatMap((signer: Identity) => signer.chain))];
  const signed = runSync(
    "openssl",
    [
      ...["cms", "-sign", "-binary", "-crlfeol", "-outform", "SMIME", "-md", options.md ?? "sha256"],
      ...(options.form === "opaque" ? ["-nodetach"] : []),
      ...signers.flatMap((signer: Identity) => ["-signer", signer.certFile, "-inkey", signer.keyFile]),
      ...(chain.length === 0 ? [] : ["-certfile", inOneFile(chain)]),
      ...(options.flags ?? []),
    ],
    { input: entity(options) },
  ).stdout;
  return Buffer.concat([headers(options), crlf(signed)]);
}

/** `openssl cms` takes one -certfile, the last; one file may hold many certificates. */
function inOneFile(files: readonly string[]): string {
  const pem = files.map((file) => readFileSync(file, "utf8")).join("");
  const folder = dirname(files[0] ?? ".");
  const file = join(folder, `chain-${createHash("sha256").update(pem).digest("hex").slice(0, 16)}.pem`);
  if (!existsSync(file)) writeFileSync(file, pem);
  return file;
}

/** A mail that carries certificates and no signature (RFC 8551 §3.8). */
export function certsOnlyMail(options: MailOptions & { readonly certificates: readonly Identity[] }): Buffer {
  const files = options.certificates.flatMap((each) => ["-certfile", each.certFile]);
  const der = runSync("openssl", ["crl2pkcs7", "-nocrl", ...files, "-outform", "DER"]).stdout;
  const lines = [
    "MIME-Version: 1.0",
    'Content-Type: application/pkcs7-mime; smime-type=certs-only; name="smime.p7c"',
    "Content-Transfer-Encoding: base64",
    'Content-Disposition: attachment; filename="smime.p7c"',
    "",
    base64Lines(der),
  ];
  return Buffer.concat([headers(options), Buffer.from(lines.join("\r\n"))]);
}

/** A mail that only the recipients can read. */
export function encryptedMail(options: MailOptions & { readonly recipients: readonly Identity[] }): Buffer {
  const files = options.recipients.map((each) => each.certFile);
  const args = ["cms", "-encrypt", "-aes-256-cbc", "-binary", "-outform", "SMIME", ...files];
  return Buffer.concat([headers(options), crlf(runSync("openssl", args, { input: entity(options) }).stdout)]);
}

/** The content of an encrypted mail. Throws when this identity cannot read it. */
export function decryptMail(mail: Buffer, recipient: Identity): Buffer {
  const args = [
    "cms",
    "-decrypt",
    "-inform",
    "SMIME",
    "-recip",
    recipient.certFile,
    "-inkey",
    recipient.keyFile,
  ];
  return runSync("openssl", args, { input: mail }).stdout;
}

/** What `openssl cms -verify` says to a signed mail. */
export interface Verified {
  readonly ok: boolean;
  /** The signed content when ok. */
  readonly content: Buffer;
  readonly message: string;
}

/** Asks OpenSSL whether a mail's signature is right and its signer good for S/MIME under this root. */
export function verifyMail(mail: Buffer, root: Identity): Verified {
  const args = ["cms", "-verify", "-inform", "SMIME", "-CAfile", root.certFile, "-purpose", "smimesign"];
  const ran = runSync("openssl", args, { input: mail, check: false });
  return { ok: ran.code === 0, content: ran.stdout, message: ran.stderr.trim() };
}

/** A signed mail with one letter of its signed text changed on the way: everything else is as it was. */
export function alter(mail: Buffer): Buffer {
  const opaque = mail.indexOf("pkcs7-mime");
  const body = mail.indexOf("\r\n\r\n") + 4;
  if (opaque === -1 || opaque > body) return changeText(mail, mail.indexOf(TEXT_TYPE, body));
  const der = Buffer.from(mail.subarray(body).toString("latin1"), "base64");
  const encoded = changeText(der, der.indexOf(TEXT_TYPE)).toString("base64");
  let at = 0;
  const lines = mail
    .subarray(body)
    .toString("latin1")
    .replace(/[^\r\n]/g, () => encoded.charAt(at++));
  return Buffer.concat([mail.subarray(0, body), Buffer.from(lines)]);
}

const TEXT_TYPE = "Content-Type: text/plain";

function changeText(bytes: Buffer, part: number): Buffer {
  const start = part === -1 ? -1 : bytes.indexOf("\r\n\r\n", part) + 4;
  if (start < 4) throw new Error("there is no signed text to alter");
  const changed = Buffer.from(bytes);
  changed[start] = (changed[start] ?? 0) ^ 0x01;
  return changed;
}

// ── bytes of a mail ─────────────────────────────────────────────────────────────────────────────────────────────────

function headers(options: MailOptions): Buffer {
  const to = typeof options.to === "string" ? [options.to] : options.to;
  const lines = [
    ...(options.extraHeaders ?? []).map(([name, value]) => `${name}: ${value}`),
    `Date: ${(options.date ?? new Date()).toUTCString().replace("GMT", "+0000")}`,
    `From: ${options.from}`,
    `To: ${to.join(", ")}`,
    `Subject: ${encodedWord(options.subject ?? "")}`,
    `Message-ID: ${options.messageId ?? `<${randomUUID()}@mail.partner.example>`}`,
  ];
  return Buffer.from(`${lines.join("\r\n")}\r\n`);
}

function entity(options: MailOptions): Buffer {
  const text = textPart(options.text ?? "Hello,\r\nthis is my public key.\r\n");
  const file = options.attachment;
  if (file === undefined) return text;
  const boundary = `lab-${randomUUID()}`;
  return Buffer.concat([
    Buffer.from(`Content-Type: multipart/mixed; boundary="${boundary}"\r\n\r\n--${boundary}\r\n`),
    text,
    Buffer.from(
      `\r\n--${boundary}\r\nContent-Type: ${file.type}; name="${file.name}"\r\n` +
        "Content-Transfer-Encoding: base64\r\n" +
        `Content-Disposition: attachment; filename="${file.name}"\r\n\r\n${base64Lines(file.bytes)}` +
        `--${boundary}--\r\n`,
    ),
  ]);
}

function textPart(text: string): Buffer {
  const bytes = crlf(Buffer.from(text));
  const ascii = bytes.every((byte) => byte < 128);
  const encoding = ascii ? "7bit" : "base64";
  return Buffer.concat([
    Buffer.from(`${TEXT_TYPE}; charset=utf-8\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\n`),
    ascii ? bytes : Buffer.from(base64Lines(bytes)),
  ]);
}

function base64Lines(bytes: Buffer): string {
  return bytes.toString("base64").replace(/.{1,76}/g, "$&\r\n");
}

// OpenSSL ends its own lines (headers, the base64 of the signature) with a bare LF; the signed lines have CRLF already.
function crlf(bytes: Buffer): Buffer {
  return Buffer.from(bytes.toString("latin1").replace(/\r?\n/g, "\r\n"), "latin1");
}

function encodedWord(text: string): string {
  const bytes = Buffer.from(text);
  return bytes.every((byte) => byte < 128) ? text : `=?utf-8?B?${bytes.toString("base64")}?=`;
}
