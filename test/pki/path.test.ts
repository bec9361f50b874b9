import { constants, generateKeyPairSync, sign } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { TAG } from "../../src/pki/der.ts";
import { encode } from "../../src/pki/der-write.ts";
import {
  type Certificate,
  findPath,
  isProblem,
  OID,
  type PathInput,
  type PathRule,
  parseCertificate,
} from "../../src/pki/index.ts";
import {
  basicConstraints,
  certificatePolicies,
  distinguishedName,
  edKey,
  extension,
  type Issued,
  issue,
  issueCa,
  key,
  keyUsage,
  NOW,
  nameConstraints,
  type Spec,
  subjectAltName,
} from "./path-authority.ts";
import { opensslAccepts } from "./path-openssl.ts";

/** One rule: certificates that keep or break it, what is found, and whether OpenSSL says the same. */
interface Row {
  readonly rule: string;
  readonly found: readonly PathRule[];
  readonly given: () => Given;
  /** What OpenSSL says, where it differs, and why. */
  readonly openssl?: readonly [accepts: boolean, because: string];
}

interface Given extends Partial<PathInput> {
  readonly target: Certificate;
  readonly intermediates: readonly Certificate[];
  readonly anchors: PathInput["anchors"];
}

const root = issueCa({ subject: "Root" });
const ca = issueCa({ subject: "CA", issuer: root });
const UNKNOWN = extension("1.2.3.4.5", encode.null(), true);
const netscapeCertType = (bits: number) =>
  extension("2.16.840.1.113730.1.1", encode.tagged(TAG.bitString, Buffer.of(0, bits)), true);
const POLICY = "1.3.6.1.4.1.99999.1";
const leafExtensions = [basicConstraints(false), keyUsage("digitalSignature")];

/** root → CA → leaf, with one property changed. */
function chain(leaf: Partial<Spec> = {}, middle: Issued = ca, top: Issued = root): Given {
  const target = issue({ subject: "Alice", issuer: middle, ...leaf }).certificate;
  return given(target, [middle], [top]);
}

function given(target: Certificate, intermediates: readonly Issued[], anchors: readonly Issued[]): Given {
  return {
    target,
    intermediates: intermediates.map(({ certificate }) => certificate),
    anchors: anchors.map(({ certificate }) => ({ certificate })),
  };
}

/** root → CA with these constraints → leaf with this subject and these names. */
function constrained(
  permitted: readonly string[],
  excluded: readonly string[],
  names: readonly string[],
  subject: Spec["subject"] = "Alice",
): Given {
  const middle = issueCa({ subject: "CA", issuer: root, more: [nameConstraints(permitted, excluded)] });
  const alternative = names.length === 0 ? [] : [subjectAltName(...names)];
  return chain({ subject, extensions: [...leafExtensions, ...alternative] }, middle);
}

function withAddress(address: string): Buffer {
  return distinguishedName(["CN", "Alice"], ["emailAddress", address]);
}

