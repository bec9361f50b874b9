import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { encode } from "../../src/pki/der-write.ts";
import { type Certificate, type Crl, findPath, OID, type PathInput } from "../../src/pki/index.ts";
import { MAX_CRL_STEPS } from "../../src/pki/limits.ts";
import { searchPath } from "../../src/pki/path.ts";
import { fullBudget } from "../../src/pki/path-budget.ts";
import {
  basicConstraints,
  type CrlSpec,
  distinguishedName,
  edKey,
  extension,
  generalName,
  type Issued,
  issue,
  issueCa,
  issueCrl,
  keyUsage,
  NOW,
} from "./path-authority.ts";
import { opensslAccepts } from "./path-openssl.ts";

const root = issueCa({ subject: "Root" });
const ca = issueCa({ subject: "CA", issuer: root });
const alice = issue({ subject: "Alice", issuer: ca }).certificate;
const rootCrl = issueCrl(root);
const clean = issueCrl(ca);
const OLD = new Date("2026-02-01T00:00:00Z");
const NEW = new Date("2026-03-01T00:00:00Z");
const minutes = (count: number) => new Date(NOW.getTime() + count * 60_000);
const UNKNOWN = extension("1.2.3.4.5", encode.null(), true);

/** The CA's CRL with the certificate on it. */
function listing({ serial }: Certificate, spec: CrlSpec = {}): Crl {
  return issueCrl(ca, { revoked: [{ serial }], ...spec });
}

/** issuingDistributionPoint (RFC 5280 §5.2.5) from its fields, tagged already. */
function scope(...fields: readonly Buffer[]): Buffer {
  return extension(OID.issuingDistributionPoint, encode.sequence(...fields), true);
}

const TRUE = Buffer.from([0xff]);
const ONLY_USERS = encode.tagged(0x81, TRUE);
const ONLY_CAS = encode.tagged(0x82, TRUE);
const ONLY_ATTRIBUTES = encode.tagged(0x85, TRUE);
/** keyCompromise and cACompromise; all the others. */
const SOME_REASONS = encode.tagged(0x83, Buffer.from([5, 0b0110_0000]));
const OTHER_REASONS = encode.tagged(0x83, Buffer.from([7, 0b0001_1111, 0b1000_0000]));

function at(uri: string): Buffer {
  return encode.tagged(0xa0, encode.tagged(0xa0, generalName(`uri:${uri}`)));
}

/** A certificate of the CA that names one CRL distribution point. */
function withPoint(uri: string): Certificate {
  const point = extension(OID.crlDistributionPoints, encode.sequence(encode.sequence(at(uri))));
  return issue({ subject: "Alice", issuer: ca, extensions: [basicConstraints(false), point] }).certificate;
}

function delta(base: number, spec: CrlSpec): Crl {
  return issueCrl(ca, {
    ...spec,
    extensions: [extension(OID.deltaCrlIndicator, encode.integer(base), true)],
  });
}

/** The CRL of somebody else: an entry of the CA's certificates, and the point that names him (RFC 5280 §5.3.3, §4.2.1.13). */
const lister = issueCa({ subject: "Lister", issuer: root });

function listedElsewhere(): Certificate {
  const crlIssuer = encode.tagged(0xa2, generalName("dn:Lister"));
  const point = extension(OID.crlDistributionPoints, encode.sequence(encode.sequence(crlIssuer)));
  return issue({ subject: "Alice", issuer: ca, extensions: [basicConstraints(false), point] }).certificate;
}

function ofIssuer(name: string): Buffer {
  return extension(OID.certificateIssuer, encode.sequence(generalName(`dn:${name}`)), true);
}

const INDIRECT = scope(encode.tagged(0x84, TRUE));

interface Row {
  readonly rule: string;
  readonly found: readonly string[];
  readonly given: () => { target?: Certificate; crls: readonly Crl[]; intermediates?: readonly Issued[] };
  /** What OpenSSL says, where it differs, and why. */
  readonly openssl?: readonly [accepts: boolean, because: string];
}

