/** The cases that the standards leave open, as PRODUCT §3 settles them; each row with its twin. */
import { readFileSync } from "node:fs";
import type { HeldCertificate } from "../../src/decide/index.ts";
import { runSync } from "../lab/command.ts";
import { certsOnlyMail, type Identity, plainMail } from "../lab/openssl.ts";
import { accepted, refused } from "./accepting.ts";
import { ALICE, BOB, type World } from "./authorities.ts";
import { certificateOf, days, delivered } from "./bench.ts";
import type { Case } from "./case.ts";
import {
  detachedWithContent,
  forwarded,
  signed,
  textPart,
  withBrokenSigner,
  withEpilogue,
  wrapped,
} from "./mails.ts";

const SETTLED = "PRODUCT §3";
const DUAL = "RFC 8551 §2.5.3";

export function settledCases(world: World): Case[] {
  return [
    ...dualKeyCases(world),
    ...severalSigners(world),
    ...partialCases(world),
    ...unsignedCases(world),
    ...privateKeyCases(world),
    ...replayCases(world),
    ...directoryCases(world),
    ...authenticationCases(world),
  ];
}

const SIGN = "critical,digitalSignature";
const AGREE = "critical,keyAgreement";

function dualKeyCases(world: World): Case[] {
  const signer = world.issue({ keyUsage: SIGN });
  const encryption = world.issue({ keyUsage: AGREE });
  const others = world.issue({ keyUsage: AGREE, addresses: [BOB] });
  const unknown = world.issue({ keyUsage: AGREE }, world.unknown);
  const expired = world.issue({ keyUsage: SIGN, notBefore: days(-400), notAfter: days(-1) });
  const impostor = world.bob;
  const untrusted = world.stranger;
  const beside = (of: Identity, more: Identity, mail: { form?: "opaque" } = {}) =>
    signed(of, { chain: [world.ca.identity.certFile, more.certFile], ...mail });
  return [
    {
      ...accepted(
        "dual.both",
        DUAL,
        "a signing and an encryption certificate",
        encryption,
        beside(signer, encryption),
      ),
      expect: {
        certificates: [
          { of: signer, verdict: "accepted", codes: [], notes: ["cert.sign-only"] },
          { of: encryption, verdict: "accepted", codes: [] },
        ],
        folder: "Processed",
        replies: ["accepted"],
        active: [encryption],
        signature: true,
      },
    },
    {
      ...refused(
        "rejected",
        "dual.other-address",
        SETTLED,
        "the encryption certificate names another address",
        signer,
        [],
        beside(signer, others),
      ),
      expect: {
        certificates: [
          { of: signer, verdict: "rejected", codes: ["cert.sign-only"] },
          { of: others, verdict: "rejected", codes: ["address.mismatch"] },
        ],
        folder: "Rejected",
        replies: ["rejected"],
        active: [],
      },
    },
    {
      ...accepted(
        "dual.other-address.own",
        SETTLED,
        "the same; the signer's own certificate can encrypt",
        world.alice,
        beside(world.alice, others),
      ),
      expect: {
        certificates: [
          { of: world.alice, verdict: "accepted", codes: [] },
          { of: others, verdict: "rejected", codes: ["address.mismatch"] },
        ],
        folder: "Processed",
        replies: ["accepted"],
        active: [world.alice],
      },
    },
    {
      ...refused(
        "pending",
        "dual.unknown-ca",
        SETTLED,
        "an encryption certificate of an unknown CA",
        unknown,
        [],
        beside(signer, unknown),
      ),
      expect: {
        certificates: [
          { of: signer, verdict: "accepted", codes: [], notes: ["cert.sign-only"] },
          { of: unknown, verdict: "pending", codes: ["path.issuer-missing"] },
        ],
        folder: "Pending",
        replies: ["pending"],
        active: [],
      },
    },
    {
      ...refused(
        "rejected",
        "dual.expired-signer",
        SETTLED,
        "the signing certificate has expired",
        expired,
        [],
        beside(expired, encryption),
      ),
      expect: {
        certificates: [
          { of: expired, verdict: "rejected", codes: ["cert.expired"] },
          { of: encryption, verdict: "rejected", codes: ["cert.expired"] },
        ],
        folder: "Rejected",
        replies: ["rejected"],
        active: [],
      },
    },
    {
      ...refused(
        "rejected",
        "dual.impostor",
        SETTLED,
        "signed by Bob, with Alice's real certificate beside",
        impostor,
        [],
        beside(impostor, world.alice),
      ),
      expect: {
        certificates: [
          { of: impostor, verdict: "rejected", codes: ["address.mismatch"] },
          { of: world.alice, verdict: "rejected", codes: ["address.mismatch"] },
        ],
        folder: "Rejected",
        replies: ["rejected"],
        active: [],
      },
    },
    {
      ...refused(
        "pending",
        "dual.untrusted-signer",
        SETTLED,
        "signed by a self-made key in Alice's name, her real certificate beside",
        untrusted,
        [],
        beside(untrusted, world.alice),
      ),
      expect: {
        certificates: [
          { of: untrusted, verdict: "pending", codes: ["path.self-signed"] },
          { of: world.alice, verdict: "pending", codes: ["path.self-signed"] },
        ],
        folder: "Pending",
        replies: ["pending"],
        active: [],
      },
    },
  ];
}