const ROWS: readonly Row[] = [
  { rule: "a path in order is valid", found: [], given: () => chain() },
  {
    rule: "§6.1.3 (a)(1): a signature that was altered",
    found: ["signature"],
    given: () => chain({ spoilSignature: true }),
  },
  {
    rule: "§6.1.3 (a)(1): another key signed in the name of a trusted CA",
    found: ["issuer-key"],
    given: () => {
      const impostor = issueCa({ subject: "CA" });
      return { ...chain({ issuer: impostor }), intermediates: [ca.certificate] };
    },
  },
  {
    rule: "§6.1.3 (a)(1): a root that only has the name of the anchor",
    found: ["issuer-key"],
    given: () => {
      const impostor = issueCa({ subject: "Root" });
      return given(issue({ subject: "Alice", issuer: impostor }).certificate, [impostor], [root]);
    },
  },
  {
    rule: "§6.1: self-signed",
    found: ["self-signed"],
    given: () => given(issue({ subject: "Alice" }).certificate, [], [root]),
  },
  {
    rule: "§6.1: the issuer's certificate is missing",
    found: ["issuer-missing"],
    given: () => ({ ...chain(), intermediates: [] }),
  },
  {
    rule: "§6.1: the path ends in an unknown root",
    found: ["unknown-ca"],
    given: () => ({ ...chain(), intermediates: [ca.certificate, root.certificate], anchors: [] }),
  },
  {
    rule: "§6.1.1 (d): an intermediate may be the anchor",
    found: [],
    given: () => given(chain().target, [root], [ca]),
    openssl: [false, "wants a self-signed anchor unless told -partial_chain"],
  },
  {
    rule: "§6.1: a target that is an anchor needs no issuer",
    found: [],
    given: () => given(ca.certificate, [], [ca]),
    openssl: [false, "wants a self-signed anchor unless told -partial_chain"],
  },
  {
    rule: "§6.1.3 (a)(2): the target has expired",
    found: ["expired"],
    given: () => chain({ notAfter: new Date("2026-05-31T00:00:00Z") }),
  },
  {
    rule: "§6.1.3 (a)(2): the target is not valid yet",
    found: ["not-yet-valid"],
    given: () => chain({ notBefore: new Date("2026-06-02T00:00:00Z") }),
  },
  {
    rule: "§4.1.2.5: the last second belongs to the validity",
    found: [],
    given: () => chain({ notAfter: NOW }),
    openssl: [false, "takes notAfter as the first moment that is too late"],
  },
  {
    rule: "§4.1.2.5: the first second belongs to the validity",
    found: [],
    given: () => chain({ notBefore: NOW }),
  },
  {
    rule: "§6.1.3 (a)(2): a CA has expired",
    found: ["expired"],
    given: () =>
      chain({}, issueCa({ subject: "CA", issuer: root, notAfter: new Date("2026-05-31T00:00:00Z") })),
  },
  {
    rule: "departure from §6.1.1 (d): the anchor has expired",
    found: ["expired"],
    given: () => {
      const top = issueCa({ subject: "Old Root", notAfter: new Date("2026-05-31T00:00:00Z") });
      return chain({}, issueCa({ subject: "CA", issuer: top }), top);
    },
  },
  {
    rule: "§6.1.3 (a)(4): the key identifier finds the issuer, but it has another name",
    found: ["names"],
    given: () => chain({ issuerName: distinguishedName(["CN", "Somebody"]) }),
  },
  {
    rule: "§7.1: names are compared without case and repeated blanks",
    found: [],
    given: () => {
      const middle = issueCa({ subject: "The  Great CA", issuer: root });
      return chain({ issuerName: distinguishedName(["CN", "the great ca"]) }, middle);
    },
  },
  {
    rule: "§6.1.4 (k): the issuer is an end entity",
    found: ["not-a-ca"],
    given: () => chain({}, issue({ subject: "CA", issuer: root, extensions: [basicConstraints(false)] })),
  },
  {
    rule: "§6.1.4 (k): the issuer has no basicConstraints",
    found: ["not-a-ca"],
    given: () => chain({}, issue({ subject: "CA", issuer: root, extensions: [] })),
  },
  {
    rule: "§6.1.4 (k): the issuer is of version 1",
    found: ["not-a-ca"],
    given: () => chain({}, issue({ subject: "CA", issuer: root, version: 1 })),
  },
  {
    rule: "§6.1.4 (k): an anchor of version 1 is a CA because it was trusted as one",
    found: [],
    given: () => {
      const top = issue({ subject: "Root of 1996", version: 1 });
      return chain({}, issueCa({ subject: "CA", issuer: top }), top);
    },
    openssl: [false, "-x509_strict takes no version 1"],
  },
  {
    rule: "§6.1.4 (l): pathLenConstraint 0 with a CA below",
    found: ["length"],
    given: () => {
      const upper = issueCa({ subject: "Upper CA", issuer: root, pathLength: 0 });
      const lower = issueCa({ subject: "Lower CA", issuer: upper });
      return given(issue({ subject: "Alice", issuer: lower }).certificate, [upper, lower], [root]);
    },
  },
  {
    rule: "§6.1.4 (l): a self-issued CA does not count",
    found: [],
    given: () => {
      const upper = issueCa({ subject: "CA", issuer: root, pathLength: 0 });
      const renewed = issueCa({ subject: "CA", issuer: upper, pathLength: 0 });
      return given(issue({ subject: "Alice", issuer: renewed }).certificate, [upper, renewed], [root]);
    },
  },
  {
    rule: "departure from §6.1.2 (k): the anchor's own pathLenConstraint",
    found: ["length"],
    given: () => {
      const top = issueCa({ subject: "Short Root", pathLength: 0 });
      return chain({}, issueCa({ subject: "CA", issuer: top }), top);
    },
  },
  {
    rule: "§6.1.4 (n): a CA without keyCertSign",
    found: ["key-usage"],
    given: () =>
      chain(
        {},
        issue({ subject: "CA", issuer: root, extensions: [basicConstraints(true), keyUsage("cRLSign")] }),
      ),
  },
  {
    rule: "§6.1.4 (n): no keyUsage at all allows everything",
    found: [],
    given: () => chain({}, issue({ subject: "CA", issuer: root, extensions: [basicConstraints(true)] })),
    openssl: [false, "-x509_strict wants a keyUsage in every CA certificate"],
  },
  {
    rule: "§6.1.4 (o): an unknown critical extension on a CA",
    found: ["critical-extension"],
    given: () => chain({}, issueCa({ subject: "CA", issuer: root, more: [UNKNOWN] })),
  },
  {
    rule: "§6.1.5 (f): an unknown critical extension on the target",
    found: ["critical-extension"],
    given: () => chain({ extensions: [...leafExtensions, UNKNOWN] }),
  },
  {
    rule: "§4.2: a critical Netscape certificate type that allows S/MIME is understood",
    found: [],
    given: () => chain({ extensions: [...leafExtensions, netscapeCertType(0b0010_0000)] }),
  },
  {
    rule: "§6.1.5 (f): one that allows web servers only is not",
    found: ["critical-extension"],
    given: () => chain({ extensions: [...leafExtensions, netscapeCertType(0b0100_0000)] }),
    openssl: [true, "it takes the extension for known, and was not asked about a purpose"],
  },
  {
    rule: "§6.1.4 (o): on a CA it must allow S/MIME CAs",
    found: ["critical-extension"],
    given: () => chain({}, issueCa({ subject: "CA", issuer: root, more: [netscapeCertType(0b0010_0000)] })),
    openssl: [true, "it takes the extension for known, and was not asked about a purpose"],
  },
  {
    rule: "§4.2: an unknown extension that is not critical",
    found: [],
    given: () => chain({ extensions: [...leafExtensions, extension("1.2.3.4.5", encode.null())] }),
  },
  {
    rule: "§6.1.3 (b): the only rfc822Name is permitted",
    found: [],
    given: () => constrained(["email:good.example"], [], ["email:a@good.example"]),
  },
  {
    rule: "§6.1.3 (b): the only rfc822Name is foreign",
    found: ["name-constraints"],
    given: () => constrained(["email:good.example"], [], ["email:a@evil.example"]),
  },
  {
    rule: "§6.1.3 (b): one rfc822Name is permitted, the second is foreign",
    found: ["name-constraints"],
    given: () => constrained(["email:good.example"], [], ["email:a@good.example", "email:a@evil.example"]),
  },
  {
    rule: "§4.2.1.10: the SAN fits, the emailAddress of the subject is foreign",
    found: ["name-constraints"],
    given: () =>
      constrained(["email:good.example"], [], ["email:a@good.example"], withAddress("a@evil.example")),
  },
  {
    rule: "§4.2.1.10: an excluded address stands in the subject only",
    found: ["name-constraints"],
    given: () => constrained([], ["email:evil.example"], [], withAddress("a@evil.example")),
  },
  {
    rule: "RFC 9598 §6: a SmtpUTF8Mailbox of a foreign domain",
    found: ["name-constraints"],
    given: () => constrained(["email:good.example"], [], ["email:a@good.example", "utf8:ä@evil.example"]),
  },
  {
    rule: "RFC 9598 §6: a SmtpUTF8Mailbox of the permitted domain",
    found: [],
    given: () => constrained(["email:good.example"], [], ["utf8:ä@good.example"]),
  },
  {
    rule: "§6.1.3 (b): a self-issued CA is not constrained, the target is",
    found: [],
    given: () => {
      const limits = nameConstraints(["email:good.example"]);
      const upper = issueCa({ subject: "CA", issuer: root, more: [limits] });
      const renewed = issueCa({
        subject: "CA",
        issuer: upper,
        more: [subjectAltName("email:ca@evil.example")],
      });
      const target = issue({
        subject: "Alice",
        issuer: renewed,
        extensions: [...leafExtensions, subjectAltName("email:a@good.example")],
      });
      return given(target.certificate, [upper, renewed], [root]);
    },
  },
  {
    rule: "§6.1.5 (g): a policy is required, and the whole path has it",
    found: [],
    given: () => {
      const middle = issueCa({ subject: "CA", issuer: root, more: [certificatePolicies(POLICY)] });
      const leaf = [...leafExtensions, certificatePolicies(POLICY)];
      return { ...chain({ extensions: leaf }, middle), acceptablePolicies: [POLICY], explicitPolicy: true };
    },
  },
  {
    rule: "§6.1.5 (g): a policy is required, and the target has another",
    found: ["policy"],
    given: () => {
      const middle = issueCa({ subject: "CA", issuer: root, more: [certificatePolicies(POLICY)] });
      const leaf = [...leafExtensions, certificatePolicies("1.3.6.1.4.1.99999.2")];
      return { ...chain({ extensions: leaf }, middle), acceptablePolicies: [POLICY], explicitPolicy: true };
    },
  },
  {
    rule: "§6.1.5 (g): a policy is required, and nobody names one",
    found: ["policy"],
    given: () => ({ ...chain(), explicitPolicy: true }),
  },
  {
    rule: "§4.1.1.2: the algorithm inside is another one",
    found: ["malformed"],
    given: () => chain({ innerAlgorithm: encode.sequence(encode.oid(OID.ed25519), encode.null()) }),
  },
  {
    rule: "§4.2.1.1: a critical authorityKeyIdentifier",
    found: ["malformed"],
    given: () => {
      const critical = extension(OID.authorityKeyIdentifier, encode.sequence(), true);
      return chain({ identifiers: false, extensions: [...leafExtensions, critical] });
    },
  },
  {
    rule: "§4.2.1.10: nameConstraints in an end-entity certificate",
    found: ["malformed"],
    given: () => chain({ extensions: [...leafExtensions, nameConstraints(["email:good.example"])] }),
    openssl: [true, "does not look"],
  },
  {
    rule: "§4.2.1.9: keyCertSign without cA",
    found: ["malformed"],
    given: () => chain({ extensions: [basicConstraints(false), keyUsage("keyCertSign")] }),
  },
  {
    rule: "§4.2.1.6: an empty subject with a subjectAltName that is not critical",
    found: ["malformed"],
    given: () =>
      chain({
        subject: encode.sequence(),
        extensions: [...leafExtensions, subjectAltName("email:a@a.example")],
      }),
  },
  {
    rule: "§4.2: an extension twice",
    found: ["malformed"],
    given: () =>
      chain({
        extensions: [...leafExtensions, subjectAltName("dns:a.example"), subjectAltName("dns:b.example")],
      }),
  },
  {
    rule: "two CAs that certified each other, and no anchor",
    found: ["unknown-ca"],
    given: () => {
      const [a, b] = [edKey(), edKey()];
      const issuedA = issueCa({ subject: "A", key: a });
      const issuedB = issueCa({ subject: "B", key: b });
      const crossA = issueCa({ subject: "A", key: a, issuer: issuedB });
      const crossB = issueCa({ subject: "B", key: b, issuer: issuedA });
      return given(issue({ subject: "Alice", issuer: issuedA }).certificate, [crossA, crossB], [root]);
    },
  },
  {
    rule: "everything that is wrong is told, not the first thing only",
    found: ["critical-extension", "expired", "key-usage"],
    given: () => {
      const extensions = [basicConstraints(true), keyUsage("cRLSign"), UNKNOWN];
      const middle = issue({ subject: "CA", issuer: root, extensions });
      return chain({ notAfter: new Date("2026-05-31T00:00:00Z") }, middle);
    },
  },
  { rule: "a root with a brainpool key", found: [], given: () => chainOf(ecKey("brainpoolP256r1")) },
  { rule: "a root with a key on P-384", found: [], given: () => chainOf(ecKey("P-384")) },
  { rule: "RSA, SHA-256", found: [], given: () => chainOf(rsaKey("1.2.840.113549.1.1.11", "sha256")) },
  { rule: "RSASSA-PSS", found: [], given: () => chainOf(pssKey()) },
  {
    rule: "RSA, SHA-1: strength is judged elsewhere",
    found: [],
    given: () => chainOf(rsaKey("1.2.840.113549.1.1.5", "sha1")),
  },
];