const ROWS: readonly Row[] = [
  { rule: "§6.3.3: nothing is listed", found: [], given: () => ({ crls: [rootCrl, clean] }) },
  {
    rule: "§6.3.3 (j): the target is listed",
    found: ["revoked 0"],
    given: () => ({ crls: [rootCrl, listing(alice)] }),
  },
  {
    rule: "§6.3.3 (j): the CA is listed by the root",
    found: ["revoked 1"],
    given: () => ({ crls: [issueCrl(root, { revoked: [{ serial: ca.certificate.serial }] }), clean] }),
  },
  {
    rule: "§6.3.3 (j): the same serial number, but of another CA",
    found: [],
    given: () => ({ crls: [issueCrl(root, { revoked: [{ serial: alice.serial }] }), clean] }),
  },
  {
    rule: "§6.3.3: no CRL for the target",
    found: ["revocation-unknown 0"],
    given: () => ({ crls: [rootCrl] }),
  },
  { rule: "§6.3.3: no CRL for the CA", found: ["revocation-unknown 1"], given: () => ({ crls: [clean] }) },
  {
    rule: "§6.3.3: no CRL at all: every certificate below the anchor",
    found: ["revocation-unknown 0", "revocation-unknown 1"],
    given: () => ({ crls: [] }),
  },
  {
    rule: "§6.3.3 (a): the CRL has run out",
    found: ["revocation-unknown 0"],
    given: () => ({ crls: [rootCrl, issueCrl(ca, { nextUpdate: OLD })] }),
  },
  {
    rule: "§5.1.2.4: the CRL is of a later time",
    found: ["revocation-unknown 0"],
    given: () => ({ crls: [rootCrl, issueCrl(ca, { thisUpdate: new Date("2026-06-02T00:00:00Z") })] }),
  },
  {
    rule: "§5.1.2.4: the CRL is three minutes ahead of our clock",
    found: [],
    given: () => ({ crls: [rootCrl, issueCrl(ca, { thisUpdate: minutes(3) })] }),
    openssl: [false, "grants no difference of clocks"],
  },
  {
    rule: "§5.1.2.4: the CRL is six minutes ahead of our clock",
    found: ["revocation-unknown 0"],
    given: () => ({ crls: [rootCrl, issueCrl(ca, { thisUpdate: minutes(6) })] }),
  },
  {
    rule: "§6.3.3 (a): the CRL ran out three minutes ago",
    found: [],
    given: () => ({ crls: [rootCrl, issueCrl(ca, { nextUpdate: minutes(-3) })] }),
    openssl: [false, "grants no difference of clocks"],
  },
  {
    rule: "§6.3.3 (a): the CRL ran out six minutes ago",
    found: ["revocation-unknown 0"],
    given: () => ({ crls: [rootCrl, issueCrl(ca, { nextUpdate: minutes(-6) })] }),
  },
  {
    rule: "§5.1.2.5: the CRL ran out before it was made, both within the five minutes",
    found: ["revocation-unknown 0"],
    given: () => ({ crls: [rootCrl, issueCrl(ca, { thisUpdate: minutes(3), nextUpdate: minutes(2) })] }),
  },
  {
    rule: "§5.1.2.5: the CRL does not say when it runs out",
    found: ["revocation-unknown 0"],
    given: () => ({ crls: [rootCrl, issueCrl(ca, { nextUpdate: null })] }),
    openssl: [true, "takes it as good for ever"],
  },
  {
    rule: "§6.3.3 (g): the CRL is signed by another key",
    found: ["revocation-unknown 0"],
    given: () => ({ crls: [rootCrl, issueCrl(ca, { key: edKey() })] }),
  },
  {
    rule: "§6.3.3 (f): the CA may not sign CRLs",
    found: ["revocation-unknown 0"],
    given: () => {
      const extensions = [basicConstraints(true), keyUsage("keyCertSign")];
      const mute = issue({ subject: "Mute CA", issuer: root, extensions });
      const target = issue({ subject: "Alice", issuer: mute }).certificate;
      return { target, intermediates: [mute], crls: [rootCrl, issueCrl(mute)] };
    },
  },
  {
    rule: "§5.2: an unknown critical extension on the CRL",
    found: ["revocation-unknown 0"],
    given: () => ({ crls: [rootCrl, issueCrl(ca, { extensions: [UNKNOWN] })] }),
  },
  {
    rule: "§5.3: an unknown critical extension on somebody else's entry",
    found: ["revocation-unknown 0"],
    given: () => ({ crls: [rootCrl, issueCrl(ca, { revoked: [{ serial: "77", extensions: [UNKNOWN] }] })] }),
  },
  {
    rule: "of two CRLs the newer counts: revoked meanwhile",
    found: ["revoked 0"],
    given: () => ({
      crls: [rootCrl, issueCrl(ca, { thisUpdate: OLD }), listing(alice, { thisUpdate: NEW })],
    }),
  },
  {
    rule: "of two CRLs the newer counts: no longer on hold",
    found: [],
    given: () => ({
      crls: [rootCrl, listing(alice, { thisUpdate: OLD }), issueCrl(ca, { thisUpdate: NEW })],
    }),
  },
  {
    rule: "§6.3.3 (b)(2)(ii): a CRL for end entities covers the target",
    found: [],
    given: () => ({ crls: [rootCrl, issueCrl(ca, { extensions: [scope(ONLY_USERS)] })] }),
  },
  {
    rule: "§6.3.3 (b)(2)(ii): a CRL for end entities does not cover a CA",
    found: ["revocation-unknown 1"],
    given: () => ({ crls: [issueCrl(root, { extensions: [scope(ONLY_USERS)] }), clean] }),
  },
  {
    rule: "§6.3.3 (b)(2)(iii): a CRL for CAs does not cover the target",
    found: ["revocation-unknown 0"],
    given: () => ({ crls: [rootCrl, issueCrl(ca, { extensions: [scope(ONLY_CAS)] })] }),
  },
  {
    rule: "§6.3.3 (b)(2)(iv): a CRL for attribute certificates covers nothing",
    found: ["revocation-unknown 0"],
    given: () => ({ crls: [rootCrl, issueCrl(ca, { extensions: [scope(ONLY_ATTRIBUTES)] })] }),
  },
  {
    rule: "§6.3.3 (d): a CRL for some reasons leaves the others open",
    found: ["revocation-unknown 0"],
    given: () => ({ crls: [rootCrl, issueCrl(ca, { extensions: [scope(SOME_REASONS)] })] }),
  },
  {
    rule: "§6.3.3 (l): two CRLs cover all reasons between them",
    found: [],
    given: () => {
      const some = issueCrl(ca, { extensions: [scope(SOME_REASONS)] });
      return { crls: [rootCrl, some, issueCrl(ca, { extensions: [scope(OTHER_REASONS)] })] };
    },
  },
  {
    rule: "§6.3.3 (b)(2)(i): the CRL of the certificate's distribution point",
    found: [],
    given: () => {
      const part = issueCrl(ca, { extensions: [scope(at("http://crl.example/1"))] });
      return { target: withPoint("http://crl.example/1"), crls: [rootCrl, part] };
    },
  },
  {
    rule: "§6.3.3 (b)(2)(i): the CRL of another distribution point",
    found: ["revocation-unknown 0"],
    given: () => {
      const part = issueCrl(ca, { extensions: [scope(at("http://crl.example/2"))] });
      return { target: withPoint("http://crl.example/1"), crls: [rootCrl, part] };
    },
  },
  {
    rule: "§6.3.3: a complete CRL serves every distribution point",
    found: [],
    given: () => ({ target: withPoint("http://crl.example/1"), crls: [rootCrl, clean] }),
  },
  {
    rule: "§6.3.3 (b)(1): the indirect CRL of the issuer that the point names",
    found: [],
    given: () => ({
      target: listedElsewhere(),
      intermediates: [ca, lister],
      crls: [rootCrl, issueCrl(lister, { extensions: [INDIRECT] })],
    }),
  },
  {
    rule: "§6.3.3 (b)(1): a CRL of that issuer which does not say that it is indirect",
    found: ["revocation-unknown 0"],
    given: () => ({
      target: listedElsewhere(),
      intermediates: [ca, lister],
      crls: [rootCrl, issueCrl(lister)],
    }),
  },
  {
    rule: "§5.3.3: an entry under the name of the certificate's issuer, which holds for the entries behind it",
    found: ["revoked 0"],
    given: () => {
      const target = listedElsewhere();
      const revoked = [{ serial: "77", extensions: [ofIssuer("CA")] }, { serial: target.serial }];
      const crl = issueCrl(lister, { revoked, extensions: [INDIRECT] });
      return { target, intermediates: [ca, lister], crls: [rootCrl, crl] };
    },
  },
  {
    rule: "§5.3.3: the same serial number under another issuer's name",
    found: [],
    given: () => {
      const target = listedElsewhere();
      const revoked = [{ serial: target.serial, extensions: [ofIssuer("Other CA")] }];
      const crl = issueCrl(lister, { revoked, extensions: [INDIRECT] });
      return { target, intermediates: [ca, lister], crls: [rootCrl, crl] };
    },
  },
  {
    rule: "§5.2.4: a delta CRL proves nothing alone",
    found: ["revocation-unknown 0"],
    given: () => ({ crls: [rootCrl, delta(1, { number: 2 })] }),
  },
  {
    rule: "§6.3.3 (i): revoked on the delta CRL",
    found: ["revoked 0"],
    given: () => ({ crls: [rootCrl, clean, delta(1, { number: 2, revoked: [{ serial: alice.serial }] })] }),
    openssl: [true, "looks for a delta CRL only where freshestCRL announces one"],
  },
  {
    rule: "§6.3.3 (k): taken off by the delta CRL",
    found: [],
    given: () => {
      const removed = extension(OID.reasonCode, encode.tagged(0x0a, Buffer.from([8])));
      const change = delta(1, { number: 2, revoked: [{ serial: alice.serial, extensions: [removed] }] });
      return { crls: [rootCrl, listing(alice), change] };
    },
    openssl: [false, "looks for a delta CRL only where freshestCRL announces one"],
  },
  {
    rule: "§6.3.3 (c): a delta CRL of a later base",
    found: [],
    given: () => ({ crls: [rootCrl, clean, delta(2, { number: 3, revoked: [{ serial: alice.serial }] })] }),
  },
  {
    rule: "§6.3.3 (f): signed by a certificate of the CA for CRLs only",
    found: [],
    given: () => {
      const signer = crlSigner(root);
      return { intermediates: [ca, signer], crls: [rootCrl, issueCrl(ca, { key: signer.key })] };
    },
  },
  {
    rule: "§6.3.3 (f): such a signer of an unknown root",
    found: ["revocation-unknown 0"],
    given: () => {
      const signer = crlSigner(issueCa({ subject: "Root" }));
      return { intermediates: [ca, signer], crls: [rootCrl, issueCrl(ca, { key: signer.key })] };
    },
  },
  {
    rule: "§6.3.3 (f): such a signer that is revoked itself",
    found: ["revocation-unknown 0"],
    given: () => {
      const signer = crlSigner(root);
      const lists = issueCrl(root, { revoked: [{ serial: signer.certificate.serial }] });
      return { intermediates: [ca, signer], crls: [lists, issueCrl(ca, { key: signer.key })] };
    },
  },
];