function severalSigners(world: World): Case[] {
  const { alice, bob } = world;
  const mail = signed([alice, bob], { form: "opaque" });
  const serial = certificateOf(alice).serial;
  const otherSerial = certificateOf(bob).serial;
  const rows = (
    own: "accepted" | "rejected",
    codes: Case["expect"]["certificates"][number]["codes"],
    others: typeof codes,
  ) => [
    { of: alice, verdict: own, codes },
    { of: bob, verdict: "rejected" as const, codes: others },
  ];
  return [
    {
      id: "signers.own-valid",
      section: SETTLED,
      what: "two signers, one of them the sender's own and valid",
      mail,
      expect: {
        certificates: rows("accepted", [], ["address.mismatch"]),
        folder: "Processed",
        replies: ["accepted"],
        active: [alice],
        signature: true,
      },
    },
    {
      id: "signers.own-broken",
      section: SETTLED,
      what: "the sender's own signature is broken, the other's is valid",
      mail: withBrokenSigner(mail, serial),
      expect: {
        certificates: rows("rejected", ["signature.broken"], ["address.mismatch"]),
        folder: "Rejected",
        replies: ["rejected"],
        active: [],
        signature: false,
      },
    },
    {
      id: "signers.other-broken",
      section: SETTLED,
      what: "the other's signature is broken, the sender's own is valid",
      mail: withBrokenSigner(mail, otherSerial),
      expect: {
        certificates: rows("accepted", [], ["signature.broken", "address.mismatch"]),
        folder: "Processed",
        replies: ["accepted"],
        active: [alice],
        signature: true,
      },
      divergence: {
        signature: "OpenSSL wants every signature to be right; PRODUCT §3 judges by the sender's own",
      },
    },
  ];
}

function partialCases({ alice }: World): Case[] {
  const whole = signed(alice);
  const footer = [textPart("-- \r\nSent by a list")];
  const noOpenssl = { openssl: { signature: false } } as const;
  const accept: NonNullable<Case["policy"]> = (policy) => ({
    ...policy,
    certificates: { ...policy.certificates, partialSignature: "accept" },
  });
  return [
    refused(
      "pending",
      "partial.footer",
      SETTLED,
      "a list footer beside the signed part",
      alice,
      ["signature.partial"],
      wrapped(whole, [], footer),
      noOpenssl,
    ),
    refused(
      "pending",
      "partial.disclaimer",
      SETTLED,
      "a disclaimer above it",
      alice,
      ["signature.partial"],
      wrapped(whole, footer, []),
      noOpenssl,
    ),
    refused(
      "pending",
      "partial.opaque",
      SETTLED,
      "the same around an opaque mail",
      alice,
      ["signature.partial"],
      wrapped(signed(alice, { form: "opaque" }), [], footer),
      noOpenssl,
    ),
    refused(
      "pending",
      "partial.alternative",
      SETTLED,
      "unsigned HTML as the other alternative",
      alice,
      ["signature.partial"],
      wrapped(whole, [], ["Content-Type: text/html\r\n\r\n<p>"], "alternative"),
      noOpenssl,
    ),
    refused(
      "pending",
      "partial.epilogue",
      SETTLED,
      "text behind the last boundary",
      alice,
      ["signature.partial"],
      withEpilogue(whole),
    ),
    accepted(
      "partial.switch",
      SETTLED,
      "a list footer where the policy accepts it",
      alice,
      wrapped(whole, [], footer),
      { policy: accept, notes: ["signature.partial"], ...noOpenssl },
    ),
    nothing("partial.forwarded", "a signed mail inside message/rfc822", forwarded(whole), "nothing-offered"),
    refused(
      "rejected",
      "partial.own-content",
      "RFC 8551 §3.5.3",
      "a detached signature that carries a content of its own",
      alice,
      ["signature.detached-content", "signature.digest-mismatch"],
      detachedWithContent(alice),
      {
        signature: false,
      },
    ),
  ];
}

