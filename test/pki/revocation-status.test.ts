import { describe, expect, it } from "vitest";
import { encode } from "../../src/pki/der-write.ts";
import {
  type Certificate,
  type Crl,
  crlEntries,
  type OcspEvidence,
  OID,
  parseCrl,
  type RevocationEvidence,
  type RevocationStatus,
  revocationStatuses,
} from "../../src/pki/index.ts";
import { hours, issueResponder, ocspPlace, ocspSigning, response, type Said } from "./ocsp-authority.ts";
import { OpensslCa } from "./openssl-ca.ts";
import { good, KEYS } from "./openssl-scratch.ts";
import { extension, issue, issueCa, issueCrl, NOW } from "./path-authority.ts";

const root = issueCa({ subject: "Root" });
const ca = issueCa({ subject: "CA", issuer: root });
const alice = issue({ subject: "Alice", issuer: ca }).certificate;
const path = [alice, ca.certificate, root.certificate];
const rootCrl = issueCrl(root);
const clean = issueCrl(ca);
const listing = issueCrl(ca, { revoked: [{ serial: alice.serial }] });
/** By somebody of the CA's name, with a key of his own. */
const forged = issueCrl(issueCa({ subject: "CA" }), { number: 9, revoked: [{ serial: alice.serial }] });
const hold = extension(OID.reasonCode, encode.tagged(0x0a, Buffer.of(6)));
const onHold = issueCrl(ca, { revoked: [{ serial: alice.serial, extensions: [hold] }] });
const unchecked = issueResponder({ issuer: ca, nocheck: false });

/** A responder that says where to ask about itself. */
const named = issueResponder({
  issuer: ca,
  subject: "Named",
  extensions: [ocspSigning(), ocspPlace("http://ocsp.example/")],
});

/** An OCSP response about that responder. */
function ofNamed(said: Partial<Said> = {}, signer = ca): OcspEvidence {
  const { certificate } = named;
  const answer = { certificate, issuer: ca.certificate, ...said };
  return { certificate: certificate.sha256, response: response(signer, { answers: [answer] }), nonce: null };
}

/** An OCSP response about Alice. */
function says(said: Partial<Said> = {}, signer = ca): OcspEvidence {
  const answer = { certificate: alice, issuer: ca.certificate, ...said };
  return { certificate: alice.sha256, response: response(signer, { answers: [answer] }), nonce: null };
}

function refuses(status: "tryLater" | "unauthorized"): OcspEvidence {
  return { certificate: alice.sha256, response: { status }, nonce: null };
}

const REVOKED = { status: { revoked: hours(-5), reason: 1 } } as const;

interface Row {
  readonly rule: string;
  readonly ocsp?: readonly OcspEvidence[];
  readonly crls?: readonly Crl[];
  /** Of Alice, then of her CA. */
  readonly found: readonly string[];
}

const NO_CRL = "unknown: no CRL of CN=CA covers the certificate";
const DOUBTED = "the responder's certificate may be revoked: nothing at hand says that it is not";
const NO_ROOT_CRL = "unknown: no CRL of CN=Root covers the certificate";

