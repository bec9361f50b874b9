/** The MIME of a generated mail (RFC 8551 §3.5). */
import { NOW } from "./clock.ts";
import type { Frame, MailDraft } from "./draft.ts";

const TYPE = "Content-Type: text/plain\r\n";

/** The signed MIME entity. */
export function contentOf({ frame }: MailDraft): Buffer {
  const twice = frame === "content-type-twice" ? TYPE : "";
  return Buffer.from(`${twice}${TYPE}\r\nHello,\r\nthis is my key.\r\n`);
}

/**
 * The whole mail around a structure.
 * @param content what a detached signature is over
 */
export function mailAround(draft: MailDraft, content: Buffer, cms: Buffer): Buffer {
  const header = [
    `From: ${draft.from}`,
    "To: key-management@company.example",
    `Date: ${NOW.toUTCString().replace("GMT", "+0000")}`,
    "Message-ID: <generated@mail.partner.example>",
    "Subject: my key",
    "MIME-Version: 1.0",
  ];
  const signed = draft.form === "detached" ? detached(draft.frame, content, cms) : opaque(cms, draft.footer);
  const body = draft.footer === null || draft.form === "opaque" ? signed : withFooter(signed, draft.footer);
  return Buffer.from(`${header.join("\r\n")}\r\n${body}`, "latin1");
}

const BASE64 = "Content-Transfer-Encoding: base64";

function detached(frame: Frame, content: Buffer, cms: Buffer): string {
  const again = frame === "boundary-twice" ? '; boundary="signed"' : "";
  return [
    `Content-Type: multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256; boundary="signed"${again}`,
    "",
    "--signed",
    content.toString("latin1"),
    "--signed",
    `Content-Type: application/${frame === "signature-as-p7m" ? 'pkcs7-mime; name="smime.p7m"' : 'pkcs7-signature; name="smime.p7s"'}`,
    BASE64,
    "",
    `${lines(cms)}--signed--`,
    "",
  ].join("\r\n");
}

function opaque(cms: Buffer, footer: string | null): string {
  const type = 'Content-Type: application/pkcs7-mime; smime-type=signed-data; name="smime.p7m"';
  return [type, BASE64, "", `${lines(cms)}${footer === null ? "" : `${footer}\r\n`}`].join("\r\n");
}

/** As a mailing list adds its line: the signed part becomes one part of two (RFC 8551 §3.5 covers the first only). */
function withFooter(signed: string, footer: string): string {
  return [
    'Content-Type: multipart/mixed; boundary="list"',
    "",
    "--list",
    signed,
    "--list",
    "Content-Type: text/plain",
    "",
    footer,
    "--list--",
    "",
  ].join("\r\n");
}

function lines(bytes: Buffer): string {
  return bytes.toString("base64").replace(/.{1,76}/g, "$&\r\n");
}
