import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { encode } from "../../src/pki/der-write.ts";
import {
  checkOcsp,
  type DelegateStatus,
  delegateOf,
  isProblem,
  OID,
  parseOcspResponse,
  toPem,
} from "../../src/pki/index.ts";
import { fullBudget } from "../../src/pki/path-budget.ts";
import {
  hours,
  issueResponder,
  noCheck,
  nonce,
  ocspPlace,
  ocspSigning,
  type ResponseSpec,
  refusal,
  respond,
  type Said,
} from "./ocsp-authority.ts";
import { Scratch } from "./openssl-scratch.ts";
import {
  basicConstraints,
  edKey,
  extension,
  type Issued,
  issue,
  issueCa,
  keyUsage,
  NOW,
} from "./path-authority.ts";

const root = issueCa({ subject: "Root" });
const ca = issueCa({ subject: "CA", issuer: root });
const otherCa = issueCa({ subject: "Other CA", issuer: root });
/** The CA's name and serial numbers under another key. */
const namesake = issueCa({ subject: "CA", issuer: root });
const alice = issue({ subject: "Alice", issuer: ca }).certificate;
const bob = issue({ subject: "Bob", issuer: ca }).certificate;
const responder = issueResponder({ issuer: ca });
const about = { certificate: alice, issuer: ca.certificate };
const SENT = Buffer.alloc(32, 7);
const REVOKED = { status: { revoked: hours(-3) } } as const;
const HOLD = { status: { revoked: hours(-3), reason: 6 } } as const;
const UNKNOWN = extension("1.2.3.4.5", encode.null(), true);

interface Row {
  readonly rule: string;
  readonly given: () => Buffer;
  /** `good`, `unknown`, `revoked <time> <reason>` or the fault. */
  readonly found: string;
  readonly nonce?: Buffer;
  /** What the evidence at hand says of the responder's own certificate; default: nothing. */
  readonly delegate?: DelegateStatus;
  /** What OpenSSL makes of it, where it differs, and why. Times and nonces are not asked of it. */
  readonly openssl?: readonly [says: string, because: string];
}

/** A responder of the CA's whose certificate names where to ask about it. */
function named(place: Buffer, ...more: readonly Buffer[]): Issued {
  const extensions = [basicConstraints(false), keyUsage("digitalSignature"), ocspSigning(), place, ...more];
  return issueResponder({ issuer: ca, subject: "Named", extensions });
}

/** cRLDistributionPoints with one URL (RFC 5280 §4.2.1.13). */
function crlPoint(): Buffer {
  const fullName = encode.tagged(0xa0, encode.tagged(0x86, Buffer.from("http://crl.example/")));
  const point = encode.sequence(encode.tagged(0xa0, fullName));
  return extension(OID.crlDistributionPoints, encode.sequence(point));
}

/** A responder of the CA's whose certificate differs in this one thing. */
function delegated(spec: Partial<Parameters<typeof issueResponder>[0]>): Buffer {
  return respond(issueResponder({ issuer: ca, ...spec }), { answers: [about] });
}

type Spec = (revoked: Said) => ResponseSpec;

/** A proven "revoked", and what else is wrong with the response. OpenSSL takes the first of several answers. */
const FINAL: readonly (readonly [what: string, spec: Spec, openssl?: Row["openssl"]])[] = [
  [
    "without nextUpdate, ten days old",
    (said) => ({ answers: [{ ...said, thisUpdate: hours(-240), nextUpdate: null }] }),
  ],
  ["with a critical extension of the response", (said) => ({ answers: [said], extensions: [UNKNOWN] })],
  ["with a critical extension of the answer", (said) => ({ answers: [{ ...said, extensions: [UNKNOWN] }] })],
  ["before a newer 'good'", (said) => ({ answers: [said, { ...about, thisUpdate: hours(-0.5) }] })],
  [
    "behind a newer 'good'",
    (said) => ({ answers: [{ ...about, thisUpdate: hours(-0.5) }, said] }),
    ["good", "takes the first"],
  ],
  [
    "beside a newer 'unknown'",
    (said) => ({ answers: [said, { ...about, status: "unknown", thisUpdate: hours(-0.5) }] }),
  ],
];

