/**
 * What is made wrong, or merely unusual, in generated chains, and who refuses the chain for it: keybot, `openssl verify
 * -x509_strict`, or both. Every row on which the two differ says why keybot is right; `docs/conformance.md` lists them.
 */

import type { FindingCode } from "../../src/inspect/index.ts";
import { encode } from "../../src/pki/der-write.ts";
import { OID } from "../../src/pki/index.ts";
import type { Random } from "../long/mutate.ts";
import { ADDRESS, type Chain, caDraft, DAY, type Draft, extendedKeyUsage, pick } from "./chain-draft.ts";
import {
  basicConstraints,
  certificatePolicies,
  distinguishedName,
  extension,
  keyUsage,
  NOW,
  nameConstraints,
  subjectAltName,
} from "./path-authority.ts";

export const PURPOSES = ["smimesign", "smimeencrypt"] as const;
export type Purpose = (typeof PURPOSES)[number];

/** Who refuses a chain for this. */
export type Refuser = "both" | "keybot" | "openssl" | "nobody";

export interface Defect {
  readonly id: string;
  readonly section: string;
  /** What it changes; no two defects of a chain share a field, so that none undoes another. */
  readonly fields: readonly string[];
  readonly refusedBy: Refuser | Readonly<Record<Purpose, Refuser>>;
  /** Keybot's finding, when this is all that is wrong. */
  readonly finding?: FindingCode;
  /** Why keybot decides otherwise than OpenSSL. */
  readonly because?: string;
  /** The kind of key that the end entity must have for it. */
  readonly leafKey?: "RSA" | "EC";
  readonly where: (chain: Chain, random: Random) => Draft;
  readonly change: (draft: Draft, chain: Chain, random: Random) => void;
}

type Change = Defect["change"];

const SERVER_AUTH = "1.3.6.1.5.5.7.3.1";
const POLICY = "1.3.6.1.4.1.99999.2";

const ANY_USAGE =
  "RFC 8550 §4.4.4 takes anyExtendedKeyUsage too; OpenSSL's purpose wants emailProtection by name";
const IDENTIFIERS =
  "RFC 5280 §4.2.1.1 and §4.2.1.2 bind CAs; the identifiers help to find issuers and decide nothing in §6.1";

const place =
  (from: number, to: number) =>
  ({ drafts }: Chain, random: Random): Draft =>
    pick(drafts.slice(from, to === 0 ? drafts.length : to), random);
const anywhere = place(0, 0);
const belowRoot = place(1, 0);
const anyCa = place(0, -1);
const middle = place(1, -1);
const root = place(0, 1);
const leaf = place(-1, 0);

const set =
  (values: Partial<Draft>): Change =>
  (draft) => {
    Object.assign(draft, values);
  };
const put =
  (name: string, ...values: readonly Buffer[]): Change =>
  (draft, _, random) => {
    draft.extensions.set(name, pick(values, random));
  };
const drop =
  (name: string): Change =>
  (draft) => {
    draft.extensions.delete(name);
  };
/** The same extension once more. */
const repeat =
  (name: string): Change =>
  (draft) => {
    const value = draft.extensions.get(name);
    if (value !== undefined) draft.extensions.set(`${name} again`, value);
  };
const days = (from: number, random: Random): Date =>
  new Date(NOW.getTime() + (from + Math.floor(random() * 40)) * DAY);

const TIMES: readonly Defect[] = [
  {
    id: "time.ca-expired",
    section: "RFC 5280 §6.1.3 (a)(2)",
    fields: ["time"],
    refusedBy: "both",
    finding: "path.expired",
    where: anyCa,
    change: (draft, _, random) => {
      draft.notAfter = days(-50, random);
    },
  },
  {
    id: "time.ca-not-yet-valid",
    section: "RFC 5280 §6.1.3 (a)(2)",
    fields: ["time"],
    refusedBy: "both",
    finding: "path.expired",
    where: anyCa,
    change: (draft, _, random) => {
      draft.notBefore = days(1, random);
    },
  },
  {
    id: "time.leaf-expired",
    section: "RFC 5280 §6.1.3 (a)(2)",
    fields: ["time"],
    refusedBy: "both",
    finding: "cert.expired",
    where: leaf,
    change: (draft, _, random) => {
      draft.notAfter = days(-50, random);
    },
  },
  {
    id: "time.leaf-not-yet-valid",
    section: "RFC 5280 §6.1.3 (a)(2)",
    fields: ["time"],
    refusedBy: "both",
    finding: "cert.not-yet-valid",
    where: leaf,
    change: (draft, _, random) => {
      draft.notBefore = days(1, random);
    },
  },
  {
    id: "time.first-second",
    section: "RFC 5280 §4.1.2.5",
    fields: ["time"],
    refusedBy: "nobody",
    where: anywhere,
    change: set({ notBefore: NOW }),
  },
  {
    id: "time.last-second",
    section: "RFC 5280 §4.1.2.5",
    fields: ["time"],
    refusedBy: "openssl",
    because:
      "RFC 5280 §4.1.2.5: both ends belong to the period; OpenSSL takes notAfter as the first moment too late",
    where: anywhere,
    change: set({ notAfter: NOW }),
  },
];

