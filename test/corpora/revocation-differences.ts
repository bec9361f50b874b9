/**
 * Why keybot and the other judges of the revocation corpus differ, by kind. The test asks that each difference has its reason and
 * each reason a difference; `docs/conformance.md` shows both.
 */

/** One kind of difference. */
export interface Difference {
  /** What the ids of its cases begin with; a `$` behind one is its end. */
  readonly cases: readonly string[];
  readonly section: string;
  readonly why: string;
}

/** Where keybot decides otherwise than the corpus had it; the reason stands among the differences, or below. */
export const DECIDED: Readonly<Record<string, "good" | "revoked">> = {
  // RFC 5758 §3.2: NULL parameters of ECDSA say nothing; taken in certificates and CMS too (docs/STANDARDS.md).
  "sig-ec-null": "good",
};

const STRENGTH = "RFC 8550 §4.3";

/** In the order in which the cases stand in the corpus. */
export const DIFFERENCES: readonly Difference[] = [
  {
    cases: ["st-unknown-"],
    section: "RFC 6960 §2.2",
    why: 'signed "unknown" is neither silence nor a revocation: it waits for a person, and a CRL may clear the certificate',
  },
  {
    cases: ["st-rev-future"],
    section: "RFC 6960 §3.2",
    why: "revocationTime lies ahead, but the CA says revoked now",
  },
  {
    cases: ["st-good-"],
    section: "RFC 6960 §4.2.1",
    why: "good is [0] IMPLICIT NULL: primitive and empty; what is signed must be DER",
  },
  {
    cases: ["del-kuenc-"],
    section: "RFC 5280 §4.2.1.12",
    why: "id-kp-OCSPSigning goes with digitalSignature or nonRepudiation; this key is for encryption only",
  },
  {
    cases: ["del-kunonrep-"],
    section: "RFC 5280 §4.2.1.12",
    why: "nonRepudiation is one of the two usages that go with id-kp-OCSPSigning",
  },
  {
    cases: ["del-unkcrit-"],
    section: "RFC 5280 §4.2",
    why: "a certificate with a critical extension that is not understood must be refused, a responder's as any other",
  },
  {
    cases: ["del-sha1sig-good", "del-rsa1024-good", "sig-rsa-sha1$", "sig-rsa-md5$", "sig-ec-sha1"],
    section: STRENGTH,
    why: 'signed too weakly to clear a certificate (policy); "revoked" counts however it is signed',
  },
  {
    cases: ["sig-rsa-md5-revoked"],
    section: STRENGTH,
    why: '"revoked" counts however it is signed; the JDK refuses MD5',
  },
  {
    cases: ["del-two-first-bad", "del-garbage-cert-before", "del-7-certs-before"],
    section: "RFC 6960 §4.2.2.2",
    why: "the right delegate is among the certificates that came along; one before it that is expired or cannot be read proves nothing against him",
  },
  {
    cases: [
      "del-name-of-issuer-key-of-delegate",
      "sig-thirdparty-",
      "sig-zero",
      "sig-empty",
      "sig-flip",
      "sig-alg-mismatch",
    ],
    section: "RFC 6960 §3.2",
    why: "not signed by whom the response names",
  },
  {
    cases: ["id-sha256$", "id-sha384", "id-sha512"],
    section: "RFC 6960 §4.1.1",
    why: "hashAlgorithm is any; the others look for the digest that they ask with",
  },
  {
    cases: ["id-"],
    section: "RFC 6960 §3.2",
    why: "the CertID is another certificate's, or no digest of it",
  },
  {
    cases: [
      "multi-both-",
      "multi-newer-",
      "multi-sha1-good-sha256-revoked",
      "multi-revoked-",
      "multi-good-stale-revoked-new",
    ],
    section: "RFC 5280 §5.3.1",
    why: 'of several answers a "revoked" is final, in whatever order, at whatever age; OpenSSL and Bouncy Castle take the first, the JDK the last',
  },
  {
    cases: ["multi-good-then-unknown-newer"],
    section: "RFC 6960 §2.2",
    why: "the newest timely answer is the last word",
  },
  {
    cases: ["multi-empty", "outer-type-unknown"],
    section: "RFC 6960 §4.2.1",
    why: "nothing in it is an answer",
  },
  {
    cases: ["time-future"],
    section: "RFC 6960 §3.2",
    why: "thisUpdate lies ahead by more than five minutes, and no answer can be of a later time",
  },
  {
    cases: ["time-nonext-2d-rev"],
    section: "RFC 5280 §5.3.1",
    why: '"revoked" is final, and without nextUpdate nothing says that it has run out; what waves it aside has mail encrypted to a stolen key',
  },
  {
    cases: ["time-passed-3min", "time-nonext-23h", "time-next-eq-this"],
    section: "RFC 6960 §4.2.2.1",
    why: "five minutes of difference between the clocks are granted, and without nextUpdate a day",
  },
  {
    cases: ["time-nonext-2d$"],
    section: "RFC 6960 §4.2.2.1",
    why: "without nextUpdate newer information is there at any time; after a day the answer clears nobody",
  },
  {
    cases: ["time-next-before-this-future"],
    section: "RFC 6960 §2.4",
    why: "nextUpdate before thisUpdate means nothing",
  },
  {
    cases: ["time-fraction"],
    section: "RFC 5280 §4.1.2.5.2",
    why: "a fraction of a second changes nothing",
  },
  { cases: ["time-offset"], section: "RFC 5280 §4.1.2.5.2", why: "the time must end in Z" },
  {
    cases: ["ext-nonce-critical", "ext-archivecutoff-crit", "ext-extendedrevoke-crit"],
    section: "RFC 6960 §4.4",
    why: "understood: it changes nothing in what is said of the certificate",
  },
  {
    cases: ["ext-crit-unknown-resp$", "ext-crit-unknown-single$"],
    section: "RFC 6960 §4.4",
    why: "a critical extension that is not understood forbids to rely on the answer",
  },
  {
    cases: ["ext-crit-unknown-"],
    section: "RFC 5280 §5.3.1",
    why: 'the signer is proven, and "revoked" is final; a doubt about the rest clears nobody',
  },
  {
    cases: ["ext-crit-on-other-single"],
    section: "RFC 6960 §4.4",
    why: "the extension stands in the answer about another certificate",
  },
  { cases: ["ext-dup"], section: "RFC 5280 §4.2", why: "only a certificate may not have an extension twice" },
  {
    cases: ["outer-trailing$"],
    section: "X.690 §10",
    why: "what follows is neither signed nor a blank",
  },
  { cases: ["outer-trailing-nl"], section: "X.690 §10", why: "a blank behind the answer says nothing" },
  {
    cases: ["outer-version-v2"],
    section: "RFC 6960 §4.2.1",
    why: "only version 1 is defined; what a later one means is not known",
  },
  {
    cases: ["A5"],
    section: "RFC 5280 §6.3.3",
    why: "of two complete lists the newer one lists it",
  },
  {
    cases: ["A8", "A10"],
    section: "RFC 5280 §6.3.3 (d)",
    why: "reasons may be split among lists, however many",
  },
  {
    cases: ["C", "D"],
    section: "RFC 5280 §5.2.7, §6.3.3 (f)",
    why: "who signed a list and stands not above is known by a certificate that came along or lies where the list says; he is judged as on the main path, where nobody need clear one who names nobody",
  },
  {
    cases: ["E0-8"],
    section: "RFC 5280 §5.3.1",
    why: "removeFromCRL belongs into a delta list; in a complete one it still lists the certificate",
  },
  {
    cases: ["E8"],
    section: "RFC 5280 §5.3.1",
    why: "what a list revokes for another reason than a hold, no delta takes off it",
  },
  {
    cases: ["T11"],
    section: "RFC 5280 §4.2.1.13",
    why: "inspect reads lists in PEM too; what is fetched must be DER",
  },
];

/** The kind of the difference of one case; the first that fits. */
export function differenceOf(id: string): Difference | undefined {
  return DIFFERENCES.find(({ cases }) =>
    cases.some((begin) => (begin.endsWith("$") ? id === begin.slice(0, -1) : id.startsWith(begin))),
  );
}
