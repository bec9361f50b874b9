/** Forms that the standards do not know and the world writes (PRODUCT §3), each beside what must not pass with it. */
import { deflateSync } from "node:zlib";
import { encode } from "../../src/pki/der-write.ts";
import { OID } from "../../src/pki/oid.ts";
import { operate, signerAt } from "../attacks/cms-surgery.ts";
import { branch, oidNode } from "../attacks/der-tree.ts";
import { accepted, refused } from "./accepting.ts";
import { ALICE, BOB, type World } from "./authorities.ts";
import { NOW } from "./bench.ts";
import type { Case } from "./case.ts";
import { opaqueCms, signed, withField, withOpaqueCms } from "./mails.ts";

const PRODUCT = "PRODUCT §3";
const MINUTE = 60_000;

export function formCases(world: World): Case[] {
  return [
    ...algorithmForms(world),
    ...armourForms(world),
    ...contentForms(world),
    ...fromForms(world),
    ...clocks(world),
  ];
}

/** A SignerInfo under another signatureAlgorithm, which no signature covers. */
function named(mail: Buffer, oid: string, digest?: string): Buffer {
  const parameters = digest === undefined ? [] : [branch(0x30, oidNode(digest))];
  return operate(mail, (cms) => {
    signerAt(cms).children?.splice(4, 1, branch(0x30, oidNode(oid), ...parameters));
  });
}

function algorithmForms({ alice }: World): Case[] {
  return [
    accepted(
      "form.ec-public-key",
      PRODUCT,
      "id-ecPublicKey as signatureAlgorithm, as Windows writes it",
      alice,
      named(signed(alice), OID.ecPublicKey),
    ),
    accepted(
      "form.ecdsa-specified",
      "RFC 5753 §2.1.1",
      "ecdsa-with-Specified and the digest",
      alice,
      named(signed(alice), OID.ecdsaWithSpecified, OID.sha256),
    ),
    refused(
      "rejected",
      "form.ecdsa-specified.other-digest",
      "RFC 5652 §5.4",
      "the same with another digest than digestAlgorithm",
      alice,
      ["signature.algorithm"],
      named(signed(alice), OID.ecdsaWithSpecified, OID.sha512),
      {
        signature: false,
        divergence: {
          signature: "OpenSSL takes the digest of digestAlgorithm, whatever the identifier says",
        },
      },
    ),
  ];
}

const lines = (cms: Buffer) => cms.toString("base64").replace(/.{1,64}/g, "$&\r\n");

/** An opaque mail whose body stands as it is, without a transfer encoding. */
function unencoded(mail: Buffer, body: string): Buffer {
  const header = mail.toString("latin1", 0, mail.indexOf("\r\n\r\n") + 4);
  return Buffer.from(header.replace(/Content-Transfer-Encoding: base64\r\n/, "") + body, "latin1");
}

function armourForms({ alice }: World): Case[] {
  const opaque = signed(alice, { form: "opaque" });
  const pem = `-----BEGIN PKCS7-----\r\n${lines(opaqueCms(opaque))}-----END PKCS7-----\r\n`;
  return [
    accepted("form.pem", PRODUCT, "the CMS as PEM", alice, unencoded(opaque, pem), {
      openssl: { signature: false, path: false },
    }),
    accepted(
      "form.bare-base64",
      PRODUCT,
      "base64 without its transfer encoding",
      alice,
      unencoded(opaque, lines(opaqueCms(opaque))),
      { openssl: { signature: false, path: false } },
    ),
    refused(
      "pending",
      "form.pem.words-around",
      "RFC 8551 §3.5",
      "words that nobody signed before the PEM block",
      alice,
      ["signature.partial"],
      unencoded(opaque, `Please pay at once.\r\n${pem}`),
      { openssl: { signature: false, path: false } },
    ),
  ];
}

function contentForms({ alice }: World): Case[] {
  const opaque = signed(alice, { form: "opaque" });
  const content = (oid: string, ...fields: Uint8Array[]) =>
    encode.sequence(encode.oid(oid), encode.tagged(0xa0, encode.sequence(encode.integer(0), ...fields)));
  const packed = encode.sequence(
    encode.oid(OID.data),
    encode.tagged(0xa0, encode.octetString(deflateSync(opaqueCms(opaque)))),
  );
  const zlib = encode.sequence(encode.oid("1.2.840.113549.1.9.16.3.8"));
  return [
    unreadable(
      "form.compressed",
      "CompressedData (RFC 3274)",
      withOpaqueCms(opaque, content(OID.compressedData, zlib, packed)),
    ),
    unreadable(
      "form.digested",
      "DigestedData",
      withOpaqueCms(opaque, content(OID.digestedData, zlib, packed)),
    ),
    unreadable(
      "form.unknown-content",
      "a content type that nobody knows",
      withOpaqueCms(opaque, content("1.2.3.4")),
    ),
  ];
}

/** Named as what it is and told, never called damaged: `signature.unreadable` in `accepting.ts` is the twin. */
function unreadable(id: string, what: string, mail: Buffer): Case {
  return {
    ...{ id, what, mail, section: "RFC 8551 §2.4" },
    openssl: { signature: false, path: false },
    expect: {
      certificates: [],
      folder: "Rejected",
      replies: ["rejected"],
      active: [],
      signature: false,
      reason: "submission.rejected",
      detail: "mail.content-unsupported",
    },
  };
}

function fromForms({ alice }: World): Case[] {
  const from = (name: string) => withField(signed(alice), "From", `From: ${name} <${ALICE}>`);
  return [
    accepted("form.from-comma", PRODUCT, "an unquoted comma in the name", alice, from("Muster, Alice"), {
      notes: ["address.form"],
    }),
    refused(
      "rejected",
      "form.from-comma.other-address",
      "RFC 5322 §3.6.2",
      "the same with another address in the name",
      alice,
      ["address.from"],
      from(`Muster, ${BOB}`),
      { reply: false },
    ),
  ];
}

/** Clocks differ: a certificate is handed out at the moment from which it is valid. */
function clocks(world: World): Case[] {
  const beginning = (ms: number) => world.issue({ notBefore: new Date(NOW.getTime() + ms) });
  const soon = beginning(4 * MINUTE);
  const later = beginning(60 * MINUTE);
  return [
    accepted("form.valid-in-minutes", PRODUCT, "valid from four minutes ahead", soon, signed(soon), {
      openssl: { path: false }, // it grants no difference between the clocks
    }),
    refused(
      "rejected",
      "form.valid-in-an-hour",
      "RFC 5280 §6.1.3",
      "valid from an hour ahead",
      later,
      ["cert.not-yet-valid"],
      signed(later),
    ),
  ];
}