const SIGNATURES: readonly Defect[] = [
  {
    id: "signature.wrong-key",
    section: "RFC 5280 §6.1.3 (a)(1)",
    fields: ["signer"],
    refusedBy: "both",
    finding: "path.signature",
    where: belowRoot,
    // Of the kind of the true key, so that the algorithm gives nothing away.
    change: (draft, { drafts, strangers }) => {
      const issuer = drafts[drafts.indexOf(draft) - 1] ?? draft;
      draft.signer = strangers[issuer.key.kind];
    },
  },
  {
    id: "signature.sha1",
    section: "RFC 8550 §4.3",
    fields: ["digest"],
    refusedBy: "nobody",
    finding: "path.weak",
    where: belowRoot,
    change: set({ digest: "sha1" }),
  },
  {
    id: "signature.algorithms-differ",
    section: "RFC 5280 §4.1.1.2",
    fields: ["digest"],
    refusedBy: "both",
    finding: "path.malformed",
    where: belowRoot,
    change: set({ innerAlgorithm: encode.sequence(encode.oid(OID.ed25519)) }),
  },
  {
    id: "signature.self-signed-leaf",
    section: "RFC 5280 §6.1",
    fields: ["signer"],
    refusedBy: "both",
    finding: "path.self-signed",
    where: leaf,
    change: (draft) => {
      draft.issuerName = draft.subject;
      draft.signer = draft.key;
      draft.namesIssuer = "no";
    },
  },
];

const CHAINING: readonly Defect[] = [
  {
    id: "chain.intermediate-missing",
    section: "RFC 5280 §6.1",
    fields: ["sent"],
    refusedBy: "both",
    finding: "path.issuer-missing",
    where: middle,
    change: (draft, { drafts, withheld }) => {
      withheld.add(drafts.indexOf(draft));
    },
  },
  {
    id: "chain.namesake",
    section: "RFC 4158 §3.5",
    fields: ["sent"],
    refusedBy: "nobody",
    where: middle,
    change: (draft, { drafts, namesakes }) => {
      namesakes.add(drafts.indexOf(draft));
    },
  },
  {
    id: "chain.new-key-of-a-ca",
    section: "RFC 5280 §6.1",
    fields: ["sent"],
    refusedBy: "nobody",
    where: anyCa,
    // Its own old key certifies the new one: self-issued, so no path length counts it.
    change: (draft, { drafts, spare }) => {
      drafts.splice(drafts.indexOf(draft) + 1, 0, { ...caDraft("", spare), subject: draft.subject });
    },
  },
  {
    id: "chain.other-issuer-name",
    section: "RFC 5280 §6.1.3 (a)(4)",
    fields: ["issuer"],
    refusedBy: "both",
    finding: "path.names",
    where: belowRoot,
    change: set({ issuerName: distinguishedName(["O", "Chains"], ["CN", "Somebody else"]) }),
  },
  {
    id: "chain.issuer-in-other-case",
    section: "RFC 5280 §7.1",
    fields: ["issuer"],
    refusedBy: "nobody",
    where: place(1, 2),
    change: set({ issuerName: distinguishedName(["O", "CHAINS"], ["CN", " root"]) }),
  },
];