/** A mail in which nothing is offered. */
function nothing(id: string, what: string, mail: Buffer, reason: string): Case {
  return {
    ...{ id, section: SETTLED, what, mail },
    expect: { certificates: [], folder: "Unhandled", replies: [], active: [], reason },
  };
}

function unsignedCases(world: World): Case[] {
  const { alice, bob } = world;
  const mail = (of: Identity, name: string, type: string, bytes: Buffer = of.der) =>
    plainMail({
      from: ALICE,
      to: "robot@company.example",
      extraHeaders: delivered(),
      attachment: { name, type, bytes },
    });
  const p7b = (of: Identity) =>
    runSync("openssl", [
      "crl2pkcs7",
      "-nocrl",
      "-certfile",
      of.certFile,
      "-certfile",
      world.ca.identity.certFile,
      "-outform",
      "DER",
    ]).stdout;
  const certsOnly = (of: Identity, add: readonly Identity[] = [world.ca.identity]) =>
    certsOnlyMail({
      from: ALICE,
      to: "robot@company.example",
      extraHeaders: delivered(),
      certificates: [of, ...add],
    });
  const fits = (
    id: string,
    what: string,
    raw: Buffer,
    codes: Parameters<typeof refused>[5] = ["signature.none"],
  ): Case => ({
    ...refused("pending", `unsigned.${id}`, SETTLED, what, alice, codes, raw),
    expect: {
      certificates: [{ of: alice, verdict: "pending", codes }],
      folder: "Pending",
      replies: ["pending"],
      active: [],
    },
  });
  const not = (id: string, what: string, raw: Buffer, codes: Parameters<typeof refused>[5]): Case => ({
    ...refused("rejected", `unsigned.${id}`, SETTLED, what, bob, codes, raw),
    expect: {
      certificates: [{ of: bob, verdict: "rejected", codes }],
      folder: "Rejected",
      replies: ["rejected"],
      active: [],
    },
  });
  const noPath = ["signature.none", "path.issuer-missing"] as const;
  const wrong = ["address.mismatch", ...noPath] as const;
  return [
    fits("cer", "a .cer in DER", mail(alice, "me.cer", "application/pkix-cert"), noPath),
    fits(
      "pem",
      "a .pem by name only",
      mail(alice, "me.pem", "application/octet-stream", Buffer.from(alice.pem)),
      noPath,
    ),
    fits(
      "p7b",
      "a .p7b with the issuing CA",
      mail(alice, "me.p7b", "application/x-pkcs7-certificates", p7b(alice)),
    ),
    fits("certs-only", "certs-only (RFC 8551 §3.8)", certsOnly(alice)),
    not("cer.other", "a .cer of another address", mail(bob, "me.cer", "application/pkix-cert"), wrong),
    not("certs-only.other", "certs-only of another address", certsOnly(bob), [
      "address.mismatch",
      "signature.none",
    ]),
  ];
}

function privateKeyCases(world: World): Case[] {
  const alice = world.issue({});
  const attach = (bytes: Buffer, name = "key.pem") =>
    signed(alice, { attachment: { name, type: "application/octet-stream", bytes } });
  const own = attach(readFileSync(alice.keyFile));
  const of = refused(
    "rejected",
    "private-key.own",
    SETTLED,
    "the private key came along",
    alice,
    ["cert.private-key"],
    own,
  );
  const bob = world.issue({ addresses: [BOB] });
  const withBob = signed(alice, {
    chain: [...alice.chain, bob.certFile],
    attachment: { name: "key.pem", type: "application/octet-stream", bytes: readFileSync(alice.keyFile) },
  });
  return [
    { ...of, expect: { ...of.expect, barred: [alice] } },
    {
      ...of,
      id: "private-key.beside",
      what: "the signer's private key came along, with somebody else's certificate, whose key is not barred for it",
      mail: withBob,
      expect: {
        ...of.expect,
        certificates: [
          { of: alice, verdict: "rejected", codes: ["cert.private-key"] },
          { of: bob, verdict: "rejected", codes: ["address.mismatch", "mail.private-key"] },
        ],
        barred: [alice],
      },
    },
    accepted(
      "private-key.other",
      SETTLED,
      "a private key that belongs to nothing offered",
      alice,
      attach(readFileSync(world.bob.keyFile)),
    ),
  ];
}