const ROWS: readonly Row[] = [
  { rule: "nothing at hand", found: [NO_CRL, NO_ROOT_CRL] },
  {
    rule: "OCSP for the target, a CRL for its CA",
    ocsp: [says()],
    crls: [rootCrl],
    found: ["good OCSP", "good CRL"],
  },
  { rule: "CRLs alone", crls: [clean, rootCrl], found: ["good CRL", "good CRL"] },
  { rule: "revoked by CRL", crls: [listing, rootCrl], found: ["revoked CRL null", "good CRL"] },
  {
    rule: "revoked by OCSP, whatever an older CRL says",
    ocsp: [says(REVOKED)],
    crls: [clean, rootCrl],
    found: ["revoked OCSP 1", "good CRL"],
  },
  {
    rule: "a CRL that lists it counts whatever OCSP says",
    ocsp: [says()],
    crls: [listing, rootCrl],
    found: ["revoked CRL null", "good CRL"],
  },
  {
    rule: "a CRL by somebody else that lists it says nothing beside one of the CA's",
    crls: [forged, clean, rootCrl],
    found: ["good CRL", "good CRL"],
  },
  {
    rule: "nor beside an OCSP answer",
    ocsp: [says()],
    crls: [forged, rootCrl],
    found: ["good OCSP", "good CRL"],
  },
  {
    rule: "a good answer of a later time lifts a hold of the CRL's",
    ocsp: [says()],
    crls: [onHold, rootCrl],
    found: ["good OCSP", "good CRL"],
  },
  {
    rule: "an OCSP answer that has run out leaves it to the CRL",
    ocsp: [says({ nextUpdate: hours(-1) })],
    crls: [listing, rootCrl],
    found: ["revoked CRL null", "good CRL"],
  },
  {
    rule: "so does a responder that does not know the certificate",
    ocsp: [says({ status: "unknown" })],
    crls: [clean, rootCrl],
    found: ["good CRL", "good CRL"],
  },
  {
    rule: "RFC 6960 §2.2: a signed 'unknown' is no silence",
    ocsp: [says({ status: "unknown" })],
    found: ["unknown-to-ca", NO_ROOT_CRL],
  },
  {
    rule: "RFC 6960 §2.2: nor is it where a CRL leaves something open",
    ocsp: [says({ status: "unknown" }), refuses("tryLater")],
    crls: [rootCrl],
    found: ["unknown-to-ca", "good CRL"],
  },
  {
    rule: "RFC 6960 §2.2: a newer 'unknown' counts over an older 'good'",
    ocsp: [says({ status: "unknown", thisUpdate: hours(-0.5) }), says()],
    found: ["unknown-to-ca", NO_ROOT_CRL],
  },
  {
    rule: "RFC 6960 §2.2: so does one of the same time",
    ocsp: [says(), says({ status: "unknown" })],
    found: ["unknown-to-ca", NO_ROOT_CRL],
  },
  {
    rule: "RFC 6960 §2.2: a newer 'good' counts over an older 'unknown'",
    ocsp: [says({ status: "unknown" }), says({ thisUpdate: hours(-0.5) })],
    found: ["good OCSP", NO_ROOT_CRL],
  },
  {
    rule: "RFC 6960 §2.2: 'unknown' that has run out is none",
    ocsp: [says({ status: "unknown", nextUpdate: hours(-0.5) }), says()],
    found: ["good OCSP", NO_ROOT_CRL],
  },
  {
    rule: "a refusal is named when no CRL helps either",
    ocsp: [refuses("tryLater")],
    crls: [rootCrl],
    found: [`unknown: the OCSP responder answered tryLater; ${NO_CRL.slice("unknown: ".length)}`, "good CRL"],
  },
  {
    rule: "of two responders one refuses",
    ocsp: [refuses("unauthorized"), says()],
    crls: [rootCrl],
    found: ["good OCSP", "good CRL"],
  },
  {
    rule: "of two answers one says revoked",
    ocsp: [says(), says(REVOKED)],
    crls: [rootCrl],
    found: ["revoked OCSP 1", "good CRL"],
  },
  {
    rule: "RFC 6960 §4.2.2.2.1: a responder without nocheck that the CA's CRL does not list",
    ocsp: [says({}, unchecked)],
    crls: [clean, rootCrl],
    found: ["good OCSP", "good CRL"],
  },
  {
    rule: "RFC 6960 §4.2.2.2.1: a responder without nocheck that is revoked itself",
    ocsp: [says({}, unchecked)],
    crls: [
      issueCrl(ca, { revoked: [{ serial: unchecked.certificate.serial }, { serial: alice.serial }] }),
      rootCrl,
    ],
    found: ["revoked CRL null", "good CRL"],
  },
  {
    rule: "RFC 6960 §4.2.2.2.1: a responder that names a responder, and nobody was asked about it",
    ocsp: [says({}, named)],
    found: [`unknown: ${DOUBTED}; ${NO_CRL.slice("unknown: ".length)}`, NO_ROOT_CRL],
  },
  {
    rule: "RFC 6960 §4.2.2.2.1: the CA answers that it is good",
    ocsp: [says({}, named), ofNamed()],
    found: ["good OCSP", NO_ROOT_CRL],
  },
  {
    rule: "RFC 6960 §4.2.2.2.1: the CA answers that it is revoked: it does not speak for the CA",
    ocsp: [says({}, named), ofNamed(REVOKED)],
    crls: [clean, rootCrl],
    found: ["good CRL", "good CRL"],
  },
  {
    rule: "RFC 6960 §4.2.2.2.1: it answers itself that it is good: nobody clears himself",
    ocsp: [says({}, named), ofNamed({}, named)],
    found: [`unknown: ${DOUBTED}; ${NO_CRL.slice("unknown: ".length)}`, NO_ROOT_CRL],
  },
  {
    rule: "RFC 6960 §4.2.2.2.1: its 'revoked' counts before anybody was asked about it",
    ocsp: [says(REVOKED, named)],
    found: ["revoked OCSP 1", NO_ROOT_CRL],
  },
  {
    rule: "RFC 5280 §6.1.3 (a)(3): the CA is revoked by the root",
    ocsp: [says()],
    crls: [issueCrl(root, { revoked: [{ serial: ca.certificate.serial }] })],
    found: ["good OCSP", "revoked CRL null"],
  },
  {
    rule: "an answer that was asked for another certificate is not looked at",
    ocsp: [{ ...says(), certificate: ca.certificate.sha256 }],
    crls: [clean],
    found: [
      "good CRL",
      "unknown: the OCSP response is not about it; no CRL of CN=Root covers the certificate",
    ],
  },
];