const IDENTIFYING: readonly Defect[] = [
  {
    id: "identifier.wrong-issuer-key",
    section: "RFC 5280 §4.2.1.1",
    fields: ["authorityKeyIdentifier"],
    refusedBy: "openssl",
    because: IDENTIFIERS,
    where: belowRoot,
    change: set({ namesIssuer: "wrong" }),
  },
  {
    id: "identifier.no-issuer-key",
    section: "RFC 5280 §4.2.1.1",
    fields: ["authorityKeyIdentifier"],
    refusedBy: "openssl",
    because: IDENTIFIERS,
    where: belowRoot,
    change: set({ namesIssuer: "no" }),
  },
  {
    id: "identifier.issuer-key-critical",
    section: "RFC 5280 §4.2.1.1",
    fields: ["authorityKeyIdentifier"],
    refusedBy: "both",
    finding: "path.malformed",
    where: belowRoot,
    change: set({ namesIssuer: "critical" }),
  },
  {
    id: "identifier.none-in-ca",
    section: "RFC 5280 §4.2.1.2",
    fields: ["subjectKeyIdentifier"],
    refusedBy: "openssl",
    because: IDENTIFIERS,
    where: anyCa,
    change: set({ hasIdentifier: false }),
  },
  {
    id: "identifier.none-in-leaf",
    section: "RFC 5280 §4.2.1.2",
    fields: ["subjectKeyIdentifier"],
    refusedBy: "nobody",
    where: leaf,
    change: set({ hasIdentifier: false }),
  },
];

/** As many CAs as a pathLenConstraint of this certificate must allow. */
const casBelow = (draft: Draft, { drafts }: Chain): number =>
  drafts
    .slice(drafts.indexOf(draft) + 1, -1)
    .filter((one) => !one.subject.equals(drafts[drafts.indexOf(one) - 1]?.subject ?? Buffer.alloc(0))).length;

const CAS: readonly Defect[] = [
  {
    id: "ca.no-basic-constraints",
    section: "RFC 5280 §6.1.4 (k)",
    fields: ["basicConstraints"],
    refusedBy: "both",
    finding: "path.not-a-ca",
    where: middle,
    change: drop("basicConstraints"),
  },
  {
    id: "ca.says-no",
    section: "RFC 5280 §6.1.4 (k)",
    fields: ["basicConstraints"],
    refusedBy: "both",
    finding: "path.not-a-ca",
    where: anyCa,
    change: put("basicConstraints", basicConstraints(false)),
  },
  {
    id: "ca.basic-constraints-not-critical",
    section: "RFC 5280 §4.2.1.9",
    fields: ["basicConstraints"],
    refusedBy: "openssl",
    because: "RFC 5280 §6.1.4 (k) asks for cA, not for the flag; it is obeyed all the same (PKITS 4.6.4)",
    where: anyCa,
    change: put("basicConstraints", extension(OID.basicConstraints, encode.sequence(Buffer.of(1, 1, 0xff)))),
  },
  {
    id: "ca.version-1",
    section: "RFC 5280 §6.1.4 (k)",
    fields: ["version"],
    refusedBy: "both",
    finding: "path.not-a-ca",
    where: middle,
    change: set({ version: 1 }),
  },
  {
    id: "ca.path-too-long",
    section: "RFC 5280 §6.1.4 (l)",
    fields: ["basicConstraints"],
    refusedBy: "both",
    finding: "path.length",
    where: (chain, random) =>
      pick(
        chain.drafts.slice(0, -1).filter((one) => casBelow(one, chain) > 0),
        random,
      ),
    change: (draft, chain) => {
      draft.extensions.set("basicConstraints", basicConstraints(true, casBelow(draft, chain) - 1));
    },
  },
  {
    id: "ca.path-just-short-enough",
    section: "RFC 5280 §6.1.4 (l)",
    fields: ["basicConstraints"],
    refusedBy: "nobody",
    where: anyCa,
    change: (draft, chain) => {
      draft.extensions.set("basicConstraints", basicConstraints(true, casBelow(draft, chain)));
    },
  },
  {
    id: "ca.key-may-not-sign",
    section: "RFC 5280 §6.1.4 (n)",
    fields: ["keyUsage"],
    refusedBy: "both",
    finding: "path.key-usage",
    where: anyCa,
    change: put("keyUsage", keyUsage("cRLSign"), keyUsage("digitalSignature", "keyEncipherment")),
  },
  {
    id: "ca.no-key-usage",
    section: "RFC 5280 §6.1.4 (n)",
    fields: ["keyUsage"],
    refusedBy: "openssl",
    because: "RFC 5280 §6.1.4 (n) looks at keyUsage where there is one; §4.2.1.3 binds the CA",
    where: anyCa,
    change: drop("keyUsage"),
  },
  {
    id: "ca.for-web-servers",
    section: "RFC 8550 §4.4.4",
    fields: ["extendedKeyUsage"],
    refusedBy: "both",
    finding: "path.usage",
    where: anyCa,
    change: put("extendedKeyUsage", extendedKeyUsage(SERVER_AUTH)),
  },
  {
    id: "ca.for-mail",
    section: "RFC 8550 §4.4.4",
    fields: ["extendedKeyUsage"],
    refusedBy: "nobody",
    where: anyCa,
    change: put("extendedKeyUsage", extendedKeyUsage(OID.emailProtection, SERVER_AUTH)),
  },
  {
    id: "ca.for-anything",
    section: "RFC 8550 §4.4.4",
    fields: ["extendedKeyUsage"],
    refusedBy: "openssl",
    because: ANY_USAGE,
    where: anyCa,
    change: put("extendedKeyUsage", extendedKeyUsage(OID.anyExtendedKeyUsage)),
  },
];