const HELD = "revoked 2026-06-01T09:00:00.000Z 6";

const TRANSIENT: readonly (readonly [
  what: string,
  spec: Spec,
  found: string,
  openssl: NonNullable<Row["openssl"]>,
])[] = [
  ["timely, it counts", (said) => ({ answers: [said] }), HELD, ["revoked", "the same"]],
  [
    "past nextUpdate it does not",
    (said) => ({ answers: [{ ...said, thisUpdate: hours(-90), nextUpdate: hours(-70) }] }),
    "stale",
    ["revoked", "judges times apart"],
  ],
  [
    "a newer 'good' lifts it",
    (said) => ({ answers: [said, { ...about, thisUpdate: hours(-0.5) }] }),
    "good",
    ["revoked", "takes the first"],
  ],
  [
    "a 'good' of the same time does not",
    (said) => ({ answers: [about, said] }),
    HELD,
    ["good", "takes the first"],
  ],
  [
    "a newer 'unknown' does not",
    (said) => ({ answers: [{ ...about, status: "unknown", thisUpdate: hours(-0.5) }, said] }),
    HELD,
    ["unknown", "takes the first"],
  ],
  [
    "a newer 'good' that has run out does not",
    (said) => ({ answers: [said, { ...about, thisUpdate: hours(-0.5), nextUpdate: hours(-0.2) }] }),
    HELD,
    ["revoked", "the same"],
  ],
  [
    "a newer 'good' that does not count for its critical extension does not",
    (said) => ({ answers: [said, { ...about, thisUpdate: hours(-0.5), extensions: [UNKNOWN] }] }),
    HELD,
    ["revoked", "the same"],
  ],
  [
    "of a later time it does not",
    (said) => ({ answers: [{ ...said, thisUpdate: hours(0.2), nextUpdate: hours(1) }] }),
    "later",
    ["revoked", "judges times apart"],
  ],
];

