/** Who is on stage: a public CA, Alice the partner, Mallory with a good certificate of his own, and forgeries. */

import { decodeTrust } from "../../src/inspect/index.ts";
import { DEFAULT_POLICY, type Policy } from "../../src/policy.ts";
import type { ExplainBench } from "../../src/robot/explain.ts";
import { Authority, type Identity, type SignedMailOptions, selfSigned, signedMail } from "../lab/openssl.ts";

export const ALICE = "alice@partner.example";
export const MALLORY = "m@evil.example";
export const ROBOT = "key-management@company.example";

/** Words that must never reach a third person. */
export const WORDS = "call 0900 123456 to unlock your account";

const DAY = 86_400_000;

/** Everybody who has a key; the table names them by these names. */
export interface Cast {
  /** Alice's certificate for signing and encrypting, of the public CA. */
  readonly alice: Identity;
  /** Another certificate of Alice's, just as good, that she did not send: anybody may have it from a public directory. */
  readonly aliceSpare: Identity;
  /** Alice's dual key pair: one signs, the other encrypts. */
  readonly aliceSigns: Identity;
  readonly aliceEncrypts: Identity;
  /** Alice's with an RSA key. */
  readonly aliceRsa: Identity;
  /** Mallory's, of the same public CA, for his own address. */
  readonly mallory: Identity;
  /** Mallory's for his own address, with Alice's in the emailAddress of the subject. */
  readonly malloryNamesAliceInSubject: Identity;
  /** Mallory's for his own address; his words stand in its subject. */
  readonly malloryTalks: Identity;
  /** The same with control characters in its subject. */
  readonly escapes: Identity;
  /** Mallory's for a domain that looks like Alice's. */
  readonly lookAlike: Identity;
  /** Mallory's mailboxes that a careless comparison takes for Alice's. */
  readonly nulByte: Identity;
  readonly cutDomain: Identity;
  /** Names Alice, vouched for by nobody. */
  readonly fake: Identity;
  /** As `fake`, for encrypting only. */
  readonly fakeEncrypts: Identity;
  /** Names Alice, of a CA that calls itself as the public one does. */
  readonly rogue: Identity;
  /** The same for Alice's own public key. */
  readonly sameKey: Identity;
  /** Names Alice, signed with the key of Mallory's certificate as if that were a CA's. */
  readonly ofMallory: Identity;
  /** Names the domain partner.example and no mailbox. */
  readonly wholeDomain: Identity;
  /** Names Alice, of a CA that an admin trusts for evil.example only. */
  readonly ofBroker: Identity;
  readonly issuer: Identity;
}

/** The lab of all attacks: identities, the honest twins, and what is trusted. */
export interface Stage extends Cast {
  readonly now: Date;
  /** Who is trusted, and for which mail domains; null: for all of them. */
  readonly trusted: readonly { readonly anchor: Identity; readonly domains: readonly string[] | null }[];
  signed(options: Partial<SignedMailOptions> & Pick<SignedMailOptions, "signer">): Buffer;
  /** keybot with the public CA and the broker's; `days` from now. */
  bench(days: number): ExplainBench;
}

const POLICY: Policy = {
  ...DEFAULT_POLICY,
  domains: ["company.example"],
  robot: [ROBOT],
  border: {
    ...DEFAULT_POLICY.border,
    ownHosts: ["mx.company.example"],
    authservIds: ["mx.company.example"],
  },
};