const NAMES: readonly Defect[] = [
  {
    id: "names.not-permitted",
    section: "RFC 5280 §4.2.1.10",
    fields: ["names"],
    refusedBy: "both",
    finding: "path.name-constraints",
    where: anyCa,
    change: put(
      "nameConstraints",
      nameConstraints(["email:other.example"]),
      nameConstraints(["email:.partner.example"]),
      nameConstraints(["email:bob@partner.example"]),
      nameConstraints(["email:mail.partner.example"]),
    ),
  },
  {
    id: "names.excluded",
    section: "RFC 5280 §4.2.1.10",
    fields: ["names"],
    refusedBy: "both",
    finding: "path.name-constraints",
    where: anyCa,
    change: put(
      "nameConstraints",
      nameConstraints([], ["email:partner.example"]),
      nameConstraints([], ["email:PARTNER.example"]),
      nameConstraints([], [`email:${ADDRESS}`]),
      nameConstraints(["email:partner.example"], ["email:.example", "email:partner.example"]),
    ),
  },
  {
    id: "names.permitted",
    section: "RFC 5280 §4.2.1.10",
    fields: ["names"],
    refusedBy: "nobody",
    where: anyCa,
    change: put(
      "nameConstraints",
      nameConstraints(["email:partner.example"]),
      nameConstraints(["email:.example"]),
      nameConstraints(["email:other.example", `email:${ADDRESS}`]),
      nameConstraints(["dns:other.example"], ["email:bob@partner.example", "email:.partner.example"]),
    ),
  },
  {
    id: "names.not-critical",
    section: "RFC 5280 §4.2.1.10",
    fields: ["names"],
    refusedBy: "both",
    finding: "path.name-constraints",
    where: anyCa,
    change: put(
      "nameConstraints",
      extension(
        OID.nameConstraints,
        encode.sequence(
          encode.tagged(0xa0, encode.sequence(encode.tagged(0x81, Buffer.from("other.example")))),
        ),
      ),
    ),
  },
  {
    id: "names.subject-not-permitted",
    section: "RFC 5280 §4.2.1.10",
    fields: ["names"],
    refusedBy: "both",
    finding: "path.name-constraints",
    where: root,
    // The subject's address counts beside that of the subjectAltName, which the CA may vouch for.
    change: (draft, { drafts }) => {
      draft.extensions.set("nameConstraints", nameConstraints(["email:partner.example"]));
      const end = drafts.at(-1);
      if (end !== undefined) {
        end.subject = distinguishedName(["CN", "Alice"], ["emailAddress", "alice@other.example"]);
      }
    },
  },
  {
    id: "names.directory-not-permitted",
    section: "RFC 5280 §4.2.1.10",
    fields: ["names"],
    refusedBy: "both",
    finding: "path.name-constraints",
    where: anyCa,
    change: put("nameConstraints", nameConstraints(["dn:Somebody else"])),
  },
  {
    id: "names.international-not-permitted",
    section: "RFC 9598 §6",
    fields: ["names", "subjectAltName"],
    refusedBy: "both",
    finding: "path.name-constraints",
    where: root,
    change: (draft, { drafts }) => {
      draft.extensions.set("nameConstraints", nameConstraints(["email:other.example"]));
      drafts.at(-1)?.extensions.set("subjectAltName", subjectAltName("utf8:älice@partner.example"));
    },
  },
  {
    id: "names.international-permitted",
    section: "RFC 9598 §6",
    fields: ["names", "subjectAltName"],
    refusedBy: "nobody",
    where: root,
    change: (draft, { drafts }) => {
      draft.extensions.set("nameConstraints", nameConstraints(["email:partner.example"]));
      drafts.at(-1)?.extensions.set("subjectAltName", subjectAltName("utf8:älice@partner.example"));
    },
  },
  {
    id: "names.empty-subject",
    section: "RFC 5280 §4.1.2.6",
    fields: ["names"],
    refusedBy: "both",
    finding: "path.malformed",
    where: leaf,
    change: set({ subject: encode.sequence() }),
  },
];

