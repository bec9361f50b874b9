/**
 * Certificates that cannot be decoded, on every way that a certificate comes in: told as what they are, in nobody's way, and never
 * a reason to accept anything. Beside them one that can be decoded and breaks the profile (an extension that is there twice).
 */

import { addCertificates, operate, removeCertificates } from "../attacks/cms-surgery.ts";
import { childAt, copyOf, parseDer, writeDer } from "../attacks/der-tree.ts";
import { bundleOf } from "../attacks/recipe.ts";
import { certsOnlyMail, type Identity, plainMail } from "../lab/openssl.ts";
import { accepted, refused } from "./accepting.ts";
import { ALICE, type World } from "./authorities.ts";
import { delivered } from "./bench.ts";
import type { Case } from "./case.ts";
import { signed } from "./mails.ts";
import { asIdentity, reissued } from "./reissue.ts";

const SECTION = "RFC 5280 §4.1";
const NOT_ASKED = { signature: false, path: false } as const;

/** The certificate under a version of X.509 that does not exist. */
function unreadable(identity: Identity): Identity {
  const certificate = parseDer(identity.der);
  childAt(childAt(childAt(certificate, 0), 0), 0).bytes = Buffer.of(7);
  return asIdentity(identity, writeDer(certificate));
}

/** Nothing is judged, and the reply says why. */
function told(id: string, what: string, mail: Buffer, signature?: boolean): Case {
  return {
    ...{ id: `unreadable.${id}`, what, mail, section: SECTION, openssl: NOT_ASKED },
    expect: {
      certificates: [],
      folder: "Rejected",
      replies: ["rejected"],
      active: [],
      reason: "submission.rejected",
      detail: "cert.unreadable",
      ...(signature === undefined ? {} : { signature }),
    },
  };
}

/** One that can be read is judged as if it had come alone. */
function waits(id: string, what: string, of: Identity, mail: Buffer): Case {
  return {
    ...{ id: `unreadable.${id}`, what, mail, section: SECTION, openssl: NOT_ASKED },
    expect: {
      certificates: [{ of, verdict: "pending", codes: ["signature.none"] }],
      folder: "Pending",
      replies: ["pending"],
      active: [],
    },
  };
}

export function unreadableCases(world: World): Case[] {
  const { alice } = world;
  const own = unreadable(alice);
  const second = unreadable(world.issue({}));
  const ca = world.ca.identity;
  const brokenCa = unreadable(ca);
  const spare = world.issue({});
  const header = { from: ALICE, to: "robot@company.example", extraHeaders: delivered() };
  const certsOnly = (...certificates: readonly Identity[]) =>
    withThese(certsOnlyMail({ ...header, certificates: [alice] }), alice, certificates);
  const file = (name: string, type: string, bytes: Buffer) =>
    plainMail({ ...header, attachment: { name, type, bytes } });
  const bundle = (...certificates: readonly Identity[]) =>
    file("me.p7b", "application/x-pkcs7-certificates", bundleWith(alice, certificates));
  const twice = reissued(world.issue({}), ca, {
    extensions: (list) => void list.children?.push(copyOf(childAt(list, 3))),
  });
  return [
    told("signer", "the signer's own", withThese(signed(alice), alice, [own]), false),
    told("certs-only", "in a certs-only mail", certsOnly(own)),
    told("certs-only.several", "several in a certs-only mail", certsOnly(own, second)),
    waits("certs-only.one-good", "beside a good one in a certs-only mail", alice, certsOnly(own, alice, ca)),
    told("p7b", "in a .p7b", bundle(own)),
    told("p7b.several", "several in a .p7b, with their CA", bundle(own, second, brokenCa)),
    waits("p7b.one-good", "beside a good one in a .p7b", alice, bundle(second, alice, ca)),
    told("cer", "as a .cer", file("me.cer", "application/pkix-cert", own.der)),
    told("pem", "as a .pem", file("me.pem", "application/x-pem-file", Buffer.from(own.pem))),
    waits(
      "pem.one-good",
      "beside a good one in a .pem",
      alice,
      file("me.pem", "application/x-pem-file", Buffer.from(own.pem + alice.pem + ca.pem)),
    ),
    refused(
      "pending",
      "unreadable.intermediate",
      SECTION,
      "the issuing CA's",
      alice,
      ["path.issuer-missing"],
      withThese(signed(alice), ca, [brokenCa]),
      { notes: ["cert.unreadable"], openssl: NOT_ASKED },
    ),
    accepted(
      "unreadable.beside",
      SECTION,
      "somebody's, beside a signer with a whole path",
      alice,
      operate(signed(alice), (cms) => addCertificates(cms, second, brokenCa)),
      { openssl: NOT_ASKED },
    ),
    refused(
      "rejected",
      "unreadable.signer-beside",
      SECTION,
      "the signer's own, with another one of hers that can be read",
      spare,
      ["cert.unreadable"],
      withThese(signed(alice), alice, [own, spare]),
      { signature: false, openssl: NOT_ASKED },
    ),
    refused(
      "rejected",
      "unreadable.extension-twice",
      "RFC 5280 §4.2",
      "readable, with an extension that is there twice",
      twice,
      ["path.malformed"],
      signed(twice),
      { openssl: NOT_ASKED },
    ),
  ];
}

/** The mail with these certificates in place of that one. */
function withThese(mail: Buffer, instead: Identity, certificates: readonly Identity[]): Buffer {
  return operate(mail, (cms) => {
    removeCertificates(cms, instead);
    addCertificates(cms, ...certificates);
  });
}

/** A PKCS#7 bundle with these certificates, which OpenSSL would not read. */
function bundleWith(readable: Identity, certificates: readonly Identity[]): Buffer {
  const bundle = parseDer(bundleOf(readable));
  const signedData = childAt(childAt(bundle, 1), 0);
  const set = signedData.children?.find(({ tag }) => tag === 0xa0);
  if (set === undefined) throw new Error("a bundle without certificates");
  set.children = certificates.map(({ der }) => parseDer(der));
  return writeDer(bundle);
}