/** Sets the stage in this folder, with real certificates by OpenSSL. */
export function openStage(folder: string): Stage {
  const now = new Date();
  const root = Authority.root(folder, { name: "Public Mail Root" });
  const ca = root.intermediate({ name: "Public Mail CA" });
  const rogueCa = Authority.root(folder, { name: "Public Mail CA" });
  const broker = Authority.root(folder, { name: "Broker CA" });
  const key = "P-256";
  const issue = (...addresses: string[]) => ca.issue({ addresses, key });
  const utf8Mailbox = (text: string) =>
    ca.issue({ name: "Mallory", altNames: [`otherName:1.3.6.1.5.5.7.8.9;UTF8:${text}`], key });
  const alice = issue(ALICE);
  const mallory = ca.intermediate({
    name: MALLORY,
    addresses: [MALLORY],
    key,
    basicConstraints: "critical,CA:FALSE",
    keyUsage: "critical,digitalSignature,keyAgreement",
    extendedKeyUsage: "emailProtection",
  });
  const trusted = [
    { anchor: root.identity, domains: null },
    { anchor: broker.identity, domains: ["evil.example"] },
  ];
  return {
    now,
    trusted,
    alice,
    aliceSpare: issue(ALICE),
    aliceSigns: ca.issue({ addresses: [ALICE], key, keyUsage: "critical,digitalSignature" }),
    aliceEncrypts: ca.issue({ addresses: [ALICE], key, keyUsage: "critical,keyAgreement" }),
    aliceRsa: ca.issue({ addresses: [ALICE] }),
    mallory: mallory.identity,
    malloryNamesAliceInSubject: ca.issue({ addresses: [MALLORY], emailAddress: ALICE, name: "Alice", key }),
    malloryTalks: ca.issue({ addresses: [MALLORY], name: WORDS, key }),
    escapes: ca.issue({ addresses: [MALLORY], name: `${WORDS}\u001b[2J\u0007`, key }),
    lookAlike: issue("alice@xn--prtner-3nf.example"),
    nulByte: ca.issue({
      name: "Mallory",
      // IA5String with a NUL behind Alice's address (the trick of CVE-2009-2408, for mail).
      extensions: [`subjectAltName = DER:${rfc822NameDer(`${ALICE}\0.evil.example`)}`],
      key,
    }),
    cutDomain: utf8Mailbox("alice@partner.example/\u{fc}.evil.example"),
    fake: selfSigned(folder, { addresses: [ALICE], key }),
    fakeEncrypts: selfSigned(folder, { addresses: [ALICE], key, keyUsage: "critical,keyAgreement" }),
    rogue: rogueCa.issue({ addresses: [ALICE], key }),
    sameKey: rogueCa.issue({
      addresses: [ALICE],
      keyFile: alice.keyFile,
      key,
      notAfter: new Date(now.getTime() + 900 * DAY),
    }),
    ofMallory: mallory.issue({ addresses: [ALICE], key }),
    wholeDomain: ca.issue({ name: "Partner", altNames: ["DNS:partner.example"], key }),
    ofBroker: broker.issue({ addresses: [ALICE], name: WORDS, key }),
    issuer: ca.identity,
    signed: (options) => signedMail({ ...letter(now), ...options }),
    bench: (days) => ({
      policy: POLICY,
      trust: decodeTrust({
        version: 1,
        anchors: trusted.map(({ anchor, domains }) => ({ der: anchor.der, domains, distrustAfter: null })),
        intermediates: [],
        crls: null,
      }),
      at: new Date(now.getTime() + days * DAY),
    }),
  };
}

/** An ordinary mail of Alice's to the robot, as the border server took it in. */
function letter(now: Date) {
  return {
    from: `Alice <${ALICE}>`,
    to: ROBOT,
    subject: "my key",
    date: now,
    messageId: "<1@mail.partner.example>",
    extraHeaders: [["Received", received(now)]] as const,
  };
}

/** What the border server writes on top. */
export function received(at: Date): string {
  const date = at.toUTCString().replace("GMT", "+0000");
  return `from mail.example (mail.example [192.0.2.1]) by mx.company.example with ESMTPS id 1 for <${ROBOT}>; ${date}`;
}

function rfc822NameDer(address: string): string {
  const name = Buffer.from(address, "latin1");
  const bytes = Buffer.concat([Buffer.of(0x30, name.length + 2, 0x81, name.length), name]);
  return bytes.toString("hex").replace(/..(?=.)/g, "$&:");
}