const ROWS: readonly Row[] = [
  {
    rule: "§4.2.2.2 (2): signed by the issuer",
    found: "good",
    given: () => respond(ca, { answers: [about] }),
  },
  {
    rule: "§4.2.1: the responder named by its key",
    found: "good",
    given: () => respond(ca, { answers: [about], by: "key" }),
  },
  {
    rule: "§4.2.2.2 (3): signed by a responder of the issuer's",
    found: "good",
    given: () => respond(responder, { answers: [about] }),
  },
  {
    rule: "§4.2.2.2 (3): that responder named by its key",
    found: "good",
    given: () => respond(responder, { answers: [about], by: "key" }),
  },
  {
    rule: "§4.1.1: the certificate named by SHA-256",
    found: "good",
    given: () => respond(ca, { answers: [{ ...about, digest: "sha256" }] }),
    openssl: ["nothing", "asks with SHA-1 here, and takes no other name for the certificate"],
  },
  {
    rule: "§2.2: revoked, without a reason",
    found: "revoked 2026-06-01T09:00:00.000Z null",
    given: () => respond(responder, { answers: [{ ...about, status: { revoked: hours(-3) } }] }),
  },
  {
    rule: "§2.2: revoked with a reason",
    found: "revoked 2026-06-01T09:00:00.000Z 1",
    given: () => respond(ca, { answers: [{ ...about, status: { revoked: hours(-3), reason: 1 } }] }),
  },
  {
    rule: "§2.2: the responder does not know the certificate",
    found: "unknown",
    given: () => respond(ca, { answers: [{ ...about, status: "unknown" }] }),
  },
  {
    rule: "§3.2 (1): about another certificate",
    found: "other-certificate",
    given: () => respond(ca, { answers: [{ ...about, certificate: bob }] }),
  },
  {
    rule: "§3.2 (1): the right one beside others",
    found: "good",
    given: () =>
      respond(ca, { answers: [{ ...about, certificate: bob, status: { revoked: hours(-3) } }, about] }),
  },
  {
    rule: "§3.2 (1): two answers of the same time about it: revoked is revoked",
    found: "revoked 2026-06-01T09:00:00.000Z null",
    given: () => respond(ca, { answers: [about, { ...about, status: { revoked: hours(-3) } }] }),
    openssl: ["good", "takes the first"],
  },
  {
    rule: "§3.2 (1): the same serial number under another key of the same name",
    found: "other-certificate",
    given: () => respond(ca, { answers: [{ certificate: alice, issuer: namesake.certificate }] }),
  },
  {
    rule: "§3.2 (2): the signature is wrong",
    found: "signature",
    given: () => respond(ca, { answers: [about], spoilSignature: true }),
  },
  {
    rule: "§3.2 (2): the responder's certificate did not come along",
    found: "signature",
    given: () => respond(responder, { answers: [about], certificates: [] }),
  },
  {
    rule: "§3.2 (2): the response names another responder than the one that signed",
    found: "signature",
    given: () => respond(responder, { answers: [about], responderName: ca.subject }),
  },
  {
    rule: "§4.2.2.2: signed by another CA under the same root",
    found: "responder",
    given: () => respond(otherCa, { answers: [about], certificates: [otherCa.certificate] }),
  },
  {
    rule: "§4.2.2.2: signed by an end entity of the CA that is no responder",
    found: "responder",
    given: () =>
      delegated({ extensions: [basicConstraints(false), keyUsage("digitalSignature"), noCheck()] }),
  },
  {
    rule: "§4.2.2.2: anyExtendedKeyUsage makes no responder",
    found: "responder",
    given: () => {
      const any = extension(OID.extendedKeyUsage, encode.sequence(encode.oid(OID.anyExtendedKeyUsage)));
      return delegated({ extensions: [basicConstraints(false), any, noCheck()] });
    },
  },
  {
    rule: "§4.2.2.2 (3): a responder of the root's, not issued directly by the CA",
    found: "responder",
    given: () => respond(issueResponder({ issuer: root }), { answers: [about] }),
  },
  {
    rule: "§4.2.2.2 (3): a responder whose certificate another CA of the same name signed",
    found: "responder",
    given: () => respond(issueResponder({ issuer: namesake }), { answers: [about] }),
  },
  {
    rule: "§4.2.2.2 (3): a responder whose certificate has run out",
    found: "responder",
    given: () => delegated({ notAfter: hours(-1) }),
  },
  {
    rule: "§4.2.2.2 (3): a responder whose certificate is not valid yet",
    found: "responder",
    given: () => delegated({ notBefore: hours(1) }),
  },
  {
    rule: "RFC 5280 §4.2.1.12: a responder whose keyUsage is not for signing",
    found: "responder",
    given: () =>
      delegated({
        extensions: [basicConstraints(false), keyUsage("keyEncipherment"), ocspSigning(), noCheck()],
      }),
    openssl: ["good", "looks at the extended key usage only"],
  },
  {
    rule: "RFC 5280 §4.2: a responder with a critical extension that is not understood",
    found: "responder",
    given: () => delegated({ extensions: [basicConstraints(false), ocspSigning(), noCheck(), UNKNOWN] }),
  },
  {
    rule: "§4.2.2.2.1: a responder without nocheck that names nobody to ask about it: the client's policy, believed",
    found: "good",
    given: () => delegated({ nocheck: false }),
  },
  {
    rule: "§4.2.2.2.1: the same, of which a CRL at hand says that it is revoked",
    found: "responder",
    given: () => delegated({ nocheck: false }),
    delegate: "revoked",
    openssl: ["good", "never asks whether a responder is revoked"],
  },
  ...[crlPoint(), ocspPlace("http://ocsp.example/")].flatMap((place): Row[] => [
    {
      rule: "§4.2.2.2.1: a responder without nocheck that names a place, and nothing is known of it",
      found: "delegate",
      given: () => respond(named(place), { answers: [about] }),
      openssl: ["good", "never asks whether a responder is revoked"],
    },
    {
      rule: "§4.2.2.2.1: the same, and it is not revoked",
      found: "good",
      given: () => respond(named(place), { answers: [about] }),
      delegate: "good",
    },
    {
      rule: "§4.2.2.2.1: the same, and it is revoked",
      found: "responder",
      given: () => respond(named(place), { answers: [about] }),
      delegate: "revoked",
      openssl: ["good", "never asks whether a responder is revoked"],
    },
    {
      rule: "§4.2.2.2.1: its 'revoked' counts whatever is not known of it",
      found: "revoked 2026-06-01T09:00:00.000Z null",
      given: () => respond(named(place), { answers: [{ ...about, ...REVOKED }] }),
    },
    {
      rule: "§4.2.2.2.1: so does its 'unknown', which clears nobody",
      found: "unknown",
      given: () => respond(named(place), { answers: [{ ...about, status: "unknown" }] }),
    },
    {
      rule: "§4.2.2.2.1: with nocheck the place is not asked",
      found: "good",
      given: () => respond(named(place, noCheck()), { answers: [about] }),
    },
  ]),
  {
    rule: "§3.2 (6): nextUpdate has passed by more than the clocks may differ",
    found: "stale",
    given: () => respond(ca, { answers: [{ ...about, nextUpdate: hours(-0.1) }] }),
  },
  {
    rule: "§3.2 (6): nextUpdate has passed, but within five minutes",
    found: "good",
    given: () => respond(ca, { answers: [{ ...about, nextUpdate: hours(-0.05) }] }),
  },
  {
    rule: "§2.4: nextUpdate lies before thisUpdate, both within the five minutes",
    found: "times",
    given: () => respond(ca, { answers: [{ ...about, thisUpdate: hours(0.05), nextUpdate: hours(0.02) }] }),
    openssl: ["good", "judges times apart"],
  },
  {
    rule: "§2.4: nextUpdate is thisUpdate",
    found: "good",
    given: () => respond(ca, { answers: [{ ...about, thisUpdate: hours(0), nextUpdate: hours(0) }] }),
  },
  {
    rule: "§2.2: of two answers the newer one does not know the certificate",
    found: "unknown",
    given: () => respond(ca, { answers: [about, { ...about, status: "unknown", thisUpdate: hours(-0.5) }] }),
    openssl: ["good", "takes the first"],
  },
  {
    rule: "§2.2: of two answers the newer one is good",
    found: "good",
    given: () =>
      respond(ca, {
        answers: [
          { ...about, thisUpdate: hours(-0.5) },
          { ...about, status: "unknown" },
        ],
      }),
  },
  {
    rule: "§4.2.2.1: thisUpdate lies in the future by more than five minutes",
    found: "later",
    given: () => respond(ca, { answers: [{ ...about, thisUpdate: hours(0.1), nextUpdate: hours(2) }] }),
  },
  {
    rule: "§4.2.2.1: thisUpdate lies in the future, but within five minutes",
    found: "good",
    given: () => respond(ca, { answers: [{ ...about, thisUpdate: hours(0.05), nextUpdate: hours(2) }] }),
  },
  {
    rule: "§4.2.2.1: without nextUpdate, an hour old",
    found: "good",
    given: () => respond(ca, { answers: [{ ...about, nextUpdate: null }] }),
  },
  {
    rule: "§4.2.2.1: without nextUpdate, two days old",
    found: "stale",
    given: () => respond(ca, { answers: [{ ...about, thisUpdate: hours(-48), nextUpdate: null }] }),
  },
  {
    rule: "§3.2: of two answers about the certificate, the newer one",
    found: "revoked 2026-06-01T09:00:00.000Z null",
    given: () =>
      respond(ca, {
        answers: [
          { ...about, thisUpdate: hours(-2) },
          { ...about, thisUpdate: hours(-1), status: { revoked: hours(-3) } },
        ],
      }),
    openssl: ["good", "takes the first"],
  },
  ...FINAL.map(
    ([what, spec, openssl = ["revoked", "the same"]]): Row => ({
      rule: `RFC 5280 §5.3.1: "revoked" is final: ${what}`,
      found: "revoked 2026-06-01T09:00:00.000Z 1",
      given: () => respond(ca, spec({ ...about, status: { revoked: hours(-3), reason: 1 } })),
      openssl,
    }),
  ),
  ...TRANSIENT.map(
    ([what, spec, found, openssl]): Row => ({
      rule: `RFC 5280 §5.3.1: certificateHold is a state: ${what}`,
      found,
      given: () => respond(ca, spec({ ...about, ...HOLD })),
      openssl,
    }),
  ),
  {
    rule: "RFC 8954 §2.1: the nonce comes back",
    found: "good",
    nonce: SENT,
    given: () => respond(ca, { answers: [about], extensions: [nonce(SENT)] }),
  },
  {
    rule: "RFC 8954 §2.1: another nonce comes back",
    found: "nonce",
    nonce: SENT,
    given: () => respond(ca, { answers: [about], extensions: [nonce(Buffer.alloc(32, 8))] }),
  },
  {
    rule: "RFC 5019 §4: no nonce comes back",
    found: "good",
    nonce: SENT,
    given: () => respond(ca, { answers: [about] }),
  },
  {
    rule: "RFC 8954 §2.1: a nonce that nobody sent",
    found: "good",
    given: () => respond(ca, { answers: [about], extensions: [nonce(SENT)] }),
  },
  {
    rule: "§4.4: a critical extension of the response that is not understood",
    found: "critical-extension",
    given: () => respond(ca, { answers: [about], extensions: [UNKNOWN] }),
    openssl: ["good", "does not look at extensions"],
  },
  {
    rule: "§4.4: a critical extension of the answer that is not understood",
    found: "critical-extension",
    given: () => respond(ca, { answers: [{ ...about, extensions: [UNKNOWN] }] }),
    openssl: ["good", "does not look at extensions"],
  },
];

