import { type MailOptions, plainMail, requestMail, signedMail } from "../lab/openssl.ts";
import { ROBOT } from "../lab/site.ts";
import type { Person } from "./cast.ts";
import type { Letter } from "./stage.ts";

/** A mail to the robot with a signature by OpenSSL, and so with the sender's certificate. */
export function signedLetter(
  sender: Person,
  words: { readonly subject: string; readonly text: string; readonly form: "detached" | "opaque" },
): Letter {
  const { identity: signer, chain } = sender;
  const raw = (mail: MailOptions): Buffer => signedMail({ ...mail, signer, chain, form: words.form });
  const type = words.form === "opaque" ? "application/pkcs7-mime" : "multipart/signed";
  return letter(sender, { to: [ROBOT], ...words, form: `signed, ${type}` }, raw);
}

/** An empty mail with the tag as its subject. */
export function requestLetter(sender: Person, to: readonly string[]): Letter {
  return letter(sender, { to, subject: "[AXAZERTIFIKAT]", text: "", form: "empty" }, requestMail);
}

/** What a vacation responder writes, to somebody who happened to send it the tag as a subject. */
export function vacationLetter(sender: Person, to: string): Letter {
  const words = { to: [to], subject: "[AXAZERTIFIKAT]", text: "I am on vacation until Monday.\r\n" };
  const extraHeaders: [string, string][] = [["Auto-Submitted", "auto-replied"]];
  const form = "Auto-Submitted: auto-replied, null sender";
  return {
    ...letter(sender, { ...words, form }, (mail) => plainMail({ ...mail, extraHeaders })),
    envelopeFrom: "",
  };
}

interface Words {
  readonly to: readonly string[];
  readonly subject: string;
  readonly text: string;
  readonly form: string;
}

let written = 0;

function letter(sender: Person, words: Words, write: (mail: MailOptions) => Buffer): Letter {
  const [local, domain] = sender.address.split("@");
  written += 1;
  const from = `${sender.name} <${sender.address}>`;
  const messageId = `<${local}-${written}@mail.${domain}>`;
  const { to, subject, text, form } = words;
  return { from, to, subject, form, messageId, raw: write({ from, to, subject, text, messageId }) };
}