function replayCases({ alice }: World): Case[] {
  const arrived = (count: number) => signed(alice, { extraHeaders: delivered({ arrival: days(count) }) });
  const accept: NonNullable<Case["policy"]> = (policy) => ({
    ...policy,
    certificates: { ...policy.certificates, replay: "accept" },
  });
  const dated = (count: number) => signed(alice, { extraHeaders: [], date: days(count) });
  return [
    accepted("replay.within", SETTLED, "signed 13 days before it arrived", alice, arrived(13)),
    refused(
      "pending",
      "replay.late",
      SETTLED,
      "signed 15 days before it arrived",
      alice,
      ["signature.replay"],
      arrived(15),
    ),
    refused(
      "pending",
      "replay.early",
      SETTLED,
      "signed 15 days after it arrived",
      alice,
      ["signature.replay"],
      arrived(-15),
    ),
    accepted("replay.switch", SETTLED, "the same where the policy accepts it", alice, arrived(15), {
      policy: accept,
      notes: ["signature.replay"],
    }),
    accepted(
      "replay.no-time",
      SETTLED,
      "no signing time at all",
      alice,
      signed(alice, { flags: ["-noattr"], extraHeaders: delivered({ arrival: days(90) }) }),
      { notes: ["signature.no-time"] },
    ),
    refused(
      "pending",
      "replay.date",
      SETTLED,
      "no border: the Date is held against it",
      alice,
      ["signature.replay"],
      dated(-15),
    ),
  ];
}

