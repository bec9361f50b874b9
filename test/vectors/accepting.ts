/** The seven rules under which a certificate is accepted (PRODUCT §3), each with twins that break it. */
import type { FindingCode } from "../../src/inspect/index.ts";
import { Authority, alter, type CertificateOptions, type Identity } from "../lab/openssl.ts";
import { ALICE, BOB, type World } from "./authorities.ts";
import { anchorOf, days } from "./bench.ts";
import type { Case } from "./case.ts";
import { opaqueCms, signed, withField, withOpaqueCms } from "./mails.ts";

type Rest = Partial<Pick<Case, "policy" | "trust" | "divergence" | "openssl">> & {
  readonly notes?: readonly FindingCode[];
  readonly signature?: boolean;
  readonly reply?: boolean;
};

/** A mail whose one certificate is accepted. */
export function accepted(
  id: string,
  section: string,
  what: string,
  of: Identity,
  mail = signed(of),
  rest: Rest = {},
): Case {
  const { notes = [], signature = true, reply: _, ...more } = rest;
  return {
    ...{ id, section, what, mail, ...more },
    expect: {
      certificates: [{ of, verdict: "accepted", codes: [], notes }],
      folder: "Processed",
      replies: ["accepted"],
      active: [of],
      signature,
      reason: "submission.accepted",
    },
  };
}

/** A mail whose one certificate is not accepted, by these findings. */
export function refused(
  verdict: "pending" | "rejected",
  ...[id, section, what, of, codes, mail = signed(of), rest = {}]: [
    id: string,
    section: string,
    what: string,
    of: Identity,
    codes: readonly FindingCode[],
    mail?: Buffer,
    rest?: Rest,
  ]
): Case {
  const { notes = [], signature = true, reply = true, ...more } = rest;
  return {
    ...{ id, section, what, mail, ...more },
    expect: {
      certificates: [{ of, verdict, codes, notes }],
      folder: verdict === "pending" ? "Pending" : "Rejected",
      replies: reply ? [verdict] : [],
      active: [],
      signature,
      reason: `submission.${verdict}`,
    },
  };
}

const SIGNATURE = "RFC 5652 §5.6";
const HOLDER = "RFC 8550 §3";
const PATH = "RFC 5280 §6.1";
const USAGE = "RFC 8550 §4.4";
const STRENGTH = "RFC 8550 §4.3";
const REVOCATION = "RFC 5280 §6.3";

export function acceptingCases(world: World): Case[] {
  return [
    ...signatureCases(world),
    ...holderCases(world),
    ...fromCases(world),
    ...pathCases(world),
    ...usageCases(world),
    ...strengthCases(world),
    ...revocationCases(world),
    severalAddresses(world),
  ];
}