const UNKNOWN = (isCritical: boolean) => extension("1.3.6.1.4.1.99999.1", encode.null(), isCritical);

const EXTENSIONS: readonly Defect[] = [
  {
    id: "extension.unknown-critical",
    section: "RFC 5280 §6.1.4 (o), §6.1.5 (f)",
    fields: ["unknown"],
    refusedBy: "both",
    finding: "path.critical-extension",
    where: anywhere,
    change: put("unknown", UNKNOWN(true)),
  },
  {
    id: "extension.unknown",
    section: "RFC 5280 §4.2",
    fields: ["unknown"],
    refusedBy: "nobody",
    where: anywhere,
    change: put("unknown", UNKNOWN(false)),
  },
  {
    id: "extension.key-usage-twice",
    section: "RFC 5280 §4.2",
    fields: ["keyUsage"],
    refusedBy: "both",
    finding: "path.malformed",
    where: anyCa,
    change: repeat("keyUsage"),
  },
  {
    id: "extension.basic-constraints-twice",
    section: "RFC 5280 §4.2",
    fields: ["basicConstraints"],
    refusedBy: "both",
    finding: "path.malformed",
    where: anywhere,
    change: repeat("basicConstraints"),
  },
  {
    id: "extension.alternative-name-twice",
    section: "RFC 5280 §4.2",
    fields: ["subjectAltName"],
    refusedBy: "both",
    finding: "path.malformed",
    where: leaf,
    change: repeat("subjectAltName"),
  },
  {
    id: "extension.unknown-twice",
    section: "RFC 5280 §4.2",
    fields: ["unknown"],
    refusedBy: "keybot",
    because:
      "RFC 5280 §4.2: no extension may be there twice, known or not; OpenSSL looks at those that it knows",
    finding: "path.malformed",
    where: anywhere,
    change: (draft) => {
      draft.extensions.set("unknown", UNKNOWN(false));
      draft.extensions.set("unknown again", UNKNOWN(false));
    },
  },
  {
    id: "extension.names-of-no-ca",
    section: "RFC 5280 §4.2.1.10",
    fields: ["leaf names"],
    refusedBy: "keybot",
    because: "RFC 5280 §4.2.1.10: in CA certificates only; OpenSSL does not look at those of an end entity",
    finding: "path.malformed",
    where: leaf,
    change: put("nameConstraints", nameConstraints(["email:partner.example"])),
  },
];

/** policyConstraints with requireExplicitPolicy 0. */
const REQUIRE_POLICY = extension(
  OID.policyConstraints,
  encode.sequence(encode.tagged(0x80, Buffer.of(0))),
  true,
);

const POLICIES: readonly Defect[] = [
  {
    id: "policy.required-and-missing",
    section: "RFC 5280 §6.1.5 (g)",
    fields: ["policy"],
    refusedBy: "both",
    finding: "path.policy",
    where: middle,
    change: put("policyConstraints", REQUIRE_POLICY),
  },
  {
    id: "policy.required-and-there",
    section: "RFC 5280 §6.1.5 (g)",
    fields: ["policy"],
    refusedBy: "nobody",
    where: middle,
    change: (draft, { drafts }) => {
      draft.extensions.set("policyConstraints", REQUIRE_POLICY);
      for (const one of drafts.slice(1))
        one.extensions.set("certificatePolicies", certificatePolicies(POLICY));
    },
  },
  {
    id: "policy.required-and-another",
    section: "RFC 5280 §6.1.5 (g)",
    fields: ["policy"],
    refusedBy: "both",
    finding: "path.policy",
    where: middle,
    change: (draft, { drafts }) => {
      draft.extensions.set("policyConstraints", REQUIRE_POLICY);
      for (const one of drafts.slice(1))
        one.extensions.set("certificatePolicies", certificatePolicies(POLICY));
      drafts.at(-1)?.extensions.set("certificatePolicies", certificatePolicies(`${POLICY}.1`));
    },
  },
];