function judge(more: Partial<RevocationEvidence>): readonly RevocationStatus[] {
  return revocationStatuses({ path, ocsp: [], crls: [], others: [], at: NOW, ...more });
}

function text(result: RevocationStatus): string {
  if (result.status === "unknown") return `unknown: ${result.why}`;
  if (result.status === "unknown-to-ca") return result.status;
  return result.status === "good" ? `good ${result.by}` : `revoked ${result.by} ${result.reason}`;
}

describe("revocationStatuses", () => {
  it.each(ROWS.map((row) => [row.rule, row] as const))("%s", (_, { ocsp = [], crls = [], found }) => {
    expect(judge({ ocsp, crls }).map(text)).toEqual(found);
  });

  it("the anchor alone has nothing above it that could revoke it", () => {
    expect(judge({ path: [root.certificate] })).toEqual([]);
  });

  it("says when, why and who in one sentence", () => {
    const [byOcsp] = judge({ ocsp: [says(REVOKED)] });
    expect(byOcsp).toMatchObject({
      detail: "revoked at 2026-06-01T07:00:00.000Z (keyCompromise), says the OCSP responder",
    });
    const reason = extension(OID.reasonCode, encode.tagged(0x0a, Buffer.of(4)));
    const [byCrl] = judge({
      crls: [issueCrl(ca, { revoked: [{ serial: alice.serial, extensions: [reason] }] })],
    });
    expect(byCrl).toMatchObject({
      detail: "revoked at 2026-01-01T00:00:00.000Z (superseded), says the CRL of CN=CA",
    });
  });

  it("a CRL of 100,000 entries: OpenSSL's, decoded, proven and searched for a listed and an unlisted certificate", () => {
    const authority = new OpensslCa(KEYS["P-256"]);
    const listed = authority.issue("listed");
    const unlisted = authority.issue("unlisted");
    authority.revoke("listed", "superseded");
    authority.revokeStrangers(100_000);
    const der = authority.crl();
    const at = new Date(Date.now() + 1000);
    const [started, before] = [performance.now(), process.cpuUsage()];
    const crl = good(parseCrl(der));
    const of = (certificate: Certificate) =>
      revocationStatuses({
        path: [certificate, authority.certificate],
        ocsp: [],
        crls: [crl],
        others: [],
        at,
      }).map(text);
    const results = [of(listed), of(unlisted)];
    const seconds = (performance.now() - started) / 1000;
    const processor = process.cpuUsage(before).user / 1e6;
    console.info(
      `CRL of 100,001 entries, ${(der.length / 1e6).toFixed(1)} MB: decoded and two certificates judged in ${processor.toFixed(3)} s of processor time, ${seconds.toFixed(3)} s by the clock`,
    );
    expect(results).toEqual([["revoked CRL 4"], ["good CRL"]]);
    expect([...crlEntries(crl)]).toHaveLength(100_001);
  });
});