/** Rule 1: the CMS signature verifies. */
function signatureCases(world: World): Case[] {
  const { alice } = world;
  const rsa = world.issue({ key: "rsa:2048" });
  const opaque = signed(alice, { form: "opaque" });
  const spoilt = opaqueCms(opaque);
  spoilt[spoilt.length - 1] = (spoilt[spoilt.length - 1] ?? 0) ^ 1;
  return [
    accepted("signature.detached", SIGNATURE, "multipart/signed", alice),
    refused(
      "rejected",
      "signature.detached.altered",
      SIGNATURE,
      "one letter changed on the way",
      alice,
      ["signature.digest-mismatch"],
      alter(signed(alice)),
      { signature: false },
    ),
    accepted("signature.opaque", SIGNATURE, "application/pkcs7-mime", alice, opaque),
    refused(
      "rejected",
      "signature.opaque.altered",
      SIGNATURE,
      "one letter of the content changed",
      alice,
      ["signature.digest-mismatch"],
      alter(opaque),
      { signature: false },
    ),
    refused(
      "rejected",
      "signature.opaque.broken",
      SIGNATURE,
      "one bit of the signature value changed",
      alice,
      ["signature.broken"],
      withOpaqueCms(opaque, spoilt),
      { signature: false },
    ),
    accepted("signature.rsa", SIGNATURE, "an RSA key", rsa),
    accepted(
      "signature.rsa-pss",
      SIGNATURE,
      "RSASSA-PSS (RFC 4056)",
      ...both(rsa, { flags: ["-keyopt", "rsa_padding_mode:pss"] }),
    ),
    accepted(
      "signature.brainpool",
      SIGNATURE,
      "a brainpool curve (RFC 5639)",
      world.issue({ key: "brainpoolP256r1" }),
    ),
    accepted("signature.sha512", SIGNATURE, "SHA-512", alice, signed(alice, { md: "sha512" })),
    accepted(
      "signature.key-identifier",
      SIGNATURE,
      "the signer named by its key identifier",
      alice,
      signed(alice, { flags: ["-keyid"] }),
    ),
    accepted(
      "signature.old-types",
      "RFC 8551 §3.2.2",
      "application/x-pkcs7-signature",
      alice,
      Buffer.from(
        signed(alice).toString("latin1").replaceAll("application/pkcs7-", "application/x-pkcs7-"),
        "latin1",
      ),
    ),
    accepted(
      "signature.no-attributes",
      "RFC 5652 §5.3",
      "no signed attributes",
      alice,
      signed(alice, { flags: ["-noattr"] }),
      { notes: ["signature.no-time"] },
    ),
    accepted(
      "signature.bare-lf",
      "RFC 8551 §3.1.1",
      "line ends lost on the way",
      alice,
      Buffer.from(signed(alice).toString("latin1").replaceAll("\r\n", "\n"), "latin1"),
      {
        notes: ["signature.line-ends"],
      },
    ),
    {
      id: "signature.no-certificate",
      section: "RFC 5652 §5.3",
      what: "the signer's certificate was not sent along",
      mail: signed(alice, { flags: ["-nocerts"], chain: [] }),
      openssl: { path: false },
      expect: {
        certificates: [],
        folder: "Rejected",
        replies: ["rejected"],
        active: [],
        signature: false,
        reason: "submission.rejected",
      },
    },
    {
      id: "signature.unreadable",
      section: "PRODUCT §2",
      what: "a CMS structure cut in the middle",
      mail: withOpaqueCms(opaque, opaqueCms(opaque).subarray(0, 700)),
      openssl: { path: false },
      expect: {
        certificates: [],
        folder: "Rejected",
        replies: ["rejected"],
        active: [],
        signature: false,
        reason: "submission.rejected",
      },
    },
    refused(
      "pending",
      "signature.sha1",
      "RFC 8551 §2.1",
      "CMS digest SHA-1",
      alice,
      ["signature.digest-weak"],
      signed(alice, { md: "sha1" }),
    ),
    refused(
      "rejected",
      "signature.md5",
      "RFC 8551 §2.1",
      "CMS digest MD5",
      rsa,
      ["signature.digest-forbidden"],
      signed(rsa, { md: "md5" }),
    ),
  ];
}

/** A signer and its mail. */
function both(of: Identity, change: Parameters<typeof signed>[1] = {}): [Identity, Buffer] {
  return [of, signed(of, change)];
}