const LEAVES: readonly Defect[] = [
  {
    id: "leaf.for-web-servers",
    section: "RFC 8550 §4.4.4",
    fields: ["extendedKeyUsage"],
    refusedBy: "both",
    finding: "cert.usage",
    where: leaf,
    change: put("extendedKeyUsage", extendedKeyUsage(SERVER_AUTH)),
  },
  {
    id: "leaf.for-anything",
    section: "RFC 8550 §4.4.4",
    fields: ["extendedKeyUsage"],
    refusedBy: "openssl",
    because: ANY_USAGE,
    where: leaf,
    change: put("extendedKeyUsage", extendedKeyUsage(OID.anyExtendedKeyUsage)),
  },
  {
    id: "leaf.for-no-purpose-named",
    section: "RFC 8550 §4.4.4",
    fields: ["extendedKeyUsage"],
    refusedBy: "nobody",
    where: leaf,
    change: drop("extendedKeyUsage"),
  },
  {
    id: "leaf.signs-only",
    section: "RFC 8550 §4.4.2",
    fields: ["keyUsage"],
    refusedBy: { smimesign: "nobody", smimeencrypt: "both" },
    finding: "cert.sign-only",
    where: leaf,
    change: put("keyUsage", keyUsage("digitalSignature"), keyUsage("nonRepudiation")),
  },
  {
    id: "leaf.encrypts-only",
    section: "RFC 8550 §4.4.2",
    fields: ["keyUsage"],
    refusedBy: { smimesign: "both", smimeencrypt: "nobody" },
    leafKey: "RSA",
    where: leaf,
    change: put("keyUsage", keyUsage("keyEncipherment")),
  },
  {
    id: "leaf.agrees-on-keys",
    section: "RFC 5480 §3",
    fields: ["keyUsage"],
    refusedBy: { smimesign: "nobody", smimeencrypt: "openssl" },
    because: "mail is encrypted to an elliptic key by agreement (RFC 5753 §3.1); OpenSSL asks for RSA's bit",
    leafKey: "EC",
    where: leaf,
    change: put("keyUsage", keyUsage("digitalSignature", "keyAgreement")),
  },
  {
    id: "leaf.elliptic-key-enciphers",
    section: "RFC 5480 §3",
    fields: ["keyUsage"],
    refusedBy: { smimesign: "nobody", smimeencrypt: "keybot" },
    finding: "cert.sign-only",
    because:
      "RFC 5480 §3: keyEncipherment must not be set for an elliptic key, which cannot do it; keyAgreement is not there",
    leafKey: "EC",
    where: leaf,
    change: put("keyUsage", keyUsage("digitalSignature", "keyEncipherment")),
  },
  {
    id: "leaf.is-a-ca",
    section: "RFC 5280 §4.2.1.9",
    fields: ["basicConstraints", "keyUsage"],
    refusedBy: "keybot",
    finding: "cert.ca",
    because: "a CA certificate is nobody's mailbox; whoever holds its key could make up certificates",
    leafKey: "RSA",
    where: leaf,
    change: (draft) => {
      draft.extensions.set("basicConstraints", basicConstraints(true));
      draft.extensions.set("keyUsage", keyUsage("digitalSignature", "keyEncipherment", "keyCertSign"));
    },
  },
  {
    id: "leaf.signs-certificates-without-being-a-ca",
    section: "RFC 5280 §4.2.1.9",
    fields: ["keyUsage"],
    refusedBy: "both",
    finding: "path.malformed",
    leafKey: "RSA",
    where: leaf,
    change: put("keyUsage", keyUsage("digitalSignature", "keyEncipherment", "keyCertSign")),
  },
  {
    id: "leaf.has-a-path-length",
    section: "RFC 5280 §4.2.1.9",
    fields: ["basicConstraints"],
    refusedBy: "openssl",
    because: "RFC 5280 §4.2.1.9 binds the CA; it limits nothing below a certificate that issues none",
    where: leaf,
    change: put("basicConstraints", basicConstraints(false, 0)),
  },
  {
    id: "leaf.second-address",
    section: "RFC 8550 §3",
    fields: ["subjectAltName"],
    refusedBy: "nobody",
    where: leaf,
    change: put("subjectAltName", subjectAltName(`email:${ADDRESS}`, "dns:partner.example")),
  },
];

export const DEFECTS: readonly Defect[] = [
  ...TIMES,
  ...SIGNATURES,
  ...CHAINING,
  ...IDENTIFYING,
  ...CAS,
  ...NAMES,
  ...EXTENSIONS,
  ...POLICIES,
  ...LEAVES,
];

/** Who refuses a chain of this purpose because of this defect. */
export function refuserOf({ refusedBy }: Defect, purpose: Purpose): Refuser {
  return typeof refusedBy === "string" ? refusedBy : refusedBy[purpose];
}
