import { generateKeyPairSync, sign } from "node:crypto";
import { describe, expect, it } from "vitest";
import {
  decodeTrust,
  type Finding,
  judgeRevocation,
  type RevocationEvidence,
  reportOn,
} from "../../src/inspect/index.ts";
import { encode } from "../../src/pki/der-write.ts";
import { type Certificate, type Crl, OID } from "../../src/pki/index.ts";
import { hours, issueResponder, ocspSigning, respond, type Said } from "../pki/ocsp-authority.ts";
import {
  basicConstraints,
  extension,
  generalName,
  type Issued,
  issue,
  issueCa,
  issueCrl,
  type Key,
  key,
  NOW,
} from "../pki/path-authority.ts";
import { POLICY } from "./kit.ts";

/** An RSA key that signs with this digest. */
function rsa(bits: number, digest: "sha1" | "sha256"): Key {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: bits });
  const oid = digest === "sha1" ? OID.sha1WithRsa : OID.sha256WithRsa;
  return key(publicKey, encode.sequence(encode.oid(oid), encode.null()), (data) =>
    sign(digest, data, privateKey),
  );
}

const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const keyOfCa = (digest: "sha1" | "sha256"): Key => {
  const oid = digest === "sha1" ? OID.sha1WithRsa : OID.sha256WithRsa;
  const algorithm = encode.sequence(encode.oid(oid), encode.null());
  return key(publicKey, algorithm, (data) => sign(digest, data, privateKey));
};

const root = issueCa({ subject: "Root" });
const ca = issueCa({ subject: "CA", issuer: root, key: keyOfCa("sha256") });
/** The same CA, of a day on which it still signs with SHA-1. */
const oldHabit: Issued = { ...ca, key: keyOfCa("sha1") };
const point = extension(OID.crlDistributionPoints, encode.sequence(encode.sequence(uri())));
const alice = issue({ subject: "Alice", issuer: ca, extensions: [basicConstraints(false), point] });
const rootCrl = issueCrl(root);
const listed = [{ serial: alice.certificate.serial }];
const hold = extension(OID.reasonCode, encode.tagged(0x0a, Buffer.of(6)));
const onHold = [{ serial: alice.certificate.serial, extensions: [hold] }];
const removed = extension(OID.reasonCode, encode.tagged(0x0a, Buffer.of(8)));

function uri(): Buffer {
  return encode.tagged(0xa0, encode.tagged(0xa0, generalName("uri:http://crl.example/ca")));
}

function delta(signer: Issued, entry: readonly Buffer[]): Crl {
  return issueCrl(signer, {
    number: 2,
    revoked: [{ serial: alice.certificate.serial, extensions: entry }],
    extensions: [extension(OID.deltaCrlIndicator, encode.integer(1), true)],
  });
}

/** What is found on Alice's certificate, or on one of hers. */
function judged(
  evidence: Partial<RevocationEvidence>,
  target: Certificate = alice.certificate,
  others: readonly Certificate[] = [],
): readonly Finding[] {
  const path = [target, ca.certificate, root.certificate].map(({ der }) => der);
  const whole = { ocsp: [], unanswered: [], ...evidence, crls: [rootCrl, ...(evidence.crls ?? [])] };
  return (
    judgeRevocation([{ certificate: target.sha256, path }], whole, others, POLICY, NOW)[0]?.findings ?? []
  );
}

function ocsp(signer: Issued, said: Partial<Said> = {}): Partial<RevocationEvidence> {
  const { certificate } = alice;
  const der = respond(signer, { answers: [{ certificate, issuer: ca.certificate, ...said }] });
  return { ocsp: [{ certificate: certificate.sha256, der, nonce: null }] };
}

const REVOKED = { status: { revoked: hours(-5), reason: 1 } } as const;