/** Rule 2: the signer certificate names the From address. */
function holderCases(world: World): Case[] {
  const name = (change: CertificateOptions) => world.issue({ addresses: [], ...change });
  const utf8 = name({
    extensions: [
      "subjectAltName = @alt",
      "[alt]",
      "otherName.1 = 1.3.6.1.5.5.7.8.9;FORMAT:UTF8,UTF8:\u00e4lice@partner.example",
    ],
  });
  const lower = name({ addresses: ["ALICE@Partner.Example"] });
  const subject = name({ emailAddress: ALICE });
  const both = name({ addresses: [BOB], emailAddress: ALICE });
  const other = name({ addresses: [BOB] });
  const host = name({ altNames: ["DNS:partner.example"] });
  const gateway = name({ addresses: ["domain-confidentiality-authority@partner.example"] });
  const foreignGateway = name({ addresses: ["domain-confidentiality-authority@elsewhere.example"] });
  const foreign = name({ altNames: ["DNS:elsewhere.example"] });
  const wildcard = name({ altNames: ["email:*@partner.example"] });
  const none = name({});
  return [
    accepted(
      "holder.subject",
      HOLDER,
      "the address in the subject only, no SAN address",
      subject,
      signed(subject),
      { notes: ["address.subject"] },
    ),
    refused(
      "rejected",
      "holder.san-wins",
      "PRODUCT §3",
      "a SAN address that differs; only the subject fits",
      both,
      ["address.mismatch"],
    ),
    refused("rejected", "holder.other", HOLDER, "another address", other, ["address.mismatch"]),
    refused("rejected", "holder.none", HOLDER, "no address at all", none, ["address.missing"]),
    accepted("holder.case", "PRODUCT §3", "ASCII case differs", lower),
    refused(
      "rejected",
      "holder.case.exact",
      "RFC 5321 §2.4",
      "the same with the switch for exact local parts",
      lower,
      ["address.mismatch"],
      signed(lower),
      {
        policy: (policy) => ({ ...policy, certificates: { ...policy.certificates, exactLocalPart: true } }),
      },
    ),
    accepted(
      "holder.smtputf8",
      "RFC 9598 §3",
      "SmtpUTF8Mailbox",
      utf8,
      withField(signed(utf8), "From", Buffer.from("From: \u00e4lice@partner.example").toString("latin1")),
    ),
    refused("rejected", "holder.smtputf8.other", "RFC 9598 §3", "SmtpUTF8Mailbox of another", utf8, [
      "address.mismatch",
    ]),
    refused("pending", "holder.host", "PRODUCT §3", "a host name instead of a mailbox", host, [
      "cert.domain",
    ]),
    refused("rejected", "holder.host.foreign", "PRODUCT §3", "a host name of another domain", foreign, [
      "address.missing",
    ]),
    refused("pending", "holder.wildcard", "PRODUCT §3", "a wildcard instead of a mailbox", wildcard, [
      "cert.domain",
    ]),
    refused("pending", "holder.gateway", "RFC 3183 §4", "a gateway certificate of the domain", gateway, [
      "cert.domain",
    ]),
    refused(
      "rejected",
      "holder.gateway.foreign",
      "RFC 3183 §4",
      "a gateway certificate of another domain",
      foreignGateway,
      ["address.mismatch"],
    ),
  ];
}

/** PRODUCT §3: exactly one From address, else rejected and no reply. */
function fromCases({ alice }: World): Case[] {
  const from = (id: string, what: string, ...lines: string[]): Case =>
    refused(
      "rejected",
      `from.${id}`,
      "RFC 5322 §3.6.2",
      what,
      alice,
      ["address.from"],
      withField(signed(alice), "From", ...lines),
      { reply: false },
    );
  return [
    from("missing", "no From field"),
    from("empty", "an empty From", "From: "),
    from("group", "a group", `From: Team: ${ALICE};`),
    from("several", "two mailboxes", `From: ${ALICE}, ${BOB}`),
    from("two-fields", "two From fields", `From: ${ALICE}`, `From: ${ALICE}`),
    from("ambiguous", "two addresses in one entry", `From: ${BOB} <${ALICE}>`),
    accepted(
      "from.sender",
      "PRODUCT §3",
      "Sender and Reply-To do not count",
      alice,
      withField(signed(alice), "From", `From: ${ALICE}`, `Sender: ${BOB}`, `Reply-To: ${BOB}`),
    ),
  ];
}

