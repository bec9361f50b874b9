/**
 * Methods that keybot cannot compute (PRODUCT §3): ML-DSA (RFC 9882), and composite ones, two methods under one identifier
 * (draft-ietf-lamps-pq-composite-sigs). Unknown is neither wrong nor weak, and never accepted.
 */
import { randomBytes } from "node:crypto";
import {
  addCertificates,
  addSigner,
  cmsOf,
  open,
  operate,
  removeCertificates,
  setSignature,
  signerAt,
} from "../attacks/cms-surgery.ts";
import { branch, childAt, copyOf, type DerNode, oidNode, parseDer, writeDer } from "../attacks/der-tree.ts";
import { Authority, type Identity } from "../lab/openssl.ts";
import { accepted, refused } from "./accepting.ts";
import type { World } from "./authorities.ts";
import { anchorOf } from "./bench.ts";
import type { Case, ExpectedCertificate } from "./case.ts";
import { signed } from "./mails.ts";
import { keyOfKind, reissued } from "./reissue.ts";

const PRODUCT = "PRODUCT §3";
const PATH = "RFC 5280 §6.1.3";
/** id-ml-dsa-65 (RFC 9881 §2), and id-MLDSA65-ECDSA-P256-SHA512 of the draft. */
const ML_DSA = "2.16.840.1.101.3.4.3.18";
const COMPOSITE = "1.3.6.1.5.5.7.6.45";
/** RSASSA-PSS with SHAKE256 (RFC 8692 §3), a method over a key of a known kind. */
const PSS_WITH_SHAKE = "1.3.6.1.5.5.7.6.31";
const NOT_ASKED = { signature: false, path: false } as const;

export function unknownCases(world: World): Case[] {
  return [...signerCases(world), ...certificateCases(world), ...crlCases(world)];
}

/** signatureAlgorithm of one SignerInfo; no signed attribute names it. */
function under(oid: string, signer: DerNode): void {
  signer.children?.splice(4, 1, branch(0x30, oidNode(oid)));
}

/** The mail with a second SignerInfo over the same content. */
function beside(
  mail: Buffer,
  by: Identity,
  change: (signer: DerNode) => void,
  place: "first" | "last",
): Buffer {
  const second = open(cmsOf(signed(by)));
  change(signerAt(second));
  return operate(mail, (cms) => {
    addSigner(cms, second, place);
    addCertificates(cms, by);
  });
}

interface Outcome {
  readonly certificates: readonly ExpectedCertificate[];
  readonly active?: Identity;
}

/** A mail of which more than one certificate is judged. */
function row(id: string, what: string, mail: Buffer, { certificates, active }: Outcome): Case {
  const taken = active !== undefined;
  return {
    ...{ id, what, mail, section: PRODUCT, openssl: NOT_ASKED },
    expect: {
      certificates,
      folder: taken ? "Processed" : "Rejected",
      replies: [taken ? "accepted" : "rejected"],
      active: taken ? [active] : [],
      signature: taken,
    },
  };
}

const NOTED = ["signature.algorithm"] as const;
const UNKNOWN = { verdict: "rejected", codes: NOTED } as const;