/** A chain whose root has this key. */
function chainOf(of: ReturnType<typeof edKey>): Given {
  const top = issueCa({ subject: "Other Root", key: of });
  return chain({}, issueCa({ subject: "CA", issuer: top }), top);
}

function ecKey(namedCurve: string) {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve });
  return key(publicKey, encode.sequence(encode.oid("1.2.840.10045.4.3.2")), (data) =>
    sign("sha256", data, privateKey),
  );
}

function rsaKey(oid: string, digest: string) {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const algorithm = encode.sequence(encode.oid(oid), encode.null());
  return key(publicKey, algorithm, (data) => sign(digest, data, privateKey));
}

function pssKey() {
  const sha256 = encode.sequence(encode.oid("2.16.840.1.101.3.4.2.1"));
  const mgf1 = encode.sequence(encode.oid("1.2.840.113549.1.1.8"), sha256);
  const parameters = encode.sequence(
    encode.tagged(0xa0, sha256),
    encode.tagged(0xa1, mgf1),
    encode.tagged(0xa2, encode.integer(32)),
  );
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const padding = constants.RSA_PKCS1_PSS_PADDING;
  return key(publicKey, encode.sequence(encode.oid(OID.rsassaPss), parameters), (data) =>
    sign("sha256", data, { key: privateKey, padding, saltLength: 32 }),
  );
}