/** Rule 3: the path ends in an anchor, valid at every step, and may vouch for mail. */
function pathCases(world: World): Case[] {
  const { alice, stranger } = world;
  const expired = world.issue({ notBefore: days(-400), notAfter: days(-1) });
  const future = world.issue({ notBefore: days(1), notAfter: days(100) });
  const unknown = world.issue({}, world.unknown.intermediate({ name: "Unknown Issuing CA" }));
  const twin = world.issue({}, world.twin);
  const oldCa = world.belowExpired();
  const notCa = world.below({ basicConstraints: "critical,CA:FALSE" });
  const noSign = world.below({ keyUsage: "critical,cRLSign" });
  const deep = world.issue(
    {},
    world.root
      .intermediate({ name: "Short CA", basicConstraints: "critical,CA:TRUE,pathlen:0" })
      .intermediate({ name: "Too Deep CA" }),
  );
  const permitted = world.below({
    extensions: ["nameConstraints = critical,permitted;email:partner.example"],
  });
  const excluded = world.below({
    extensions: ["nameConstraints = critical,permitted;email:hospital.example"],
  });
  const critical = world.issue({ extensions: ["1.3.6.1.4.1.55555.1 = critical,ASN1:NULL"] });
  const policy = world.below({ extensions: ["policyConstraints = critical,requireExplicitPolicy:0"] });
  const mailCa = world.below({ extendedKeyUsage: "emailProtection" });
  const webCa = world.below({ extendedKeyUsage: "serverAuth" });
  return [
    accepted("path.complete", PATH, "the issuing CA came along", alice),
    refused(
      "pending",
      "path.issuer-missing",
      PATH,
      "the issuing CA did not come along",
      alice,
      ["path.issuer-missing"],
      signed(alice, { chain: [] }),
    ),
    accepted(
      "path.issuer-known",
      PATH,
      "the issuing CA is in the trust store",
      alice,
      signed(alice, { chain: [] }),
      { trust: { intermediates: [world.ca.identity] } },
    ),
    refused("pending", "path.unknown-ca", PATH, "unknown CA", unknown, ["path.issuer-missing"]),
    refused(
      "pending",
      "path.unknown-root",
      PATH,
      "unknown CA, its root came along",
      unknown,
      ["path.unknown-ca"],
      signed(unknown, { chain: [...unknown.chain, world.unknown.identity.certFile] }),
    ),
    refused(
      "pending",
      "path.issuer-key",
      "RFC 5280 §6.1.3",
      "the issuer has the name of a trusted CA but another key",
      twin,
      ["path.issuer-key"],
    ),
    refused("pending", "path.self-signed", PATH, "self-signed", stranger, ["path.self-signed"]),
    refused(
      "rejected",
      "path.expired",
      "RFC 5280 §6.1.3",
      "expired",
      expired,
      ["cert.expired"],
      signed(expired),
      { notes: ["signature.time-validity"] },
    ),
    refused(
      "rejected",
      "path.not-yet",
      "RFC 5280 §6.1.3",
      "not yet valid",
      future,
      ["cert.not-yet-valid"],
      signed(future),
      { notes: ["signature.time-validity"] },
    ),
    refused("rejected", "path.expired-ca", "RFC 5280 §6.1.3", "the CA has expired", oldCa, ["path.expired"]),
    refused(
      "rejected",
      "path.not-a-ca",
      "RFC 5280 §6.1.4",
      "basicConstraints of the issuer say no CA",
      notCa,
      ["path.malformed", "path.not-a-ca"],
    ),
    refused("rejected", "path.key-usage", "RFC 5280 §6.1.4", "the issuer may not sign certificates", noSign, [
      "path.key-usage",
    ]),
    refused("rejected", "path.length", "RFC 5280 §6.1.4", "a CA below pathLenConstraint 0", deep, [
      "path.length",
    ]),
    accepted("path.name-constraints", "RFC 5280 §4.2.1.10", "rfc822Name permitted", permitted),
    refused(
      "rejected",
      "path.name-constraints.other",
      "RFC 5280 §4.2.1.10",
      "rfc822Name of another domain permitted",
      excluded,
      ["path.name-constraints"],
    ),
    refused("rejected", "path.critical", "RFC 5280 §6.1.5", "an unknown critical extension", critical, [
      "path.critical-extension",
    ]),
    refused("rejected", "path.policy", "RFC 5280 §6.1.5", "a policy is required, none is there", policy, [
      "path.policy",
    ]),
    accepted("path.eku", USAGE, "the issuing CA may issue for mail", mailCa),
    refused("rejected", "path.eku.web", USAGE, "the issuing CA may issue for servers only", webCa, [
      "path.usage",
    ]),
    accepted("path.anchor-domain", "PRODUCT §3", "an own CA for this domain", unknown, signed(unknown), {
      trust: { anchors: [anchorOf(world.unknown.identity, "partner.example")] },
    }),
    refused(
      "pending",
      "path.anchor-domain.other",
      "PRODUCT §3",
      "an own CA for another domain",
      unknown,
      ["path.anchor-domain"],
      signed(unknown),
      {
        trust: { anchors: [anchorOf(world.unknown.identity, "hospital.example")] },
      },
    ),
  ];
}