/** What OpenSSL says where it agrees; what times and nonces are worth is not asked of it. */
const SAME: Readonly<Record<string, string>> = {
  good: "good",
  revoked: "revoked",
  unknown: "unknown",
  stale: "good",
  later: "good",
  nonce: "good",
};

describe("checkOcsp: the rules of RFC 6960", () => {
  const scratch = new Scratch();
  scratch.write("root.pem", toPem(root.certificate.der, "CERTIFICATE"));
  scratch.write("ca.pem", toPem(ca.certificate.der, "CERTIFICATE"));
  scratch.write("alice.pem", toPem(alice.der, "CERTIFICATE"));

  it.each(ROWS.map((row) => [row.rule, row] as const))("%s", (_, row) => {
    const der = row.given();
    const result = judge(der, row.nonce ?? null, row.delegate);
    expect(result).toBe(row.found);
    const [says, because] = row.openssl ?? [SAME[row.found.split(" ")[0] ?? ""] ?? "nothing", "the same"];
    expect(opensslSays(scratch, der), `openssl: ${because}`).toBe(says);
  });

  it("spends no more signature checks than the budget has", () => {
    const budget = { ...fullBudget(), left: { ...fullBudget().left, signatureChecks: 1 } };
    const response = parseOcspResponse(respond(responder, { answers: [about] }));
    if (isProblem(response)) throw new Error(response.detail);
    const issuer = { certificate: ca.certificate, key: ca.certificate.publicKey };
    const result = checkOcsp({
      certificate: alice,
      issuer,
      response,
      nonce: null,
      at: NOW,
      statusOfDelegate: () => "unknown",
      budget,
    });
    expect(result.status).not.toBe("good");
    expect(budget.exhausted).toBe("signatureChecks");
  });

  const DELEGATES: readonly (readonly [what: string, given: () => Buffer, asked: boolean])[] = [
    ["it names a CRL", () => respond(named(crlPoint()), { answers: [about] }), true],
    [
      "it names a responder",
      () => respond(named(ocspPlace("http://ocsp.example/")), { answers: [about] }),
      true,
    ],
    ["it has nocheck", () => respond(named(crlPoint(), noCheck()), { answers: [about] }), false],
    ["it names nobody", () => delegated({ nocheck: false }), false],
    ["it says revoked", () => respond(named(crlPoint()), { answers: [{ ...about, ...REVOKED }] }), false],
    [
      "its good has run out",
      () => respond(named(crlPoint()), { answers: [{ ...about, nextUpdate: hours(-0.2) }] }),
      false,
    ],
    [
      "it speaks of another certificate",
      () => respond(named(crlPoint()), { answers: [{ ...about, certificate: bob }] }),
      false,
    ],
    [
      "its signature is wrong",
      () => respond(named(crlPoint()), { answers: [about], spoilSignature: true }),
      false,
    ],
    ["the issuer has signed", () => respond(ca, { answers: [about] }), false],
    ["a refusal", () => refusal(3), false],
  ];
  it.each(DELEGATES)("delegateOf: whether a responder has to be asked about: %s", (_, given, asked) => {
    const response = parseOcspResponse(given());
    if (isProblem(response)) throw new Error(response.detail);
    const delegate = delegateOf(response, alice, ca.certificate, NOW);
    const own = response.status === "successful" ? (response.certificates[0] ?? null) : null;
    expect(delegate).toBe(asked ? own : null);
  });

  it("a response that is signed by a key of an unknown kind says so", () => {
    const odd = { ...ca, key: { ...edKey(), algorithm: encode.sequence(encode.oid("1.2.3.4")) } };
    expect(judge(respond(odd, { answers: [about] }), null)).toBe("algorithm");
  });
});