const DEFAULTS = {
  at: NOW,
  acceptablePolicies: null,
  explicitPolicy: false,
  inhibitAnyPolicy: false,
  inhibitPolicyMapping: false,
  crls: null,
} as const;

function inputOf(row: Row): PathInput {
  return { ...DEFAULTS, ...row.given() };
}

describe("findPath: the rules of RFC 5280 §6.1", () => {
  const work = mkdtempSync(join(tmpdir(), "keybot-path-"));
  afterAll(() => rmSync(work, { recursive: true, force: true }));

  it.each(ROWS.map((row) => [row.rule, row] as const))("%s", (_, row) => {
    const input = inputOf(row);
    const result = findPath(input);
    expect([...new Set(result.problems.map(({ rule }) => rule))].sort()).toEqual([...row.found].sort());
    expect(result.valid).toBe(row.found.length === 0);
    const [accepts, because] = row.openssl ?? [result.valid, "the same as here"];
    expect(opensslAccepts(work, input), `openssl: ${because}`).toBe(accepts);
  });

  it("no path survives the change of one bit in a certificate, and none makes it throw", () => {
    const { target, intermediates, anchors } = chain();
    const bit = fc.record({ which: fc.constantFrom("target", "CA"), octet: fc.nat(), bit: fc.nat(7) });
    fc.assert(
      fc.property(bit, ({ which, octet, bit: position }) => {
        const der = Uint8Array.from(which === "target" ? target.der : ca.certificate.der);
        const index = octet % der.length;
        der[index] = (der[index] ?? 0) ^ (1 << position);
        const changed = parseCertificate(der);
        if (isProblem(changed)) return;
        const given =
          which === "target" ? { target: changed, intermediates } : { target, intermediates: [changed] };
        expect(findPath({ ...DEFAULTS, ...given, anchors }).valid).toBe(false);
      }),
      { numRuns: 1_000 },
    );
  });
});