/** A certificate under the CA's name that may sign CRLs and nothing else. */
function crlSigner(issuer: Issued): Issued {
  const extensions = [basicConstraints(false), keyUsage("cRLSign")];
  return issue({ subject: distinguishedName(["CN", "CA"]), issuer, extensions });
}

function inputOf(given: ReturnType<Row["given"]>): PathInput {
  return {
    target: given.target ?? alice,
    intermediates: (given.intermediates ?? [ca]).map(({ certificate }) => certificate),
    anchors: [{ certificate: root.certificate }],
    at: NOW,
    acceptablePolicies: null,
    explicitPolicy: false,
    inhibitAnyPolicy: false,
    inhibitPolicyMapping: false,
    crls: given.crls,
  };
}

describe("findPath with CRLs: the rules of RFC 5280 §6.3", () => {
  const work = mkdtempSync(join(tmpdir(), "keybot-crl-"));
  afterAll(() => rmSync(work, { recursive: true, force: true }));

  it.each(ROWS.map((row) => [row.rule, row] as const))("%s", (_, row) => {
    const input = inputOf(row.given());
    const { problems, valid } = findPath(input);
    expect(problems.map(({ rule, depth }) => `${rule} ${depth}`)).toEqual(row.found);
    const [accepts, because] = row.openssl ?? [valid, "the same as here"];
    expect(opensslAccepts(work, input), `openssl: ${because}`).toBe(accepts);
  });

  it("null instead of a list: revocation is no part of the path", () => {
    expect(findPath({ ...inputOf({ crls: [] }), crls: null }).valid).toBe(true);
  });

  it("says when and why, in the words of the standard", () => {
    const compromised = extension(OID.reasonCode, encode.tagged(0x0a, Buffer.from([1])));
    const crl = issueCrl(ca, { revoked: [{ serial: alice.serial, extensions: [compromised] }] });
    const { problems } = findPath(inputOf({ crls: [rootCrl, crl] }));
    expect(problems[0]?.detail).toBe(
      "revoked at 2026-01-01T00:00:00.000Z (keyCompromise), says the CRL of CN=CA",
    );
  });

  it("gives up after a bounded number of CRLs", () => {
    const expired = Array.from({ length: MAX_CRL_STEPS + 1 }, () => issueCrl(ca, { nextUpdate: OLD }));
    const budget = fullBudget();
    const { problems } = searchPath(inputOf({ crls: [...expired, rootCrl] }), budget);
    expect(budget.left.crlSteps).toBe(0);
    expect(problems.map(({ rule }) => rule)).toContain("budget");
  });
});