function directoryCases(world: World): Case[] {
  const first = world.issue({});
  const renewed = world.issue({ keyFile: first.keyFile });
  const other = world.issue({});
  const held = (of: Identity, change: Partial<HeldCertificate>): HeldCertificate => ({
    sha256: of.sha256,
    keyIdentity: certificateOf(of).keyIdentity,
    issuer: certificateOf(of).issuer.text,
    notBefore: certificateOf(of).notBefore,
    notAfter: certificateOf(of).notAfter,
    status: "active",
    since: days(-1),
    approved: false,
    decidedByPerson: false,
    ...change,
  });
  const approved = { held: [held(first, { approved: true, decidedByPerson: true })] };
  const byRobot = { held: [held(first, {})] };
  const pin =
    (value: "first" | "off"): NonNullable<Case["policy"]> =>
    (policy) => ({
      ...policy,
      certificates: { ...policy.certificates, pin: value },
    });
  const barred = { barred: new Set([certificateOf(first).spkiSha256]) };
  const known = accepted("known.active", SETTLED, "a certificate that is active already", first);
  const domainFull = { pendingOfDomain: 20 };
  const authenticated = { extraHeaders: delivered({ dmarc: "pass" }) } as const;
  const later: Case = {
    ...refused(
      "pending",
      "cap.authenticated.over",
      SETTLED,
      "one more, of an authenticated sender, waits until there is room",
      first,
      ["path.issuer-missing", "cert.pending-later"],
      signed(first, { chain: [], ...authenticated }),
    ),
    view: domainFull,
  };
  const doubtful = signed(first, { chain: [] });
  return [
    {
      ...accepted(
        "pin.same-key",
        SETTLED,
        "another certificate of the approved key",
        renewed,
        signed(renewed),
        {
          notes: ["history.same-key"],
        },
      ),
      view: approved,
    },
    {
      ...refused("pending", "pin.other-key", SETTLED, "another key than the approved one", other, [
        "cert.pinned",
      ]),
      view: approved,
    },
    {
      ...refused("pending", "pin.other-key.again", SETTLED, "the same mail again, pending already", other, [
        "cert.pinned",
      ]),
      view: { held: [...approved.held, held(other, { status: "pending" })] },
    },
    {
      ...accepted("pin.not-approved", SETTLED, "another key, the first was accepted by the robot", other),
      view: byRobot,
    },
    {
      ...accepted("history.second-key", SETTLED, "a second device", other, signed(other), {
        notes: ["history.second-key"],
      }),
      view: byRobot,
    },
    {
      ...accepted("history.renewal", SETTLED, "a renewal by the same CA", other, signed(other), {
        notes: ["history.renewal"],
      }),
      view: { held: [held(first, { notAfter: days(20) })] },
    },
    {
      ...accepted(
        "history.new-ca",
        SETTLED,
        "a CA that has not vouched for the address before",
        other,
        signed(other),
        {
          notes: ["history.new-ca"],
        },
      ),
      view: { held: [held(first, { issuer: "CN=Another CA" })] },
    },
    {
      ...refused(
        "pending",
        "history.before-revocation",
        SETTLED,
        "signed before a newer certificate was revoked",
        other,
        ["history.before-revocation"],
      ),
      view: { held: [held(first, { status: "revoked", notBefore: days(20), since: days(1) })] },
    },
    {
      ...accepted("history.after-revocation", SETTLED, "signed after a newer certificate was revoked", other),
      view: { held: [held(first, { status: "revoked", notBefore: days(20), since: days(-1) })] },
    },
    {
      ...refused(
        "pending",
        "pin.first",
        SETTLED,
        "the same under pin = first",
        other,
        ["cert.pinned"],
        signed(other),
        { policy: pin("first") },
      ),
      view: byRobot,
    },
    {
      ...accepted(
        "pin.off",
        SETTLED,
        "another key than the approved one under pin = off",
        other,
        signed(other),
        { policy: pin("off") },
      ),
      view: approved,
    },
    {
      ...refused("rejected", "barred.same", SETTLED, "the public key was revoked locally", first, [
        "cert.barred",
      ]),
      view: barred,
    },
    {
      ...refused("rejected", "barred.renewed", SETTLED, "the same key in a fresh certificate", renewed, [
        "cert.barred",
      ]),
      view: barred,
    },
    { ...accepted("barred.other", SETTLED, "another key", other), view: barred },
    { ...known, view: byRobot, expect: { ...known.expect, reason: "submission.known" } },
    {
      ...known,
      id: "known.told",
      what: "the same, and told an hour ago",
      view: { ...byRobot, told: [{ template: "accepted", at: new Date(Date.now() - 3_600_000) }] },
      expect: { ...known.expect, replies: [], reason: "no-reply.told-before" },
    },
    {
      ...known,
      id: "known.doubtful",
      what: "a doubt about the mail does not make an active certificate doubtful",
      mail: doubtful,
      view: byRobot,
      expect: {
        ...known.expect,
        certificates: [{ of: first, verdict: "accepted", codes: ["path.issuer-missing"] }],
        reason: "submission.known",
      },
    },
    {
      ...refused(
        "pending",
        "cap.below",
        SETTLED,
        "the twentieth pending certificate of the domain",
        first,
        ["path.issuer-missing"],
        doubtful,
      ),
      view: { pendingOfDomain: 19 },
    },
    {
      ...refused(
        "rejected",
        "cap.over",
        SETTLED,
        "one more than a day's pending certificates of the domain",
        first,
        ["path.issuer-missing", "cert.pending-cap"],
        doubtful,
      ),
      view: domainFull,
    },
    { ...later, expect: { ...later.expect, folder: null, reason: "submission.over-cap" } },
    {
      ...refused(
        "pending",
        "cap.authenticated.below",
        SETTLED,
        "the twentieth, of an authenticated sender",
        first,
        ["path.issuer-missing"],
        signed(first, { chain: [], ...authenticated }),
      ),
      view: { pendingOfDomain: 19 },
    },
    { ...accepted("cap.accepted", SETTLED, "what is accepted is not capped", first), view: domainFull },
    {
      ...refused(
        "pending",
        "cap.pending-already",
        SETTLED,
        "what is pending already is not counted again",
        first,
        ["path.issuer-missing"],
        doubtful,
      ),
      view: { ...domainFull, held: [held(first, { status: "pending" })] },
    },
    {
      ...refused(
        "rejected",
        "turned-away",
        SETTLED,
        "what a person turned away is not put before him again",
        first,
        ["path.issuer-missing"],
        doubtful,
      ),
      view: { held: [held(first, { status: "rejected", decidedByPerson: true })] },
    },
  ];
}

function authenticationCases({ alice }: World): Case[] {
  const failed = { extraHeaders: delivered({ dmarc: "fail" }) } as const;
  const good = accepted(
    "authentication.fail",
    SETTLED,
    "DMARC fails, the certificate is beyond doubt",
    alice,
    signed(alice, failed),
  );
  const list = accepted(
    "automatic.list",
    SETTLED,
    "list mail with a right signature",
    alice,
    signed(alice, { extraHeaders: [...delivered(), ["List-Id", "<l.partner.example>"]] }),
  );
  return [
    good,
    refused(
      "rejected",
      "authentication.fail.doubtful",
      SETTLED,
      "DMARC fails, and the certificate would be pending",
      alice,
      ["path.issuer-missing", "mail.authentication"],
      signed(alice, { ...failed, chain: [] }),
      {
        reply: false,
      },
    ),
    refused(
      "pending",
      "authentication.pass.doubtful",
      SETTLED,
      "the same, DMARC passes",
      alice,
      ["path.issuer-missing"],
      signed(alice, { extraHeaders: delivered({ dmarc: "pass" }), chain: [] }),
    ),
    { ...list, expect: { ...list.expect, replies: [] } },
  ];
}
