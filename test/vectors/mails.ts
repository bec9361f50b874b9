/** Mails that `test/lab` does not make: altered on the way, nested, or with a CMS structure of its own kind. */
import { isProblem, parseSignedData } from "../../src/pki/index.ts";
import { type Identity, type SignedMailOptions, signedMail } from "../lab/openssl.ts";
import { ALICE } from "./authorities.ts";
import { delivered } from "./bench.ts";

/** A signed mail of Alice's to the robot. */
export function signed(
  signer: Identity | readonly Identity[],
  change: Partial<SignedMailOptions> = {},
): Buffer {
  const signers: readonly Identity[] = "der" in signer ? [signer] : signer;
  const beside = change.chain ?? [...new Set(signers.flatMap(({ chain }) => chain))];
  return signedMail({
    signer,
    from: ALICE,
    to: "robot@company.example",
    subject: "My certificate",
    extraHeaders: delivered(),
    ...change,
    chain: beside,
  });
}

const END_OF_HEADER = "\r\n\r\n";

/** A mail as its outer header (without the MIME fields) and its MIME entity. */
function parted(mail: Buffer): { readonly header: string; readonly entity: string } {
  const text = mail.toString("latin1");
  const end = text.indexOf(END_OF_HEADER);
  const mime = text.indexOf("MIME-Version:");
  const fields = text.slice(mime, end).replace(/^MIME-Version:.*\r\n/, "");
  return { header: text.slice(0, mime), entity: `${fields}${text.slice(end)}` };
}

/** The mail as one part of a multipart/mixed, with other parts around it: what lists and scanners do. */
export function wrapped(
  mail: Buffer,
  before: readonly string[],
  after: readonly string[],
  type = "mixed",
): Buffer {
  const { header, entity } = parted(mail);
  const parts = [...before, entity, ...after].map((part) => `--around\r\n${part}\r\n`).join("");
  return Buffer.from(
    `${header}MIME-Version: 1.0\r\nContent-Type: multipart/${type}; boundary=around\r\n\r\n${parts}--around--\r\n`,
    "latin1",
  );
}

/** A part of plain text. */
export function textPart(text: string): string {
  return `Content-Type: text/plain\r\n\r\n${text}`;
}

/** The whole mail forwarded inside another one of the same sender's. */
export function forwarded(mail: Buffer): Buffer {
  const { header } = parted(mail);
  const inner = `Content-Type: message/rfc822\r\n\r\n${mail.toString("latin1")}`;
  return Buffer.from(
    `${header}MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=fwd\r\n\r\n--fwd\r\n${textPart("see below")}\r\n--fwd\r\n${inner}\r\n--fwd--\r\n`,
    "latin1",
  );
}

/** Text behind the last boundary. */
export function withEpilogue(mail: Buffer): Buffer {
  return Buffer.concat([mail, Buffer.from("\r\n-- \r\nThis mail was checked for viruses.\r\n")]);
}

/** The mail with one header field replaced by these lines (none: removed). */
export function withField(mail: Buffer, name: string, ...lines: readonly string[]): Buffer {
  const text = mail.toString("latin1");
  const field = new RegExp(`^${name}:.*\\r\\n`, "m");
  if (!field.test(text)) throw new Error(`no field ${name}`);
  return Buffer.from(
    text.replace(field, () => lines.map((line) => `${line}\r\n`).join("")),
    "latin1",
  );
}

/** The base64 body of an opaque mail. */
export function opaqueCms(mail: Buffer): Buffer {
  const text = mail.toString("latin1");
  return Buffer.from(text.slice(text.indexOf(END_OF_HEADER)), "base64");
}

/** The opaque mail with other CMS bytes. */
export function withOpaqueCms(mail: Buffer, cms: Buffer): Buffer {
  const text = mail.toString("latin1");
  const body = cms.toString("base64").replace(/.{1,76}/g, "$&\r\n");
  return Buffer.from(`${text.slice(0, text.indexOf(END_OF_HEADER))}${END_OF_HEADER}${body}`, "latin1");
}

/** The opaque mail with the signature of one of its signers spoilt. */
export function withBrokenSigner(mail: Buffer, serial: string): Buffer {
  const cms = opaqueCms(mail);
  const parsed = parseSignedData(cms);
  if (isProblem(parsed)) throw new Error(parsed.detail);
  const broken = parsed.signerInfos.find(
    ({ identifier }) => identifier.form === "issuerAndSerialNumber" && identifier.serial === serial,
  );
  if (broken === undefined) throw new Error(`no signer with the serial number ${serial}`);
  const at = cms.lastIndexOf(Buffer.from(broken.signature));
  cms[at + broken.signature.length - 1] = (cms[at + broken.signature.length - 1] ?? 0) ^ 1;
  return withOpaqueCms(mail, cms);
}

/** A detached signature whose SignedData carries a content of its own (CVE-2017-17848's class of forgery). */
export function detachedWithContent(signer: Identity): Buffer {
  const cms = opaqueCms(signed(signer, { form: "opaque" }))
    .toString("base64")
    .replace(/.{1,76}/g, "$&\r\n");
  const { header } = parted(signed(signer));
  const content = "Content-Type: text/plain\r\n\r\nAnother text\r\n";
  const p7s = `Content-Type: application/pkcs7-signature; name=smime.p7s\r\nContent-Transfer-Encoding: base64\r\n\r\n${cms}`;
  return Buffer.from(
    `${header}MIME-Version: 1.0\r\nContent-Type: multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256; boundary=sig\r\n\r\n--sig\r\n${content}\r\n--sig\r\n${p7s}--sig--\r\n`,
    "latin1",
  );
}