describe('among CRLs that are as new as each other, "revoked" counts in any order', () => {
  const removed = (serial: string) => ({
    revoked: [{ serial, extensions: [extension(OID.reasonCode, encode.tagged(0x0a, Buffer.from([8])))] }],
  });
  const { serial } = alice;
  const base = listing(alice, { number: 5 });
  const plain = issueCrl(ca, { number: 5 });
  const other = issueCrl(ca, { number: 5, revoked: [{ serial: "7f" }] });
  const unlisted = delta(5, { number: 6, thisUpdate: NEW });

  it.each<[string, readonly Crl[], string]>([
    ["one number, one second", [plain, listing(alice, { number: 5 })], "revoked"],
    ["three of them", [plain, other, listing(alice, { number: 5 })], "revoked"],
    ["one without the fit number", [issueCrl(ca, { number: 5 }), listing(alice, { number: 6 })], "revoked"],
    ["the lower number lists it", [issueCrl(ca, { number: 6 }), listing(alice, { number: 5 })], "good"],
    [
      "the older one lists it",
      [issueCrl(ca, { number: 5, thisUpdate: NEW }), listing(alice, { number: 5, thisUpdate: OLD })],
      "good",
    ],
    [
      "delta CRLs, one lists it",
      [plain, unlisted, delta(5, { number: 6, thisUpdate: NEW, revoked: [{ serial }] })],
      "revoked",
    ],
    [
      "delta CRLs, one takes it off",
      [base, delta(5, { number: 6, thisUpdate: NEW, ...removed(serial) })],
      "good",
    ],
    [
      "delta CRLs, one takes it off and one is silent",
      [base, unlisted, delta(5, { number: 6, thisUpdate: NEW, ...removed(serial) })],
      "revoked",
    ],
    [
      "delta CRLs, one takes it off and one lists it",
      [
        base,
        delta(5, { number: 6, thisUpdate: NEW, revoked: [{ serial }] }),
        delta(5, { number: 6, thisUpdate: NEW, ...removed(serial) }),
      ],
      "revoked",
    ],
    [
      "a delta CRL of a lower number, of the same second",
      [base, delta(5, { number: 7, thisUpdate: NEW, ...removed(serial) }), unlisted],
      "good",
    ],
    [
      "one delta CRL, two entries",
      [plain, delta(5, { number: 6, revoked: [{ serial }, ...removed(serial).revoked] })],
      "revoked",
    ],
  ])("%s", (_case, crls, expected) => {
    for (const order of permutations(crls)) {
      const result = findPath(inputOf({ crls: [rootCrl, ...order] }));
      const problems = result.problems.map(({ rule }) => rule);
      expect(problems).toEqual(expected === "good" ? [] : [expected]);
    }
  });
});

function permutations<T>(all: readonly T[]): T[][] {
  if (all.length < 2) return [[...all]];
  return all.flatMap((one, index) => permutations(all.toSpliced(index, 1)).map((rest) => [one, ...rest]));
}
