/** What several attacks have in common: the steps between an honest mail and a forged one. */
import { certsOnlyMail, type Identity } from "../lab/openssl.ts";
import {
  addCertificates,
  addSigner,
  attributeOf,
  cmsOf,
  digestValue,
  OIDS,
  open,
  operate,
  setContent,
  signAgain,
  signerAt,
} from "./cms-surgery.ts";
import { childAt } from "./der-tree.ts";
import { boundaryOf, cut, joined, replaced, withField } from "./mail-surgery.ts";
import { ALICE, type Cast, ROBOT, received, type Stage } from "./stage.ts";

/** The two parts of a multipart/signed, header and body, as they stand. */
export function signedParts(mail: Buffer): readonly [content: string, signature: string] {
  const [, content, signature] = mail
    .toString("latin1")
    .split(`--${boundaryOf(mail)}`)
    .map((piece) => piece.replace(/^\r\n|\r\n$/g, ""));
  if (content === undefined || signature === undefined) throw new Error("the mail is no multipart/signed");
  return [content, signature];
}

/** A detached mail with other octets as its signed part. */
export function withSignedPart(mail: Buffer, octets: string): Buffer {
  return replaced(mail, signedParts(mail)[0], octets);
}

/** A detached mail whose SignedData has the signed part inside too. */
export function withInnerContent(mail: Buffer): Buffer {
  const content = Buffer.from(signedParts(mail)[0], "latin1");
  return operate(mail, (cms) => setContent(cms, content));
}

/** The signed attributes taken out of the first SignerInfo. */
export function withoutAttributes(mail: Buffer): Buffer {
  return operate(mail, (cms) => {
    const signer = signerAt(cms);
    signer.children = (signer.children ?? []).filter(({ tag }) => tag !== 0xa0);
  });
}

/** A second signer over the same content, with his certificate: nothing of the first signer's is touched. */
export function withSigner(mail: Buffer, stage: Stage, who: keyof Cast, place: "first" | "last"): Buffer {
  const second = open(cmsOf(stage.signed({ signer: stage[who] })));
  return operate(mail, (cms) => {
    addSigner(cms, second, place);
    addCertificates(cms, stage[who]);
  });
}

/** A detached mail made of its three parts, under the header of another. */
export function detachedFrom(mail: Buffer, content: string, cms: Buffer): Buffer {
  const signature = [
    'Content-Type: application/pkcs7-signature; name="smime.p7s"',
    "Content-Transfer-Encoding: base64",
    "",
    cms.toString("base64").replace(/.{1,76}/g, "$&\r\n"),
  ].join("\r\n");
  const type = 'multipart/signed; protocol="application/pkcs7-signature"; micalg="sha-256"';
  const body = `--detached\r\n${content}\r\n--detached\r\n${signature}--detached--\r\n`;
  return joined({
    envelope: cut(mail).envelope,
    entity: `Content-Type: ${type}; boundary="detached"\r\n\r\n${body}`,
  });
}

/** An opaque mail of this CMS, under the header of another. */
export function opaqueFrom(mail: Buffer, cms: Buffer, smimeType = "signed-data"): Buffer {
  const entity = [
    `Content-Type: application/pkcs7-mime; smime-type=${smimeType}; name="smime.p7m"`,
    "Content-Transfer-Encoding: base64",
    "",
    cms.toString("base64").replace(/.{1,76}/g, "$&\r\n"),
  ].join("\r\n");
  return joined({ envelope: cut(mail).envelope, entity });
}

/** Mallory's signature around Alice's whole signed part, under this From. */
export function signedAround(mail: Buffer, stage: Stage, from: string): Buffer {
  return signedEntity(stage, cut(mail).entity, from);
}

/** Mallory's signature around a message whose header says that it is Alice's. */
export function innerHeader(stage: Stage, from: string): Buffer {
  const inner = `From: Alice <${ALICE}>\r\nTo: ${ROBOT}\r\nSubject: my key\r\n\r\nhello\r\n`;
  return signedEntity(stage, `Content-Type: message/rfc822\r\n\r\n${inner}`, from);
}

/** This entity, signed by Mallory: the lab signs texts, so its digest is exchanged and signed again with his key. */
function signedEntity(stage: Stage, entity: string, from: string): Buffer {
  const own = stage.signed({ signer: stage.mallory });
  const signed = operate(own, (cms) => {
    const values = childAt(attributeOf(signerAt(cms), OIDS.messageDigest), 1);
    values.children = [digestValue(Buffer.from(entity, "latin1"))];
    signAgain(signerAt(cms), stage.mallory);
  });
  return withField(withSignedPart(signed, entity), "From", from);
}

/** A certs-only structure. */
export function bundleOf(...certificates: readonly Identity[]): Buffer {
  return cmsOf(certsOnlyMail({ from: ALICE, to: ROBOT, certificates }));
}

/** The base64 of a mail's CMS, in lines. */
export function base64Of(mail: Buffer): string {
  return cmsOf(mail)
    .toString("base64")
    .replace(/.{1,76}/g, "$&\r\n");
}

/** A certificate as a file. */
export function certificateFile({ pem }: Identity, name = "alice.cer"): string {
  return `Content-Type: application/pkix-cert; name="${name}"\r\nContent-Disposition: attachment; filename="${name}"\r\n\r\n${pem.replace(/\r?\n/g, "\r\n")}`;
}

/** A private key as a file. */
export function keyFile(pem: string): string {
  return `Content-Type: application/x-pem-file; name="key.pem"\r\n\r\n${pem.replace(/\r?\n/g, "\r\n")}`;
}

/** The mail taken in by our border so many days later. */
export function arrives(mail: Buffer, now: Date, days: number): Buffer {
  return withField(mail, "Received", `Received: ${received(later(now, days))}`);
}

/** So many days after. */
export function later(now: Date, days: number): Date {
  return new Date(now.getTime() + days * 86_400_000);
}