function signerCases(world: World): Case[] {
  const { alice } = world;
  const second = world.issue({});
  const replaced = world.issue({});
  const composite = reissued(replaced, world.ca.identity, {
    publicKey: keyOfKind(COMPOSITE, randomBytes(2000)),
  });
  const foreign = (oid: string) => (signer: DerNode) => under(oid, signer);
  const broken = (signer: DerNode) => setSignature(signer, randomBytes(70));
  const taken: ExpectedCertificate = { of: alice, verdict: "accepted", codes: [], notes: NOTED };
  const alone = operate(signed(alice), (cms) => under(PSS_WITH_SHAKE, signerAt(cms)));
  return [
    refused("rejected", "unknown.alone", PRODUCT, "signed by an unknown method", alice, NOTED, alone, {
      signature: false,
      openssl: NOT_ASKED,
    }),
    ...(["first", "last"] as const).flatMap((place) => [
      row(
        `unknown.beside.${place}`,
        "her signature, and one by another key of hers by an unknown method",
        beside(signed(alice), second, foreign(COMPOSITE), place),
        {
          // The signature that counts comes first.
          certificates: [taken, { of: second, ...UNKNOWN }],
          active: alice,
        },
      ),
      row(
        `unknown.same-key.${place}`,
        "two signatures by one certificate, one of them by an unknown method",
        operate(signed(alice), (cms) => {
          const again = copyOf(signerAt(cms));
          under(PSS_WITH_SHAKE, again);
          if (place === "first") cms.signerInfos.children?.unshift(again);
          else cms.signerInfos.children?.push(again);
        }),
        { certificates: [taken], active: alice },
      ),
      row(
        `unknown.beside-broken.${place}`,
        "an unknown method does not cover up a broken signature of hers",
        beside(
          operate(signed(alice), (cms) => under(COMPOSITE, signerAt(cms))),
          second,
          broken,
          place,
        ),
        {
          certificates: [
            { of: second, verdict: "rejected", codes: ["signature.broken"] },
            { of: alice, verdict: "rejected", codes: ["signature.algorithm", "signature.broken"] },
          ],
        },
      ),
      row(
        `unknown.composite-key.${place}`,
        "a composite key signs beside her RSA or EC key",
        withCertificate(beside(signed(alice), replaced, foreign(COMPOSITE), place), replaced, composite),
        {
          certificates: [
            taken,
            { of: composite, verdict: "rejected", codes: ["signature.algorithm", "cert.key-unsupported"] },
          ],
          active: alice,
        },
      ),
    ]),
  ];
}

function withCertificate(mail: Buffer, instead: Identity, of: Identity): Buffer {
  return operate(mail, (cms) => {
    removeCertificates(cms, instead);
    addCertificates(cms, of);
  });
}

function certificateCases(world: World): Case[] {
  const byUnknown = reissued(world.issue({}), world.ca.identity, { signatureAlgorithm: COMPOSITE });
  const strangeKey = { publicKey: keyOfKind(ML_DSA, randomBytes(1952)) };
  const ca = world.root.intermediate({ name: "Strange CA" });
  const below = world.issue({}, ca);
  const strange = reissued(ca.identity, world.root.identity, strangeKey);
  const successor = world.root.intermediate({ name: "Strange CA" }).identity;
  const namesake = reissued(successor, world.root.identity, strangeKey);
  return [
    refused(
      "rejected",
      "unknown.certificate",
      PATH,
      "a certificate that its CA signed by an unknown method",
      byUnknown,
      ["path.unsupported"],
      signed(byUnknown),
    ),
    refused(
      "rejected",
      "unknown.ca-key",
      PATH,
      "the key of its CA is of an unknown kind",
      below,
      ["path.unsupported"],
      signed(below, { chain: [strange.certFile] }),
    ),
    refused(
      "pending",
      "unknown.ca-successor",
      PATH,
      "the CA went on to an unknown kind of key, and the certificate that names its old one is missing",
      below,
      ["path.issuer-key"],
      signed(below, { chain: [namesake.certFile] }),
    ),
    accepted(
      "unknown.ca-successor.both",
      PATH,
      "both certificates of that CA",
      below,
      signed(below, { chain: [namesake.certFile, ca.identity.certFile] }),
    ),
  ];
}

function crlCases(world: World): Case[] {
  const root = Authority.root(world.folder, { name: "Root with an unknown method" });
  const of = world.issue({}, root);
  const crl = parseDer(root.crl());
  const algorithm = () => branch(0x30, oidNode(COMPOSITE));
  childAt(crl, 0).children?.splice(1, 1, algorithm());
  crl.children?.splice(1, 1, algorithm());
  return [
    refused(
      "pending",
      "unknown.crl",
      "RFC 5280 §6.3.3",
      "the CRL is signed by an unknown method",
      of,
      ["revocation.unknown"],
      signed(of),
      { trust: { anchors: [anchorOf(root.identity)], crls: [writeDer(crl)] } },
    ),
  ];
}