/** Rule 4: it can be used to encrypt. */
function usageCases(world: World): Case[] {
  const ec = (keyUsage: string | null) => world.issue({ keyUsage });
  const eku = (extendedKeyUsage: string | null) => world.issue({ extendedKeyUsage });
  const rsa = (keyUsage: string) => world.issue({ key: "rsa:2048", keyUsage });
  const ca = world.issue({
    basicConstraints: "critical,CA:TRUE",
    keyUsage: "critical,keyCertSign,digitalSignature,keyAgreement",
  });
  return [
    accepted("usage.none", USAGE, "no keyUsage", ec(null)),
    accepted("usage.agreement", USAGE, "EC with keyAgreement", ec("critical,digitalSignature,keyAgreement")),
    refused(
      "rejected",
      "usage.ec-encipherment",
      USAGE,
      "EC with keyEncipherment, which an EC key cannot",
      ec("critical,digitalSignature,keyEncipherment"),
      ["cert.sign-only"],
    ),
    refused("rejected", "usage.sign-only", USAGE, "digitalSignature alone", ec("critical,digitalSignature"), [
      "cert.sign-only",
    ]),
    accepted(
      "usage.encipherment",
      USAGE,
      "RSA with keyEncipherment",
      rsa("critical,digitalSignature,keyEncipherment"),
    ),
    refused(
      "rejected",
      "usage.rsa-agreement",
      USAGE,
      "RSA with keyAgreement, which an RSA key cannot",
      rsa("critical,digitalSignature,keyAgreement"),
      ["cert.sign-only"],
    ),
    refused(
      "rejected",
      "usage.cannot-sign",
      "RFC 8550 §4.4.2",
      "signed by a certificate for key agreement alone",
      ec("critical,keyAgreement"),
      ["cert.cannot-sign"],
    ),
    accepted(
      "usage.non-repudiation",
      "RFC 8550 §4.4.2",
      "signed by one with nonRepudiation and without digitalSignature",
      ec("critical,nonRepudiation,keyAgreement"),
    ),
    accepted("usage.eku-none", USAGE, "no extended key usage", eku(null)),
    accepted("usage.eku-any", USAGE, "anyExtendedKeyUsage", ...any(eku("anyExtendedKeyUsage"))),
    accepted("usage.eku-more", USAGE, "emailProtection and clientAuth", eku("emailProtection,clientAuth")),
    refused("rejected", "usage.eku-other", USAGE, "clientAuth alone", eku("clientAuth"), ["cert.usage"]),
    refused("rejected", "usage.ca", "RFC 5280 §4.2.1.9", "a CA certificate", ca, ["cert.ca"]),
  ];
}

function any(of: Identity): [Identity, Buffer, Rest] {
  return [
    of,
    signed(of),
    {
      divergence: {
        path: "OpenSSL's S/MIME purpose wants emailProtection by name; RFC 8550 §4.4.4 takes any",
      },
    },
  ];
}

/** Rule 5: strong enough. */
function strengthCases(world: World): Case[] {
  const weak = world.issue({ key: "rsa:1024" });
  const sha1 = world.issue({ digest: "sha1" });
  const md5 = world.issue({ digest: "md5" }, world.root.intermediate({ name: "RSA CA", key: "rsa:2048" }));
  const sha1Ca = world.below({ digest: "sha1" });
  const weakCa = world.below({ key: "rsa:1024" });
  const oldRoot = Authority.root(world.folder, { name: "Old Root", digest: "sha1" });
  const belowOldRoot = world.issue({}, oldRoot);
  const unknownSha1 = world.issue(
    {},
    world.unknown.intermediate({ name: "Unknown SHA-1 CA", digest: "sha1" }),
  );
  return [
    accepted("strength.3072", STRENGTH, "RSA 3072", world.issue({ key: "rsa:3072" })),
    refused("rejected", "strength.1024", STRENGTH, "RSA 1024", weak, ["cert.weak-key"]),
    accepted("strength.1024.policy", STRENGTH, "RSA 1024 where the policy allows it", weak, signed(weak), {
      policy: (policy) => ({ ...policy, certificates: { ...policy.certificates, minimumRsaBits: 1024 } }),
    }),
    refused("rejected", "strength.sha1", STRENGTH, "the certificate is signed with SHA-1", sha1, [
      "path.weak",
    ]),
    refused("rejected", "strength.md5", STRENGTH, "the certificate is signed with MD5", md5, ["path.weak"]),
    refused("rejected", "strength.sha1-ca", STRENGTH, "the issuing CA is signed with SHA-1", sha1Ca, [
      "path.weak",
    ]),
    refused("rejected", "strength.1024-ca", STRENGTH, "the issuing CA has an RSA key of 1024 bits", weakCa, [
      "path.weak",
    ]),
    accepted(
      "strength.sha1-root",
      STRENGTH,
      "the anchor's own signature is SHA-1, which proves nothing",
      belowOldRoot,
      signed(belowOldRoot),
      {
        trust: { anchors: [anchorOf(oldRoot.identity)] },
      },
    ),
    refused(
      "rejected",
      "strength.sha1-unknown",
      "PRODUCT §3",
      "SHA-1 on a path that does not reach an anchor",
      unknownSha1,
      ["path.weak", "path.issuer-missing"],
    ),
  ];
}