describe("an answer of a CA's that is signed too weakly (RFC 8550 §4.3) clears nobody", () => {
  it.each<[string, Partial<RevocationEvidence>, string | null]>([
    ["a CRL with SHA-256", { crls: [issueCrl(ca)] }, null],
    ["a CRL with SHA-1", { crls: [issueCrl(oldHabit)] }, "the CRL of CN=CA is signed with SHA-1"],
    ["of two CRLs the strong one, though older", { crls: [issueCrl(oldHabit), issueCrl(ca)] }, null],
    ["OCSP with SHA-256", ocsp(ca), null],
    ["OCSP with SHA-1", ocsp(oldHabit), "the OCSP response is signed with SHA-1"],
    ["a responder with RSA 2048", ocsp(issueResponder({ issuer: ca, key: rsa(2048, "sha256") })), null],
    [
      "a responder with RSA 1024",
      ocsp(issueResponder({ issuer: ca, key: rsa(1024, "sha256") })),
      "the OCSP response is signed by way of CN=Responder: RSA-1024 is under the 2048 bits",
    ],
    [
      "a responder whose certificate is signed with SHA-1",
      ocsp(issueResponder({ issuer: oldHabit })),
      /the OCSP response is signed by way of CN=Responder: the certificate .* is signed with SHA-1/.source,
    ],
    [
      "a delta CRL with SHA-1 that takes the certificate off the list",
      { crls: [issueCrl(ca, { revoked: listed }), delta(oldHabit, [removed])] },
      "revoked at",
    ],
    [
      "its twin with SHA-256: what was revoked for good is not taken back",
      { crls: [issueCrl(ca, { revoked: listed }), delta(ca, [removed])] },
      "revoked at .* says the CRL",
    ],
    [
      "a delta CRL with SHA-256 that takes a certificate off the list that was on hold",
      { crls: [issueCrl(ca, { revoked: onHold }), delta(ca, [removed])] },
      null,
    ],
    [
      "the same with SHA-1",
      { crls: [issueCrl(ca, { revoked: onHold }), delta(oldHabit, [removed])] },
      "revoked at",
    ],
  ])("%s", (_, evidence, detail) => {
    const details = judged(evidence).map((found) => found.detail);
    expect(details).toEqual(detail === null ? [] : [expect.stringMatching(detail)]);
  });

  it("an indirect CRL whose signer's key is weak, or a CA above him", () => {
    const crlIssuer = encode.tagged(0xa2, generalName("dn:Lister"));
    const named = extension(OID.crlDistributionPoints, encode.sequence(encode.sequence(uri(), crlIssuer)));
    const extensions = [basicConstraints(false), named];
    const { certificate } = issue({ subject: "Alice", issuer: ca, extensions });
    const indirect = extension(
      OID.issuingDistributionPoint,
      encode.sequence(encode.tagged(0x84, Buffer.of(0xff))),
      true,
    );
    const of = (lister: Issued, ...above: readonly Issued[]) => {
      const crls = [issueCrl(lister, { extensions: [indirect] }), ...above.map((one) => issueCrl(one))];
      const others = [lister, ...above].map((one) => one.certificate);
      return judged({ crls }, certificate, others).map(({ detail }) => detail);
    };
    const between = issueCa({ subject: "Between", issuer: root, key: rsa(1024, "sha256") });
    expect(of(issueCa({ subject: "Lister", issuer: root }))).toEqual([]);
    expect(of(issueCa({ subject: "Lister", issuer: root, key: rsa(1024, "sha256") }))).toEqual([
      expect.stringContaining("the CRL of CN=Lister is signed by way of CN=Lister: RSA-1024"),
    ]);
    expect(of(issueCa({ subject: "Lister", issuer: between }), between)).toEqual([
      expect.stringContaining("the CRL of CN=Lister is signed by way of CN=Between: RSA-1024"),
    ]);
  });

  it.each<[string, Partial<RevocationEvidence>]>([
    ["a CRL with SHA-1", { crls: [issueCrl(oldHabit, { revoked: listed })] }],
    ["a delta CRL with SHA-1", { crls: [issueCrl(ca), delta(oldHabit, [])] }],
    ["OCSP with SHA-1", ocsp(oldHabit, REVOKED)],
    ["a responder with RSA 1024", ocsp(issueResponder({ issuer: ca, key: rsa(1024, "sha256") }), REVOKED)],
  ])("but revoked is revoked: %s", (_, evidence) => {
    expect(judged(evidence).map(({ code }) => code)).toEqual(["revocation.revoked"]);
  });

  it("a responder without nocheck is cleared by no weak CRL either (RFC 6960 §4.2.2.2.1)", () => {
    const extensions = [basicConstraints(false), ocspSigning(), point];
    const checked = issueResponder({ issuer: ca, extensions });
    const answer = (signer: Issued) => judged({ ...ocsp(checked), crls: [issueCrl(signer)] });
    expect(answer(ca)).toEqual([]);
    expect(answer(oldHabit).map(({ code }) => code)).toEqual(["revocation.unknown"]);
  });
});

describe("CRLs that are given with the trust store (keybot inspect --crl)", () => {
  const reported = (crl: Crl) =>
    reportOn(alice.certificate, {
      role: "offered",
      address: null,
      beside: [ca.certificate],
      encryptionBeside: false,
      trust: {
        ...decodeTrust({
          version: 1,
          anchors: [{ der: root.certificate.der, domains: null, distrustAfter: null }],
          intermediates: [],
          crls: [],
        }),
        crls: [rootCrl, crl],
      },
      policy: POLICY,
      at: NOW,
      findings: [],
      capabilities: null,
    });

  it("leave the path as RFC 5280 has it, and a weak one is held against the certificate", () => {
    const [strong, weak] = [reported(issueCrl(ca)), reported(issueCrl(oldHabit))];
    expect([strong.path.valid, weak.path.valid]).toEqual([true, true]);
    const revocation = ({ findings }: typeof weak) =>
      findings.filter(({ code }) => code.startsWith("revocation.")).map(({ code, detail }) => [code, detail]);
    expect(revocation(strong)).toEqual([]);
    expect(revocation(weak)).toEqual([["revocation.unknown", "the CRL of CN=CA is signed with SHA-1"]]);
  });
});