function judge(der: Buffer, sent: Buffer | null, delegate: DelegateStatus = "unknown"): string {
  const response = parseOcspResponse(der);
  if (isProblem(response)) return response.detail;
  const result = checkOcsp({
    certificate: alice,
    issuer: { certificate: ca.certificate, key: ca.certificate.publicKey },
    response,
    nonce: sent,
    at: NOW,
    statusOfDelegate: () => delegate,
  });
  if (result.status === "unusable") return result.fault;
  if (result.status !== "revoked") return result.status;
  return `revoked ${result.revocationTime.toISOString()} ${result.reason}`;
}

/** `openssl ocsp` over the same response: the status that it believes, or `nothing`. */
function opensslSays(scratch: Scratch, der: Buffer): string {
  scratch.write("response.der", der);
  const options = ["-issuer", "ca.pem", "-cert", "alice.pem", "-CAfile", "root.pem", "-no_nonce"];
  const { status, stdout, stderr } = spawnSync(
    "openssl",
    [
      "ocsp",
      "-respin",
      "response.der",
      "-verify_other",
      "ca.pem",
      ...options,
      "-attime",
      String(NOW.getTime() / 1000),
    ],
    { cwd: scratch.folder, encoding: "utf8" },
  );
  if (status !== 0 || !stderr.includes("Response verify OK")) return "nothing";
  // "Status times invalid" may come between: it measures by the clock of this machine, not by the time of the test.
  return /^(?:alice\.pem: )?(good|revoked|unknown)$/m.exec(stdout)?.[1] ?? "nothing";
}