/** Rule 6: not revoked. */
function revocationCases(world: World): Case[] {
  const ca = world.root.intermediate({ name: "CA with CRL" });
  const good = world.issue({}, ca);
  const revoked = world.issue({}, ca);
  const named = world.issue({ crlUrl: "http://crl.example/ca.crl" });
  const ocsp = world.issue({ ocspUrl: "http://ocsp.example/" });
  const ldap = world.issue({ crlUrl: "ldap://dir.example/cn=CA?certificateRevocationList" });
  const both = world.issue({ crlUrl: "ldap://dir.example/cn=CA", ocspUrl: "http://ocsp.example/" });
  ca.revoke(revoked);
  const crls = [world.root.crl(), ca.crl()];
  const revocation =
    (value: "off" | "soft-fail"): NonNullable<Case["policy"]> =>
    (policy) => ({
      ...policy,
      certificates: { ...policy.certificates, revocation: value },
    });
  return [
    accepted("revocation.good", REVOCATION, "not on the CRL", good, signed(good), { trust: { crls } }),
    refused(
      "rejected",
      "revocation.revoked",
      REVOCATION,
      "on the CRL",
      revoked,
      ["revocation.revoked"],
      signed(revoked),
      { trust: { crls } },
    ),
    refused(
      "pending",
      "revocation.no-crl",
      REVOCATION,
      "the CRL of the issuing CA is missing",
      good,
      ["revocation.unknown"],
      signed(good),
      { trust: { crls: crls.slice(0, 1) } },
    ),
    refused(
      "rejected",
      "revocation.revoked-ca",
      REVOCATION,
      "the issuing CA is on the CRL",
      ...revokedCa(world),
    ),
    accepted("revocation.unnamed", "PRODUCT §3", "nothing to be asked", good, signed(good), {
      notes: ["revocation.unnamed"],
    }),
    refused(
      "pending",
      "revocation.crl-named",
      "PRODUCT §3",
      "a CRL is named, and none was had (hard-fail)",
      named,
      ["revocation.unknown"],
    ),
    refused(
      "pending",
      "revocation.ocsp-named",
      "PRODUCT §3",
      "an OCSP responder is named, and was not asked (hard-fail)",
      ocsp,
      ["revocation.unknown"],
    ),
    refused(
      "pending",
      "revocation.ldap-named",
      "PRODUCT §3",
      "only a CRL in a directory is named, which nobody can ask for",
      ldap,
      ["revocation.unaskable"],
    ),
    refused(
      "pending",
      "revocation.ldap-and-http",
      "PRODUCT §3",
      "an OCSP responder beside it can be asked",
      both,
      ["revocation.unknown"],
    ),
    accepted("revocation.soft", "PRODUCT §3", "the same with soft-fail", named, signed(named), {
      policy: revocation("soft-fail"),
      notes: ["revocation.unchecked"],
    }),
    accepted("revocation.off", "PRODUCT §3", "the same with revocation off", named, signed(named), {
      policy: revocation("off"),
    }),
  ];
}

function revokedCa(world: World): [Identity, readonly FindingCode[], Buffer, Rest] {
  const root = Authority.root(world.folder, { name: "Root with CRL" });
  const ca = root.intermediate({ name: "Revoked CA" });
  const leaf = world.issue({}, ca);
  root.revoke(ca.identity);
  return [
    leaf,
    ["revocation.revoked"],
    signed(leaf),
    { trust: { anchors: [anchorOf(root.identity)], crls: [root.crl(), ca.crl()] } },
  ];
}

/** Rule 7: stored under the From address only. */
function severalAddresses(world: World): Case {
  const of = world.issue({ addresses: [BOB, ALICE, "info@partner.example"] });
  return accepted("stored.from-only", "PRODUCT §3", "several addresses, stored under From alone", of);
}
