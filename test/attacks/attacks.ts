/**
 * The table of attacks: every way in which somebody made a mail look signed by another, or a program store, answer or
 * forget what it should not, and what keybot does with each.
 *
 * Sources: "Johnny" is Müller et al., "Johnny, you are fired!" – Spoofing OpenPGP and S/MIME Signatures in Emails,
 * USENIX Security 2019, with the names of its attack classes (its UI class needs eyes, its GPG API class a command
 * line; what of them can reach a mail robot stands under "Text"); "Takeover" is Strenzke, Message Takeover Attacks
 * against S/MIME, 2016. Where PRODUCT §3 settles a case, that is the expectation.
 *
 * Each row starts from an honest twin, which is accepted, and changes it. `forge` gives the bytes; another program can
 * be held against the same table with the stage's root as its trust anchor.
 */
import { readFileSync } from "node:fs";
import type { Folder, Template, Verdict, View } from "../../src/decide/index.ts";
import type { FindingCode } from "../../src/inspect/index.ts";
import { encryptedMail } from "../lab/openssl.ts";
import {
  addCertificates,
  addSigner,
  addUnsigned,
  attribute,
  attributeBytes,
  attributeOf,
  certificatesOf,
  cmsOf,
  digestValue,
  encryptionPreferenceFor,
  OIDS,
  open,
  operate,
  removeCertificates,
  setContent,
  setSignature,
  signAgain,
  signedAttributes,
  signerAt,
  withCms,
  withCmsText,
  withoutAttribute,
} from "./cms-surgery.ts";
import { branch, childAt, emptied, leaf, oidNode, writeDer, writeIndefinite } from "./der-tree.ts";
import { fakePrivateKey, publicKeyOf, spkiOf } from "./key-surgery.ts";
import { below, boundaryOf, cut, multipart, replaced, text, withEntity, withField } from "./mail-surgery.ts";
import {
  arrives,
  base64Of,
  bundleOf,
  certificateFile,
  detachedFrom,
  innerHeader,
  keyFile,
  later,
  opaqueFrom,
  signedAround,
  signedParts,
  withInnerContent,
  withoutAttributes,
  withSignedPart,
  withSigner,
} from "./recipe.ts";
import { ALICE, type Cast, MALLORY, ROBOT, received, type Stage, WORDS } from "./stage.ts";
import { malloryWith, TWIN, type Twin } from "./twin.ts";

/** The verdict on one certificate and every finding that is more than a note, in the order of the alphabet. */
export type Judgement = readonly [Verdict, ...FindingCode[]];

/** What keybot does with the mail. */
export interface Expected {
  /** Every certificate that is judged, under its name on the stage; `other` for one that was made on the way. */
  readonly judged: { readonly [Who in keyof Cast | "other"]?: Judgement };
  readonly folder: Folder;
  /** The template of the reply, or null: silence. */
  readonly reply: Template | null;
  /** What is wrong with the signature where no certificate bears it. */
  readonly signature?: readonly FindingCode[];
  /** Whose public keys are barred. */
  readonly bars?: readonly (keyof Cast)[];
  /** Under which address it is stored and to whom the reply goes; Alice's when left out. */
  readonly address?: string;
}

export interface Attack {
  readonly id: string;
  readonly class:
    | "CMS"
    | "Text"
    | "MIME"
    | "ID"
    | "Takeover"
    | "Key"
    | "Algorithm"
    | "Encoding"
    | "Reflection"
    | "Denial";
  /** What the attacker hopes for. */
  readonly hope: string;
  /** Where it is described, and the rule that stops it. */
  readonly source: string;
  /** How the mail is made from its twin. */
  readonly made: string;
  readonly twin: Twin;
  readonly forge: (twin: Buffer, stage: Stage) => Buffer;
  /** Days between the signing and the judging; 0 when left out. */
  readonly days?: number;
  /** What the directory knows already; nothing when left out. */
  readonly view?: (stage: Stage) => Partial<View>;
  readonly expect: Expected;
}

const rejected = (...codes: FindingCode[]): Judgement => ["rejected", ...codes];
const pending = (...codes: FindingCode[]): Judgement => ["pending", ...codes];
const accepted: Judgement = ["accepted"];

/** Nobody's certificate is judged, and nothing is said. */
const NOTHING: Expected = { judged: {}, folder: "Unhandled", reply: null };
const refused = (who: keyof Cast, ...codes: FindingCode[]): Expected => ({
  judged: { [who]: rejected(...codes) },
  folder: "Rejected",
  reply: "rejected",
});
const waits = (who: keyof Cast, ...codes: FindingCode[]): Expected => ({
  judged: { [who]: pending(...codes) },
  folder: "Pending",
  reply: "pending",
});
const takes = (who: keyof Cast, address = ALICE): Expected => ({
  judged: { [who]: accepted },
  folder: "Processed",
  reply: "accepted",
  address,
});
/** From cannot be believed: rejected in silence. */
const anonymous = (who: keyof Cast): Expected => ({ ...refused(who, "address.from"), reply: null });

/** Mallory's certificate, under his own name and under another. */
const mallorys = takes("mallory", MALLORY);
const unsupported: Expected = {
  judged: {},
  folder: "Rejected",
  reply: "rejected",
  signature: ["mail.content-unsupported"],
};
const mismatch = refused("mallory", "address.mismatch");

const ALICE_FROM = `From: Alice <${ALICE}>`;
const from = (mail: Buffer, ...lines: string[]) => withField(mail, "From", ...lines);
const other = (stage: Stage, who: keyof Cast) => open(cmsOf(stage.signed({ signer: stage[who] })));

// ── CMS: containers that contradict themselves ──────────────────────────────────────────────────────────────────────

const CMS: readonly Attack[] = [
  {
    id: "cms.econtent-in-detached",
    class: "CMS",
    hope: "the signature is checked over the content inside, and the part beside it is believed",
    source: "Johnny, CMS (eContent confusion); RFC 8551 §3.5.3",
    made: "Alice's signed part goes into eContent, other words into the part that is seen",
    twin: TWIN.DETACHED,
    forge: (mail) => replaced(withInnerContent(mail), "this is my public key", "this is what Eve says"),
    expect: refused("alice", "signature.detached-content", "signature.digest-mismatch"),
  },
  {
    id: "cms.econtent-same-in-detached",
    class: "CMS",
    hope: "a content inside that is right today opens the way for one that is not",
    source: "Johnny, CMS (eContent confusion); PRODUCT §3",
    made: "Alice's signed part stands in eContent as well",
    twin: TWIN.DETACHED,
    forge: withInnerContent,
    expect: refused("alice", "signature.detached-content"),
  },
  {
    id: "cms.econtent-absent-in-opaque",
    class: "CMS",
    hope: "without a content there is nothing that could be wrong",
    source: "Johnny, CMS (eContent confusion); RFC 8551 §3.5.2",
    made: "eContent is taken out of an opaque mail",
    twin: TWIN.OPAQUE,
    forge: (mail) => operate(mail, (cms) => setContent(cms, null)),
    expect: refused("alice", "signature.digest-mismatch", "signature.no-content"),
  },
  {
    id: "cms.econtent-empty",
    class: "CMS",
    hope: "an empty content is taken for none",
    source: "Johnny, CMS (eContent confusion)",
    made: "eContent is an empty OCTET STRING",
    twin: TWIN.OPAQUE,
    forge: (mail) => operate(mail, (cms) => setContent(cms, Buffer.alloc(0))),
    expect: refused("alice", "signature.digest-mismatch"),
  },
  {
    id: "cms.content-changed",
    class: "CMS",
    hope: "nobody looks at the digest",
    source: "RFC 5652 §5.6",
    made: "one word of the signed text is another",
    twin: TWIN.DETACHED,
    forge: (mail) => replaced(mail, "public key", "public kez"),
    expect: refused("alice", "signature.digest-mismatch"),
  },
  {
    id: "cms.no-signer-infos",
    class: "CMS",
    hope: "zero signers are zero wrong signatures",
    source: "Johnny, CMS (no signers); PRODUCT §3",
    made: "signerInfos is empty, the certificate stays",
    twin: TWIN.DETACHED,
    forge: (mail) => operate(mail, ({ signerInfos }) => emptied(signerInfos)),
    expect: waits("alice", "signature.none"),
  },
  {
    id: "cms.no-signer-infos-and-fake",
    class: "CMS",
    hope: "zero signers, and the attacker's key under Alice's name",
    source: "Johnny, CMS (no signers)",
    made: "signerInfos is empty, the certificate is one that names Alice and that nobody vouches for",
    twin: TWIN.DETACHED,
    forge: (mail, { alice, fake, issuer }) =>
      operate(mail, (cms) => {
        emptied(cms.signerInfos);
        removeCertificates(cms, alice, issuer);
        addCertificates(cms, fake);
      }),
    expect: waits("fake", "path.self-signed", "signature.none"),
  },
  {
    id: "cms.nothing-at-all",
    class: "CMS",
    hope: "a SignedData without anything in it is not looked at",
    source: "Johnny, CMS (no signers)",
    made: "neither signers nor certificates",
    twin: TWIN.DETACHED,
    forge: (mail) =>
      operate(mail, (cms) => {
        emptied(cms.signerInfos);
        emptied(certificatesOf(cms));
      }),
    expect: { judged: {}, folder: "Rejected", reply: "rejected" },
  },
  {
    id: "cms.no-certificate",
    class: "CMS",
    hope: "a signer without a certificate is one that nobody can doubt",
    source: "Johnny, CMS (trust issues); RFC 5652 §5.3",
    made: "all certificates are taken out",
    twin: TWIN.DETACHED,
    forge: (mail) => operate(mail, (cms) => emptied(certificatesOf(cms))),
    expect: { judged: {}, folder: "Rejected", reply: "rejected", signature: ["signature.no-signer"] },
  },
  {
    id: "cms.other-certificate-only",
    class: "CMS",
    hope: "the only certificate must be the signer's",
    source: "Johnny, CMS (trust issues); RFC 5652 §5.3",
    made: "Mallory's signature, and only Alice's certificate beside it",
    twin: TWIN.MALLORYS,
    forge: (mail, { alice, mallory }) =>
      operate(from(mail, ALICE_FROM), (cms) => {
        removeCertificates(cms, mallory);
        addCertificates(cms, alice);
      }),
    expect: refused("alice", "signature.no-signer"),
  },
  {
    id: "cms.signer-named-wrongly",
    class: "CMS",
    hope: "the certificate that the signer names is shown, not the one whose key fits",
    source: "RFC 5652 §5.3, §5.6",
    made: "Mallory's SignerInfo says that Alice's certificate made it",
    twin: TWIN.MALLORYS,
    forge: (mail, stage) =>
      operate(from(mail, ALICE_FROM), (cms) => {
        const signer = signerAt(cms);
        signer.children?.splice(1, 1, childAt(signerAt(other(stage, "alice")), 1));
        addCertificates(cms, stage.alice);
        removeCertificates(cms, stage.mallory);
      }),
    expect: refused("alice", "signature.broken"),
  },
  {
    id: "cms.two-signers-mallory-first",
    class: "CMS",
    hope: "one good signature is shown as the signature of the mail",
    source: "Johnny, CMS (multiple signers); PRODUCT §3",
    made: "Mallory signs the same content too; Alice's own signature stays right",
    twin: TWIN.DETACHED,
    forge: (mail, stage) => withSigner(mail, stage, "mallory", "first"),
    expect: {
      judged: { alice: accepted, mallory: rejected("address.mismatch") },
      folder: "Processed",
      reply: "accepted",
    },
  },
  {
    id: "cms.two-signers-mallory-last",
    class: "CMS",
    hope: "the last signature decides",
    source: "Johnny, CMS (multiple signers); PRODUCT §3",
    made: "as above, Mallory's behind Alice's",
    twin: TWIN.DETACHED,
    forge: (mail, stage) => withSigner(mail, stage, "mallory", "last"),
    expect: {
      judged: { alice: accepted, mallory: rejected("address.mismatch") },
      folder: "Processed",
      reply: "accepted",
    },
  },
  {
    id: "cms.second-signer-good-own-broken",
    class: "CMS",
    hope: "Mallory's right signature lends itself to Alice's broken one",
    source: "Johnny, CMS (multiple signers); PRODUCT §3",
    made: "other words, signed by Mallory; Alice's SignerInfo of the old words stays beside",
    twin: TWIN.MALLORYS,
    forge: (mail, stage) =>
      operate(from(mail, ALICE_FROM), (cms) => {
        addSigner(cms, open(cmsOf(stage.signed({ signer: stage.alice, text: "other words\r\n" }))), "last");
        addCertificates(cms, stage.alice);
      }),
    expect: {
      judged: { alice: rejected("signature.digest-mismatch"), mallory: rejected("address.mismatch") },
      folder: "Rejected",
      reply: "rejected",
    },
  },
  {
    id: "cms.second-signer-fake-alice",
    class: "CMS",
    hope: "a second signer who says that he is Alice rides on her good signature",
    source: "Johnny, CMS (multiple signers, trust issues)",
    made: "a self-signed certificate of Alice's name signs the same content",
    twin: TWIN.DETACHED,
    forge: (mail, stage) => withSigner(mail, stage, "fake", "first"),
    expect: {
      judged: { alice: accepted, fake: rejected("path.self-signed", "signature.unnamed") },
      folder: "Processed",
      reply: "accepted",
    },
  },
  {
    id: "cms.same-signer-twice",
    class: "CMS",
    hope: "the first SignerInfo is checked, the second one shown",
    source: "Johnny, CMS (multiple signers)",
    made: "a second SignerInfo of Alice's, over other words",
    twin: TWIN.DETACHED,
    forge: (mail, stage) =>
      operate(mail, (cms) =>
        addSigner(cms, open(cmsOf(stage.signed({ signer: stage.alice, text: "other words\r\n" }))), "last"),
      ),
    expect: refused("alice", "signature.digest-mismatch"),
  },
  {
    id: "cms.self-signed",
    class: "CMS",
    hope: "a certificate that names Alice is Alice's",
    source: "Johnny, CMS (trust issues); PRODUCT §3",
    made: "a self-signed certificate of Alice's name signs",
    twin: TWIN.DETACHED,
    forge: (_mail, stage) => stage.signed({ signer: stage.fake }),
    expect: waits("fake", "path.self-signed"),
  },
  {
    id: "cms.ca-of-the-same-name",
    class: "CMS",
    hope: "the name of the CA is enough",
    source: "Johnny, CMS (trust issues); RFC 5280 §6.1.3 (a)(1)",
    made: "a CA with the public one's name and another key vouches for Alice's name",
    twin: TWIN.DETACHED,
    forge: (_mail, stage) => stage.signed({ signer: stage.rogue, chain: [stage.issuer.certFile] }),
    expect: waits("rogue", "path.issuer-key"),
  },
  {
    id: "cms.ca-of-other-domain",
    class: "CMS",
    hope: "a CA that is trusted for one domain vouches for another",
    source: "PRODUCT §3 (trust anchors)",
    made: "the broker's CA, trusted for evil.example, vouches for Alice's name",
    twin: TWIN.DETACHED,
    forge: (_mail, stage) => stage.signed({ signer: stage.ofBroker }),
    expect: waits("ofBroker", "path.anchor-domain"),
  },
  {
    id: "cms.end-entity-as-ca",
    class: "CMS",
    hope: "Mallory's own certificate vouches for one that he makes",
    source: "RFC 5280 §6.1.4 (k), (n)",
    made: "Mallory signs a certificate of Alice's name with the key of his own",
    twin: TWIN.DETACHED,
    forge: (_mail, stage) =>
      operate(stage.signed({ signer: stage.ofMallory, chain: [] }), (cms) =>
        addCertificates(cms, stage.mallory, stage.issuer),
      ),
    expect: {
      judged: {
        ofMallory: rejected("path.key-usage", "path.not-a-ca"),
        mallory: rejected("address.mismatch", "path.key-usage", "path.not-a-ca"),
      },
      folder: "Rejected",
      reply: "rejected",
    },
  },
  {
    id: "cms.content-type-other",
    class: "CMS",
    hope: "a signature that Alice made for another protocol counts as one under a mail",
    source: "RFC 8551 §2.4.1",
    made: "eContentType is a time-stamp's, in the attribute too; Alice's own signature",
    twin: TWIN.OPAQUE,
    forge: (_mail, stage) =>
      stage.signed({
        signer: stage.alice,
        form: "opaque",
        flags: ["-noindef", "-econtent_type", OIDS.tstInfo],
      }),
    expect: unsupported,
  },
  {
    id: "cms.content-type-contradicts",
    class: "CMS",
    hope: "eContentType can be exchanged, as it is not signed itself",
    source: "RFC 5652 §11.1",
    made: "Alice's time-stamp signature, with eContentType set to id-data afterwards",
    twin: TWIN.OPAQUE,
    forge: (_mail, stage) =>
      operate(
        stage.signed({
          signer: stage.alice,
          form: "opaque",
          flags: ["-noindef", "-econtent_type", OIDS.tstInfo],
        }),
        ({ encapsulated }) => void encapsulated.children?.splice(0, 1, oidNode(OIDS.data)),
      ),
    expect: refused("alice", "signature.content-type"),
  },
  {
    id: "cms.not-signed-data",
    class: "CMS",
    hope: "what is no SignedData is not judged as one",
    source: "RFC 5652 §3",
    made: "the ContentInfo says DigestedData",
    twin: TWIN.DETACHED,
    forge: (mail) =>
      operate(mail, ({ root }) => void root.children?.splice(0, 1, oidNode("1.2.840.113549.1.7.5"))),
    expect: { judged: {}, folder: "Rejected", reply: "rejected", signature: ["mail.content-unsupported"] },
  },
];

// ── Signed attributes ───────────────────────────────────────────────────────────────────────────────────────────────

const ATTRIBUTES: readonly Attack[] = [
  {
    id: "attributes.as-content",
    class: "CMS",
    hope: "Alice's signature over attributes is one over a content of those octets",
    source: "RFC 5652 §13; draft-ietf-lamps-cms-euf-cma-signeddata",
    made: "her signed attributes become the content, and the SignerInfo loses them",
    twin: TWIN.OPAQUE,
    forge: (mail) =>
      withoutAttributes(operate(mail, (cms) => setContent(cms, attributeBytes(signerAt(cms))))),
    expect: refused("alice", "signature.attributes"),
  },
  {
    id: "attributes.as-content-detached",
    class: "CMS",
    hope: "the same, beside the signature",
    source: "RFC 5652 §13; draft-ietf-lamps-cms-euf-cma-signeddata",
    made: "her signed attributes, in which no line ends, become the signed part",
    twin: TWIN.WITHOUT_CAPABILITIES,
    forge: (mail) => {
      const octets = attributeBytes(signerAt(open(cmsOf(mail))));
      return withSignedPart(withoutAttributes(mail), octets.toString("latin1"));
    },
    expect: refused("alice", "signature.attributes"),
  },
  {
    id: "attributes.stripped",
    class: "CMS",
    hope: "without attributes the signature is over the content, and nobody sees the difference",
    source: "RFC 5652 §5.4",
    made: "the signed attributes are taken out, all else stays",
    twin: TWIN.DETACHED,
    forge: (mail) => withoutAttributes(mail),
    expect: refused("alice", "signature.broken"),
  },
  {
    id: "attributes.added-to-bare-signature",
    class: "CMS",
    hope: "attributes put to a signature that had none count as signed",
    source: "RFC 5652 §5.4",
    made: "content-type and message-digest of other words are put before Alice's bare signature",
    twin: TWIN.WITHOUT_ATTRIBUTES,
    forge: (mail) => {
      const words = "Content-Type: text/plain\r\n\r\nEve's words\r\n";
      const changed = operate(mail, (cms) => {
        const attributes = branch(
          0xa0,
          attribute(OIDS.contentType, oidNode(OIDS.data)),
          attribute(OIDS.messageDigest, digestValue(Buffer.from(words))),
        );
        signerAt(cms).children?.splice(3, 0, attributes);
      });
      return withSignedPart(changed, words);
    },
    expect: refused("alice", "signature.broken"),
  },
  {
    id: "attributes.empty",
    class: "CMS",
    hope: "an empty set of attributes is there, so the digest is not asked for",
    source: "RFC 5652 §5.3 (SIZE 1..MAX)",
    made: "the set is emptied and signed by Alice's key",
    twin: TWIN.DETACHED,
    forge: (mail, { alice }) =>
      operate(mail, (cms) => {
        emptied(signedAttributes(signerAt(cms)));
        signAgain(signerAt(cms), alice);
      }),
    expect: refused("alice", "signature.attributes"),
  },
  {
    id: "attributes.no-message-digest",
    class: "CMS",
    hope: "what is not there cannot differ",
    source: "RFC 5652 §5.3, §11.2",
    made: "message-digest is left out, other words are put in; signed by Alice's key",
    twin: TWIN.DETACHED,
    forge: (mail, { alice }) =>
      replaced(
        operate(mail, (cms) => {
          withoutAttribute(signerAt(cms), OIDS.messageDigest);
          signAgain(signerAt(cms), alice);
        }),
        "public key",
        "public kez",
      ),
    expect: refused("alice", "signature.attributes"),
  },
  {
    id: "attributes.no-content-type",
    class: "CMS",
    hope: "without the attribute the content may be of any type",
    source: "RFC 5652 §5.3, §11.1",
    made: "content-type is left out; signed by Alice's key",
    twin: TWIN.DETACHED,
    forge: (mail, { alice }) =>
      operate(mail, (cms) => {
        withoutAttribute(signerAt(cms), OIDS.contentType);
        signAgain(signerAt(cms), alice);
      }),
    expect: refused("alice", "signature.attributes"),
  },
  {
    id: "attributes.message-digest-twice",
    class: "CMS",
    hope: "of two digests the one that fits is used",
    source: "RFC 5652 §11.2",
    made: "a second message-digest, of other words, signed by Alice's key",
    twin: TWIN.DETACHED,
    forge: (mail, { alice }) =>
      operate(mail, (cms) => {
        signedAttributes(signerAt(cms)).children?.push(
          attribute(OIDS.messageDigest, digestValue(Buffer.from("other"))),
        );
        signAgain(signerAt(cms), alice);
      }),
    expect: refused("alice", "signature.attributes"),
  },
  {
    id: "attributes.message-digest-two-values",
    class: "CMS",
    hope: "of two values the one that fits is used",
    source: "RFC 5652 §11.2",
    made: "message-digest has a second value, signed by Alice's key",
    twin: TWIN.DETACHED,
    forge: (mail, { alice }) =>
      operate(mail, (cms) => {
        const values = childAt(attributeOf(signerAt(cms), OIDS.messageDigest), 1);
        values.children?.push(digestValue(Buffer.from("other")));
        signAgain(signerAt(cms), alice);
      }),
    expect: refused("alice", "signature.attributes"),
  },
  {
    id: "attributes.content-type-twice",
    class: "CMS",
    hope: "of two types the one that fits is used",
    source: "RFC 5652 §11.1",
    made: "a second content-type, a time-stamp's, signed by Alice's key",
    twin: TWIN.DETACHED,
    forge: (mail, { alice }) =>
      operate(mail, (cms) => {
        signedAttributes(signerAt(cms)).children?.push(attribute(OIDS.contentType, oidNode(OIDS.tstInfo)));
        signAgain(signerAt(cms), alice);
      }),
    expect: refused("alice", "signature.attributes"),
  },
  {
    id: "attributes.signing-time-twice",
    class: "CMS",
    hope: "the younger of two signing times hides a replay",
    source: "RFC 5652 §11.3",
    made: "signing-time stands there twice, signed by Alice's key",
    twin: TWIN.DETACHED,
    forge: (mail, { alice }) =>
      operate(mail, (cms) => {
        const set = signedAttributes(signerAt(cms));
        set.children?.push(attributeOf(signerAt(cms), OIDS.signingTime));
        signAgain(signerAt(cms), alice);
      }),
    expect: refused("alice", "signature.attributes"),
  },
  {
    id: "attributes.unsigned-signing-time",
    class: "CMS",
    hope: "a signing time that nobody signed makes an old mail new",
    source: "RFC 5652 §11.3",
    made: "signing-time is put among the unsigned attributes",
    twin: TWIN.WITHOUT_ATTRIBUTES,
    forge: (mail) =>
      operate(mail, (cms) =>
        addUnsigned(signerAt(cms), attribute(OIDS.signingTime, leaf(0x17, Buffer.from("260101000000Z")))),
      ),
    expect: refused("alice", "signature.attributes"),
  },
  {
    id: "attributes.digest-of-other-words",
    class: "CMS",
    hope: "attributes are not looked at once they are signed",
    source: "RFC 5652 §5.6",
    made: "message-digest is exchanged for that of other words, which stand in the mail",
    twin: TWIN.DETACHED,
    forge: (mail) => {
      const words = "Content-Type: text/plain\r\n\r\nEve's words\r\n";
      const changed = operate(mail, (cms) => {
        const values = childAt(attributeOf(signerAt(cms), OIDS.messageDigest), 1);
        values.children = [digestValue(Buffer.from(words))];
      });
      return withSignedPart(changed, words);
    },
    expect: refused("alice", "signature.broken"),
  },
];

// ── Algorithms ──────────────────────────────────────────────────────────────────────────────────────────────────────

const ALGORITHMS: readonly Attack[] = [
  {
    id: "algorithm.md5",
    class: "Algorithm",
    hope: "a digest that anybody can collide carries a signature over to other words",
    source: "RFC 8551 §2.1; PRODUCT §3",
    made: "Alice signs with MD5",
    twin: TWIN.DETACHED,
    forge: (_mail, stage) => stage.signed({ signer: stage.aliceRsa, md: "md5" }),
    expect: refused("aliceRsa", "signature.digest-forbidden"),
  },
  {
    id: "algorithm.sha1",
    class: "Algorithm",
    hope: "as MD5, with more money",
    source: "RFC 8551 §2.1; PRODUCT §3",
    made: "Alice signs with SHA-1",
    twin: TWIN.DETACHED,
    forge: (_mail, stage) => stage.signed({ signer: stage.alice, md: "sha1" }),
    expect: waits("alice", "signature.digest-weak"),
  },
  {
    id: "algorithm.digest-exchanged",
    class: "Algorithm",
    hope: "digestAlgorithm is not signed, so a weaker one can be put there",
    source: "RFC 5652 §5.4, RFC 6211",
    made: "digestAlgorithm of Alice's SignerInfo says SHA-1",
    twin: TWIN.DETACHED,
    forge: (mail) =>
      operate(mail, (cms) => void signerAt(cms).children?.splice(2, 1, branch(0x30, oidNode(OIDS.sha1)))),
    expect: refused("alice", "signature.algorithm", "signature.digest-mismatch", "signature.digest-weak"),
  },
  {
    id: "algorithm.empty-signature",
    class: "Algorithm",
    hope: "an empty value verifies (CVE-2022-21449 was of that kind)",
    source: "RFC 5652 §5.6",
    made: "the signature value is empty",
    twin: TWIN.DETACHED,
    forge: (mail) => operate(mail, (cms) => setSignature(signerAt(cms), Buffer.alloc(0))),
    expect: refused("alice", "signature.broken"),
  },
  {
    id: "algorithm.ecdsa-zero",
    class: "Algorithm",
    hope: "r = s = 0 verifies (CVE-2022-21449)",
    source: "FIPS 186-5 §6.4.2",
    made: "the signature value is a SEQUENCE of two zeros",
    twin: TWIN.DETACHED,
    forge: (mail) =>
      operate(mail, (cms) => setSignature(signerAt(cms), Buffer.from("3006020100020100", "hex"))),
    expect: refused("alice", "signature.broken"),
  },
  {
    id: "algorithm.unknown",
    class: "Algorithm",
    hope: "what cannot be checked is let through",
    source: "RFC 5652 §10.1.2",
    made: "signatureAlgorithm is one that nobody knows",
    twin: TWIN.DETACHED,
    forge: (mail) =>
      operate(
        mail,
        (cms) => void signerAt(cms).children?.splice(4, 1, branch(0x30, oidNode("1.3.6.1.4.1.9"))),
      ),
    expect: refused("alice", "signature.algorithm"),
  },
];

// ── Encoding ────────────────────────────────────────────────────────────────────────────────────────────────────────

const ENCODING: readonly Attack[] = [
  {
    id: "encoding.indefinite",
    class: "Encoding",
    hope: "a second reading of the same octets; but honest programs stream like this, so it must be taken",
    source: "RFC 5652 §5.1 (BER); X.690 §8.1.3.6",
    made: "the outer levels have indefinite lengths",
    twin: TWIN.DETACHED,
    forge: (mail) => withCms(mail, writeIndefinite(open(cmsOf(mail)).root, 3)),
    expect: takes("alice"),
  },
  {
    id: "encoding.trailing-data",
    class: "Encoding",
    hope: "one program reads the first structure, another one the last; but the first ends where its length says",
    source: "X.690 §8.1; RFC 5652 §3",
    made: "a second SignedData, of Mallory's, behind the first",
    twin: TWIN.DETACHED,
    forge: (mail, stage) =>
      withCms(mail, Buffer.concat([cmsOf(mail), cmsOf(stage.signed({ signer: stage.mallory }))])),
    expect: takes("alice"),
  },
  {
    id: "encoding.trailing-in-signed-data",
    class: "Encoding",
    hope: "what stands behind signerInfos is read by somebody",
    source: "RFC 5652 §5.1",
    made: "a second set of SignerInfos in the SignedData",
    twin: TWIN.DETACHED,
    forge: (mail) => operate(mail, (cms) => void cms.signedData.children?.push(branch(0x31, signerAt(cms)))),
    expect: { judged: {}, folder: "Rejected", reply: "rejected", signature: ["signature.unreadable"] },
  },
  {
    id: "encoding.text-behind-base64",
    class: "Encoding",
    hope: "words behind the end of an opaque mail's base64 are read as part of it",
    source: "RFC 2045 §6.8; PRODUCT §3 (list footer)",
    made: "a footer below the base64 of an opaque mail",
    twin: TWIN.OPAQUE,
    forge: (mail) => withCmsText(mail, `${base64Of(mail)}\r\n-- \r\n${WORDS}!\r\n`),
    expect: waits("alice", "signature.partial"),
  },
  {
    id: "encoding.base64-interrupted",
    class: "Encoding",
    hope: "decoders that skip foreign characters and those that stop see two signatures",
    source: "RFC 2045 §6.8",
    made: "a hyphen in the middle of the base64",
    twin: TWIN.OPAQUE,
    forge: (mail) => withCmsText(mail, base64Of(mail).replace(/^(.{200,}?\r\n)/s, "$1-\r\n")),
    expect: { judged: {}, folder: "Rejected", reply: "rejected", signature: ["signature.unreadable"] },
  },
  {
    id: "encoding.attributes-unsorted",
    class: "Encoding",
    hope: "attributes in two orders are two texts; but they say the same, and honest programs do it",
    source: "RFC 5652 §5.4",
    made: "the signed attributes in reverse order, signed as they stand by Alice's key",
    twin: TWIN.DETACHED,
    forge: (mail, { alice }) =>
      operate(mail, (cms) => {
        signedAttributes(signerAt(cms)).children?.reverse();
        signAgain(signerAt(cms), alice, "as they are");
      }),
    expect: takes("alice"),
  },
  {
    id: "encoding.bare-lf",
    class: "Encoding",
    hope: "line ends that a gateway changed hide a change of the words; but the canonical form is the signed one",
    source: "RFC 8551 §3.1.1",
    made: "every CRLF of the mail is a bare LF",
    twin: TWIN.DETACHED,
    forge: (mail) => replaced(mail, /\r\n/g, "\n"),
    expect: takes("alice"),
  },
];

// ── MIME: a signed part and something else ──────────────────────────────────────────────────────────────────────────

const MIME: readonly Attack[] = [
  {
    id: "mime.prepend",
    class: "MIME",
    hope: "unsigned words on top, the seal of the signed part beside them",
    source: "Johnny, MIME (prepending); PRODUCT §3",
    made: "multipart/mixed of a text and Alice's whole signed part",
    twin: TWIN.DETACHED,
    forge: (mail) => withEntity(mail, multipart("multipart/mixed", [text(WORDS), cut(mail).entity])),
    expect: waits("alice", "signature.partial"),
  },
  {
    id: "mime.append",
    class: "MIME",
    hope: "unsigned words below, as a list's footer",
    source: "Johnny, MIME (appending); PRODUCT §3",
    made: "multipart/mixed of Alice's whole signed part and a text",
    twin: TWIN.DETACHED,
    forge: (mail) => withEntity(mail, multipart("multipart/mixed", [cut(mail).entity, text(WORDS)])),
    expect: waits("alice", "signature.partial"),
  },
  {
    id: "mime.append-to-opaque",
    class: "MIME",
    hope: "the same with an opaque mail",
    source: "Johnny, MIME (appending); PRODUCT §3",
    made: "multipart/mixed of Alice's opaque mail and a text",
    twin: TWIN.OPAQUE,
    forge: (mail) => withEntity(mail, multipart("multipart/mixed", [cut(mail).entity, text(WORDS)])),
    expect: waits("alice", "signature.partial"),
  },
  {
    id: "mime.alternative",
    class: "MIME",
    hope: "the attacker's HTML is shown, the signed alternative verified",
    source: "Johnny, MIME (hiding the signed part)",
    made: "multipart/alternative of Alice's signed part and a HTML text",
    twin: TWIN.DETACHED,
    forge: (mail) =>
      withEntity(mail, multipart("multipart/alternative", [cut(mail).entity, text(WORDS, "text/html")])),
    expect: waits("alice", "signature.partial"),
  },
  {
    id: "mime.related-by-content-id",
    class: "MIME",
    hope: "the signed part hides as an image that the HTML refers to",
    source: "Johnny, MIME (related content)",
    made: "multipart/related of a HTML text with cid: and Alice's signed part with that Content-ID",
    twin: TWIN.DETACHED,
    forge: (mail) =>
      withEntity(
        mail,
        multipart("multipart/related", [
          text(`<p>${WORDS}<img src="cid:hidden">`, "text/html"),
          `Content-ID: <hidden>\r\n${cut(mail).entity}`,
        ]),
      ),
    expect: waits("alice", "signature.partial"),
  },
  {
    id: "mime.attached",
    class: "MIME",
    hope: "the signed mail hides as an attachment with an icon",
    source: "Johnny, MIME (attachment)",
    made: "multipart/mixed, Alice's signed part with Content-Disposition: attachment",
    twin: TWIN.DETACHED,
    forge: (mail) =>
      withEntity(
        mail,
        multipart("multipart/mixed", [
          text(WORDS),
          `Content-Disposition: attachment; filename="old.eml"\r\n${cut(mail).entity}`,
        ]),
      ),
    expect: waits("alice", "signature.partial"),
  },
  {
    id: "mime.conditional-html",
    class: "MIME",
    hope: "an unclosed HTML attribute in the first part swallows the signed one",
    source: "Johnny, MIME (hiding with HTML)",
    made: "a HTML text that leaves a tag open before Alice's signed part",
    twin: TWIN.DETACHED,
    forge: (mail) =>
      withEntity(
        mail,
        multipart("multipart/mixed", [
          text(`${WORDS}<plaintext style="display:none`, "text/html"),
          cut(mail).entity,
        ]),
      ),
    expect: waits("alice", "signature.partial"),
  },
  {
    id: "mime.third-part",
    class: "MIME",
    hope: "a third part in the multipart/signed itself is covered by nobody",
    source: "Johnny, MIME (appending); RFC 1847 §2.1",
    made: "a text behind the signature, in the same multipart/signed",
    twin: TWIN.DETACHED,
    forge: (mail) => {
      const boundary = boundaryOf(mail);
      return replaced(mail, `--${boundary}--`, `--${boundary}\r\n${text(WORDS)}--${boundary}--`);
    },
    expect: waits("alice", "signature.partial"),
  },
  {
    id: "mime.epilogue",
    class: "MIME",
    hope: "words behind the last boundary, as an anti-virus writes them",
    source: "RFC 2046 §5.1.1; PRODUCT §3 (disclaimer)",
    made: "words in the epilogue",
    twin: TWIN.DETACHED,
    forge: (mail) => Buffer.concat([mail, Buffer.from(`\r\n${WORDS}\r\n`)]),
    expect: waits("alice", "signature.partial"),
  },
  {
    id: "mime.preamble",
    class: "MIME",
    hope: "words before the first boundary; but no MIME program shows them, and honest ones write some",
    source: "RFC 2046 §5.1.1",
    made: "other words in the preamble",
    twin: TWIN.DETACHED,
    forge: (mail) => replaced(mail, "This is an S/MIME signed message", WORDS),
    expect: takes("alice"),
  },
  {
    id: "mime.signature-first",
    class: "MIME",
    hope: "with the parts in the wrong order, programs disagree on which one is signed",
    source: "RFC 1847 §2.1",
    made: "signature and content change places",
    twin: TWIN.DETACHED,
    forge: (mail) => {
      const [content, signature] = signedParts(mail);
      const boundary = boundaryOf(mail);
      const head = cut(mail).entity.split("\r\n\r\n", 1)[0] ?? "";
      return withEntity(
        mail,
        `${head}\r\n\r\n--${boundary}\r\n${signature}\r\n--${boundary}\r\n${content}\r\n--${boundary}--\r\n`,
      );
    },
    expect: waits("alice", "signature.none"),
  },
  {
    id: "mime.forwarded",
    class: "MIME",
    hope: "a signed mail of Alice's that is forwarded makes her the author of the outer one",
    source: "Johnny, MIME (attachment); PRODUCT §3",
    made: "message/rfc822 of Alice's whole mail in a mail that says to be from her",
    twin: TWIN.DETACHED,
    forge: (mail) =>
      withEntity(
        mail,
        multipart("multipart/mixed", [
          text(WORDS),
          `Content-Type: message/rfc822\r\n\r\n${mail.toString("latin1")}`,
        ]),
      ),
    expect: NOTHING,
  },
  {
    id: "mime.only-a-forwarded-mail",
    class: "MIME",
    hope: "the outer header is Mallory's, the inner one is shown",
    source: "RFC 8551 §3.1; PRODUCT §3",
    made: "Content-Type: message/rfc822, the body is Alice's mail",
    twin: TWIN.DETACHED,
    forge: (mail) => withEntity(mail, `Content-Type: message/rfc822\r\n\r\n${mail.toString("latin1")}`),
    expect: NOTHING,
  },
  {
    id: "mime.inner-header",
    class: "MIME",
    hope: "the header that Mallory signed inside his mail says From: Alice, and counts more than the outer one",
    source: "RFC 8551 §3.1; RFC 9788",
    made: "Mallory signs a message/rfc822 whose header says that it is Alice's; the outer From is his own",
    twin: TWIN.MALLORYS,
    forge: (_mail, stage) => innerHeader(stage, `From: Mallory <${MALLORY}>`),
    expect: takes("mallory", MALLORY),
  },
  {
    id: "mime.inner-header-own",
    class: "MIME",
    hope: "the inner header names Mallory and his certificate fits it; the outer one, which is stored, names Alice",
    source: "RFC 8551 §3.1; RFC 9788",
    made: "as above, with From: Alice outside",
    twin: TWIN.MALLORYS,
    forge: (_mail, stage) => innerHeader(stage, ALICE_FROM),
    expect: refused("mallory", "address.mismatch"),
  },
  {
    id: "mime.nested-mallory-outside",
    class: "MIME",
    hope: "the outer signature is right and the inner one is Alice's, so the mail is signed and Alice's",
    source: "Johnny, MIME (nested); RFC 8551 §3.7",
    made: "Mallory signs a content that is Alice's whole multipart/signed; From is Alice",
    twin: TWIN.DETACHED,
    forge: (mail, stage) => signedAround(mail, stage, ALICE_FROM),
    // As if Mallory had sent Alice's mail as it is, which everybody can who has it: her own signature is judged.
    expect: takes("alice"),
  },
  {
    id: "mime.opaque-in-opaque",
    class: "MIME",
    hope: "the innermost signature is Alice's, so the mail is",
    source: "Johnny, MIME (nested); RFC 2634 §1.1",
    made: "Mallory's opaque mail whose content is Alice's whole opaque mail; From is Alice",
    twin: TWIN.OPAQUE,
    forge: (mail, stage) => {
      const around = cmsOf(withInnerContent(signedAround(mail, stage, ALICE_FROM)));
      return opaqueFrom(mail, around);
    },
    expect: takes("alice"),
  },
  {
    id: "mime.protocol-of-openpgp",
    class: "MIME",
    hope: "protocol says OpenPGP and the part S/MIME: two programs check two signatures; judged by its bytes",
    source: "RFC 1847 §2.1; RFC 3156 §5",
    made: "protocol of Alice's multipart/signed says application/pgp-signature",
    twin: TWIN.DETACHED,
    forge: (mail) =>
      replaced(mail, /protocol="application\/(x-)?pkcs7-signature"/, 'protocol="application/pgp-signature"'),
    expect: takes("alice"),
  },
  {
    id: "mime.two-signed-parts",
    class: "MIME",
    hope: "one signed part is verified, the other one harvested",
    source: "Johnny, MIME (nested)",
    made: "multipart/mixed of Alice's signed part and Mallory's",
    twin: TWIN.DETACHED,
    forge: (mail, stage) =>
      withEntity(
        mail,
        multipart("multipart/mixed", [cut(mail).entity, cut(stage.signed({ signer: stage.mallory })).entity]),
      ),
    expect: {
      judged: {
        alice: pending("signature.partial"),
        mallory: rejected("address.mismatch", "signature.none"),
      },
      folder: "Pending",
      reply: "pending",
    },
  },
  {
    id: "mime.two-signed-parts-fake",
    class: "MIME",
    hope: "the attacker's key under Alice's name rides beside her signed part",
    source: "Johnny, MIME (nested)",
    made: "multipart/mixed of Alice's signed part and one signed with a certificate that only names her",
    twin: TWIN.DETACHED,
    forge: (mail, stage) =>
      withEntity(
        mail,
        multipart("multipart/mixed", [cut(mail).entity, cut(stage.signed({ signer: stage.fake })).entity]),
      ),
    expect: {
      judged: {
        alice: pending("signature.partial"),
        fake: pending("path.self-signed", "signature.none"),
      },
      folder: "Pending",
      reply: "pending",
    },
  },
  {
    id: "mime.two-content-types",
    class: "MIME",
    hope: "two programs read two structures",
    source: "RFC 5322 §3.6; RFC 2045 §5",
    made: "a second Content-Type, text/html, above Alice's",
    twin: TWIN.DETACHED,
    forge: (mail) => below(mail, "Content-Type", "Content-Type: text/html"),
    expect: NOTHING,
  },
  {
    id: "mime.two-boundaries",
    class: "MIME",
    hope: "of two boundaries one program takes the first, another one the last",
    source: "RFC 2045 §5.1; RFC 2231",
    made: "boundary stands twice in Alice's Content-Type",
    twin: TWIN.DETACHED,
    forge: (mail) => replaced(mail, /boundary=/, 'boundary="other"; boundary='),
    expect: NOTHING,
  },
  {
    id: "mime.boundary-twice-by-rfc2231",
    class: "MIME",
    hope: "boundary*0 and boundary are one for some and two for others",
    source: "RFC 2231 §3",
    made: "boundary*0 beside boundary",
    twin: TWIN.DETACHED,
    forge: (mail) => replaced(mail, /boundary=/, 'boundary*0="other"; boundary='),
    expect: NOTHING,
  },
  {
    id: "mime.boundary-prefix",
    class: "MIME",
    hope: "a line that only begins with the boundary ends the signed part for some programs",
    source: "RFC 2046 §5.1.1",
    made: "a line of boundary and one more letter, and words, in the signed part",
    twin: TWIN.DETACHED,
    forge: (mail) => replaced(mail, "this is my public key.", `--${boundaryOf(mail)}x\r\n\r\n${WORDS}`),
    expect: refused("alice", "signature.digest-mismatch"),
  },
  {
    id: "mime.boundary-of-inner-part",
    class: "MIME",
    hope: "an inner multipart with the outer one's boundary shifts what is signed",
    source: "RFC 2046 §5.1.2",
    made: "the content's own boundary is changed to that of the signature",
    twin: TWIN.WITH_FILE,
    forge: (mail) => {
      const outer = boundaryOf(mail);
      const inner = /boundary="(lab-[^"]+)"/.exec(mail.toString("latin1"))?.[1] ?? "";
      return replaced(mail, new RegExp(inner, "g"), outer);
    },
    expect: NOTHING,
  },
  {
    id: "mime.close-delimiter-missing",
    class: "MIME",
    hope: "a truncated mail is judged by what is left; but nothing signed is missing here",
    source: "RFC 2046 §5.1.1",
    made: "the last boundary line is cut off",
    twin: TWIN.DETACHED,
    forge: (mail) => replaced(mail, `--${boundaryOf(mail)}--`, ""),
    expect: takes("alice"),
  },
  {
    id: "mime.part-header-changed",
    class: "MIME",
    hope: "the header of the signed part is shown as an attachment's, and is not signed",
    source: "RFC 8551 §3.1",
    made: "a Content-Disposition is added to the signed part",
    twin: TWIN.DETACHED,
    forge: (mail) =>
      replaced(
        mail,
        "Content-Type: text/plain",
        "Content-Disposition: attachment\r\nContent-Type: text/plain",
      ),
    expect: refused("alice", "signature.digest-mismatch"),
  },
  {
    id: "mime.transfer-encoding-changed",
    class: "MIME",
    hope: "the same words in another encoding are the same content",
    source: "RFC 8551 §3.1.1, §3.1.3",
    made: "the signed part is encoded anew as base64",
    twin: TWIN.DETACHED,
    forge: (mail) =>
      withSignedPart(
        mail,
        `Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n${Buffer.from("Hello,\r\nthis is my public key.\r\n").toString("base64")}\r\n`,
      ),
    expect: refused("alice", "signature.digest-mismatch"),
  },
];

// ── ID: whose signature it is ───────────────────────────────────────────────────────────────────────────────────────

/** Mallory's signature, and a From that shall be taken for Alice's or his, whichever helps. */
function identity(
  id: string,
  hope: string,
  source: string,
  lines: readonly string[],
  expect: Expected,
  twin: Twin = TWIN.MALLORYS,
): Attack {
  const made = lines.length === 0 ? "no From" : lines.map((line) => JSON.stringify(line)).join(" and ");
  return { id, class: "ID", hope, source, made, twin, forge: (mail) => from(mail, ...lines), expect };
}

const ID: readonly Attack[] = [
  identity(
    "id.other-sender",
    "any right signature will do",
    "Johnny, ID (sender is not signer); RFC 8550 §3",
    [ALICE_FROM],
    mismatch,
  ),
  identity(
    "id.display-name",
    "the display name is compared with the certificate, or stored",
    "Johnny, ID (display name)",
    [`From: "${ALICE}" <${MALLORY}>`],
    mallorys,
  ),
  identity(
    "id.display-name-of-mallory",
    "the display name fits the certificate, the address is Alice's",
    "Johnny, ID (display name)",
    [`From: "${MALLORY}" <${ALICE}>`],
    mismatch,
  ),
  identity(
    "id.display-name-unquoted",
    "two addresses, of which programs take one or the other",
    "RFC 5322 §3.4",
    [`From: ${ALICE} <${MALLORY}>`],
    anonymous("mallory"),
  ),
  identity(
    "id.display-name-encoded",
    "an encoded word decodes into an address in angle brackets",
    "RFC 2047 §5, §6.2",
    [`From: =?utf-8?Q?Alice_=3Calice=40partner=2Eexample=3E?= <${MALLORY}>`],
    mallorys,
  ),
  identity(
    "id.display-name-newline",
    "a newline in an encoded word starts a From of its own",
    "RFC 2047 §6.2",
    [`From: =?utf-8?Q?x=0D=0AFrom=3A_alice=40partner=2Eexample?= <${MALLORY}>`],
    mallorys,
  ),
  identity(
    "id.encoded-address",
    "an encoded word in the address decodes to Alice's",
    "RFC 2047 §5 (3)",
    ["From: =?utf-8?Q?alice?=@partner.example"],
    anonymous("mallory"),
  ),
  identity(
    "id.comment",
    "an address in a comment is taken",
    "RFC 5322 §3.2.2",
    [`From: ${MALLORY} (${ALICE})`],
    mallorys,
  ),
  identity(
    "id.comment-of-mallory",
    "the certificate is compared with the comment",
    "RFC 5322 §3.2.2",
    [`From: (${MALLORY}) ${ALICE} (m@evil.example)`],
    mismatch,
  ),
  identity(
    "id.two-mailboxes",
    "one of two authors signed, the other one is stored",
    "Johnny, ID; RFC 5322 §3.6.2; PRODUCT §3",
    [`From: ${ALICE}, ${MALLORY}`],
    anonymous("mallory"),
  ),
  identity(
    "id.two-mailboxes-mallory-first",
    "the same, the other way round",
    "Johnny, ID; RFC 5322 §3.6.2; PRODUCT §3",
    [`From: ${MALLORY}, ${ALICE}`],
    anonymous("mallory"),
  ),
  identity(
    "id.two-from-fields",
    "programs take the first From or the last",
    "Johnny, ID; RFC 5322 §3.6; PRODUCT §3",
    [`From: ${MALLORY}`, ALICE_FROM],
    anonymous("mallory"),
  ),
  identity(
    "id.two-from-fields-in-case",
    "the second From is written otherwise",
    "RFC 5322 §1.2.2",
    [`From: ${MALLORY}`, `fRoM : ${ALICE}`],
    anonymous("mallory"),
  ),
  identity(
    "id.group",
    "the member of a group is the author",
    "RFC 6854; PRODUCT §3",
    [`From: Partners: ${MALLORY};`],
    anonymous("mallory"),
  ),
  identity(
    "id.group-named-as-alice",
    "the name of an empty group is taken for an address",
    "RFC 6854; PRODUCT §3",
    [`From: "${ALICE}":;`],
    anonymous("mallory"),
  ),
  identity(
    "id.no-from",
    "Sender steps in for From",
    "RFC 5322 §3.6.2; PRODUCT §3",
    [`Sender: ${MALLORY}`],
    anonymous("mallory"),
  ),
  identity(
    "id.empty-from",
    "Sender steps in for From",
    "RFC 5322 §3.6.2; PRODUCT §3",
    ["From:", `Sender: ${MALLORY}`],
    anonymous("mallory"),
  ),
  identity(
    "id.sender",
    "the certificate is compared with Sender",
    "Johnny, ID (From and Sender); RFC 8550 §3",
    [ALICE_FROM, `Sender: ${MALLORY}`],
    mismatch,
  ),
  identity(
    "id.reply-to",
    "the certificate is compared with Reply-To, or the answer goes there",
    "Johnny, ID; PRODUCT §3, §4",
    [ALICE_FROM, `Reply-To: ${MALLORY}`],
    mismatch,
  ),
  identity(
    "id.resent-from",
    "the certificate is compared with Resent-From",
    "RFC 5322 §3.6.6",
    [ALICE_FROM, `Resent-From: ${MALLORY}`],
    mismatch,
  ),
  identity(
    "id.nul",
    "a NUL ends the address for some programs",
    "RFC 5322 §3.4.1",
    [`From: ${ALICE}\0.evil.example`],
    anonymous("mallory"),
  ),
  identity(
    "id.nul-before",
    "a NUL is left out by some programs",
    "RFC 5322 §3.4.1",
    [`From: ${MALLORY}\0`],
    anonymous("mallory"),
  ),
  identity(
    "id.bare-cr",
    "a bare CR is a line end for some programs",
    "RFC 5322 §2.2",
    [`From: ${MALLORY}\rFrom: ${ALICE}`],
    anonymous("mallory"),
  ),
  identity(
    "id.folded",
    "a folded From hides its second line",
    "RFC 5322 §2.2.3",
    [`From: ${MALLORY}\r\n , ${ALICE}`],
    anonymous("mallory"),
  ),
  identity(
    "id.trailing-dot",
    "the root's dot makes another text of the same domain",
    "RFC 5321 §2.3.5",
    [`From: ${MALLORY}.`],
    mallorys,
  ),
  identity(
    "id.source-route",
    "the route's domain is taken for the address",
    "RFC 5322 §4.4",
    [`From: <@partner.example:${MALLORY}>`],
    mallorys,
  ),
  identity(
    "id.percent-hack",
    "the part before the percent sign is taken for the address",
    "RFC 5321 §2.3.11",
    ["From: alice%partner.example@evil.example"],
    { ...mismatch, address: "alice%partner.example@evil.example" },
  ),
  identity(
    "id.quoted-at",
    "a quoted @ shifts the border of local part and domain",
    "RFC 5321 §4.1.2",
    ['From: "alice@partner.example\\"@x"@evil.example'],
    { ...mismatch, reply: null, address: '"alice@partner.example\\"@x"@evil.example' },
  ),
  identity(
    "id.quoted-local-part",
    "quotes around the local part make no other address; the simplest form is stored",
    "RFC 5321 §4.1.2",
    ['From: "m"@evil.example'],
    mallorys,
  ),
  identity(
    "id.case",
    "case makes another address; by default it is the same, stored as one",
    "RFC 8550 §3; PRODUCT §3",
    ["From: M@EVIL.example"],
    takes("mallory", "M@evil.example"),
  ),
  identity(
    "id.kelvin-sign",
    "a letter that lower-casing turns into an ASCII one",
    "RFC 6532 §3.1; PRODUCT §3 (ASCII case only)",
    ["From: \u{212a}@evil.example"],
    anonymous("mallory"),
  ),
  identity(
    "id.look-alike-local-part",
    "a Cyrillic letter that looks like Alice's",
    "RFC 6532 §4",
    ["From: \u{430}lice@partner.example"],
    { ...mismatch, address: "\u{430}lice@partner.example" },
  ),
  identity(
    "id.look-alike-domain",
    "Mallory's own domain looks like Alice's: his, but never under hers",
    "RFC 5890 §2.3.2; RFC 8550 §3",
    ["From: alice@p\u{430}rtner.example"],
    takes("lookAlike", "alice@xn--prtner-3nf.example"),
    malloryWith("lookAlike", "alice@xn--prtner-3nf.example"),
  ),
  identity(
    "id.bidi",
    "a direction mark turns the address round for the eye",
    "RFC 6532 §4",
    ["From: \u{202e}m@evil.example"],
    anonymous("mallory"),
  ),
  identity(
    "id.ideographic-stop",
    "a dot that browsers take for one: DMARC looks up another domain than we read",
    "RFC 5890 §2.3.2.1; RFC 5895 §2",
    ["From: alice@partner\u{3002}example"],
    anonymous("mallory"),
  ),
  identity(
    "id.full-width",
    "letters that browsers map to ASCII",
    "RFC 5890 §2.3.2.1; RFC 5895 §2",
    ["From: alice@\u{ff50}artner.example"],
    anonymous("mallory"),
  ),
  identity(
    "id.domain-cut-at-slash",
    "a host parser reads the domain up to the slash: DMARC asked evil.example, we read partner.example",
    "RFC 5321 §4.1.2; WHATWG URL §3.5",
    ["From: alice@partner.example/\u{fc}.evil.example"],
    anonymous("mallory"),
  ),
  {
    id: "id.certificate-cut-at-slash",
    class: "ID",
    hope: "the same in a SmtpUTF8Mailbox: a CA that checks the end of the name vouches for evil.example",
    source: "RFC 9598 §3; WHATWG URL §3.5",
    made: "Mallory's certificate says alice@partner.example/ü.evil.example; it signs a mail from Alice",
    twin: TWIN.DETACHED,
    forge: (_mail, stage) => stage.signed({ signer: stage.cutDomain }),
    expect: refused("cutDomain", "address.missing"),
  },
  {
    id: "id.certificate-with-nul",
    class: "ID",
    hope: "the address ends at the NUL",
    source: "CVE-2009-2408; RFC 5280 §4.2.1.6",
    made: "the SAN says alice@partner.example NUL .evil.example",
    twin: TWIN.DETACHED,
    forge: (_mail, stage) => stage.signed({ signer: stage.nulByte }),
    expect: refused("nulByte", "address.missing"),
  },
  {
    id: "id.subject-against-san",
    class: "ID",
    hope: "the emailAddress of the subject counts beside the SAN",
    source: "Johnny, ID; RFC 8550 §3; PRODUCT §3",
    made: "Mallory's certificate has his address in the SAN and Alice's in the subject",
    twin: malloryWith("malloryNamesAliceInSubject"),
    forge: (mail) => from(mail, ALICE_FROM),
    expect: refused("malloryNamesAliceInSubject", "address.mismatch"),
  },
  {
    id: "id.domain-certificate",
    class: "ID",
    hope: "who has a certificate of the whole domain is everybody in it",
    source: "RFC 3183 §4; PRODUCT §3",
    made: "a certificate of the domain partner.example signs",
    twin: TWIN.DETACHED,
    forge: (_mail, stage) => stage.signed({ signer: stage.wholeDomain }),
    expect: waits("wholeDomain", "cert.domain"),
  },
];

// ── Takeover: signatures taken off, put on, exchanged, sent again ───────────────────────────────────────────────────

const TAKEOVER: readonly Attack[] = [
  {
    id: "takeover.signed-anew",
    class: "Takeover",
    hope: "Alice's words under Mallory's signature are Mallory's, under Alice's name",
    source: "Takeover; RFC 8551 §3.3",
    made: "Alice's signature is taken off, Mallory's put on; From stays",
    twin: TWIN.DETACHED,
    forge: (_mail, stage) => stage.signed({ signer: stage.mallory }),
    expect: mismatch,
  },
  {
    id: "takeover.encrypted-then-signed",
    class: "Takeover",
    hope: "Mallory signs around a mail of Alice's that he cannot read, and is answered with what is in it",
    source: "Takeover; RFC 8551 §3.7",
    made: "Mallory's signature around an EnvelopedData of Alice's, From: Mallory; what is inside counts for nothing",
    twin: TWIN.MALLORYS,
    forge: (_mail, stage) => {
      const encrypted = encryptedMail({ from: ALICE, to: ROBOT, recipients: [stage.aliceRsa] });
      return signedAround(encrypted, stage, `From: ${MALLORY}`);
    },
    expect: mallorys,
  },
  {
    id: "takeover.encrypted-then-signed-as-alice",
    class: "Takeover",
    hope: "the same, with From: Alice",
    source: "Takeover; RFC 8551 §3.7",
    made: "Mallory's signature around an EnvelopedData of Alice's, From: Alice",
    twin: TWIN.MALLORYS,
    forge: (_mail, stage) =>
      signedAround(
        encryptedMail({ from: ALICE, to: ROBOT, recipients: [stage.aliceRsa] }),
        stage,
        ALICE_FROM,
      ),
    expect: mismatch,
  },
  {
    id: "takeover.stripped",
    class: "Takeover",
    hope: "a mail without its signature is an ordinary one; it must at least offer nothing",
    source: "RFC 8551 §3.5",
    made: "only the signed content is left",
    twin: TWIN.DETACHED,
    forge: (mail) => withEntity(mail, signedParts(mail)[0]),
    expect: NOTHING,
  },
  {
    id: "takeover.opaque-to-detached",
    class: "Takeover",
    hope: "the form can be exchanged; it can, and the signature stays right",
    source: "RFC 8551 §3.5",
    made: "the content of Alice's opaque mail is put beside its signature",
    twin: TWIN.OPAQUE,
    forge: (mail) => {
      const cms = open(cmsOf(mail));
      const content = childAt(childAt(cms.encapsulated, 1), 0).bytes.toString("latin1");
      setContent(cms, null);
      return detachedFrom(mail, content, writeDer(cms.root));
    },
    expect: takes("alice"),
  },
  {
    id: "takeover.opaque-to-detached-with-content",
    class: "Takeover",
    hope: "the form is exchanged, the content inside stays, and other words are shown",
    source: "Johnny, CMS (eContent confusion); RFC 8551 §3.5.3",
    made: "Alice's opaque CMS as the signature of other words",
    twin: TWIN.OPAQUE,
    forge: (mail) => detachedFrom(mail, text(WORDS), cmsOf(mail)),
    expect: refused("alice", "signature.detached-content", "signature.digest-mismatch"),
  },
  {
    id: "takeover.detached-to-opaque",
    class: "Takeover",
    hope: "the form is exchanged; the signature stays right",
    source: "RFC 8551 §3.5",
    made: "Alice's signed part becomes the eContent of an opaque mail",
    twin: TWIN.DETACHED,
    forge: (mail) => opaqueFrom(mail, cmsOf(withInnerContent(mail))),
    expect: takes("alice"),
  },
  {
    id: "takeover.certs-only",
    class: "Takeover",
    hope: "a certs-only structure in place of the signature brings other certificates",
    source: "RFC 8551 §3.2.2; PRODUCT §3",
    made: "Alice's signature is exchanged for a bundle with the certificate that only names her",
    twin: TWIN.DETACHED,
    forge: (mail, { fake }) => withCms(mail, bundleOf(fake)),
    expect: waits("fake", "path.self-signed", "signature.none"),
  },
  {
    id: "takeover.certs-only-mail",
    class: "Takeover",
    hope: "a mail of certificates needs no signature",
    source: "RFC 8551 §3.8; PRODUCT §3",
    made: "a certs-only mail with Alice's good certificate, from anybody",
    twin: TWIN.OPAQUE,
    forge: (mail, { alice, issuer }) => opaqueFrom(mail, bundleOf(alice, issuer), "certs-only"),
    expect: waits("alice", "signature.none"),
  },
  {
    id: "takeover.certs-only-by-type",
    class: "Takeover",
    hope: "smime-type says certs-only, so the signature is not checked",
    source: "RFC 8551 §3.2.2",
    made: "a broken opaque mail with smime-type=certs-only",
    twin: TWIN.OPAQUE,
    forge: (mail) =>
      opaqueFrom(mail, cmsOf(operate(mail, (cms) => setContent(cms, Buffer.from("Eve")))), "certs-only"),
    expect: refused("alice", "signature.digest-mismatch"),
  },
  {
    id: "takeover.enveloped-by-type",
    class: "Takeover",
    hope: "smime-type says encrypted, so nobody judges the signature, or nobody sees it; it is judged by its bytes",
    source: "RFC 8551 §3.2.2",
    made: "Alice's opaque mail with smime-type=enveloped-data",
    twin: TWIN.OPAQUE,
    forge: (mail) => opaqueFrom(mail, cmsOf(mail), "enveloped-data"),
    expect: takes("alice"),
  },
  {
    id: "takeover.signature-of-other-mail",
    class: "Takeover",
    hope: "Alice's signature of one mail goes under another",
    source: "RFC 5652 §5.6",
    made: "the signature of another mail of Alice's",
    twin: TWIN.DETACHED,
    forge: (mail, stage) =>
      withCms(mail, cmsOf(stage.signed({ signer: stage.alice, text: "another mail\r\n" }))),
    expect: refused("alice", "signature.digest-mismatch"),
  },
  {
    id: "replay.later",
    class: "Takeover",
    hope: "an old mail brings back a key that Alice no longer has",
    source: "PRODUCT §3 (replay)",
    made: "Alice's mail, sent again 30 days later",
    twin: TWIN.DETACHED,
    days: 30,
    forge: (mail, { now }) => arrives(mail, now, 30),
    expect: waits("alice", "signature.replay"),
  },
  {
    id: "replay.later-with-new-date",
    class: "Takeover",
    hope: "a new Date makes an old mail new",
    source: "PRODUCT §3 (replay)",
    made: "the same with Date of today; the border's time counts",
    twin: TWIN.DETACHED,
    days: 30,
    forge: (mail, { now }) =>
      withField(
        arrives(mail, now, 30),
        "Date",
        `Date: ${later(now, 30).toUTCString().replace("GMT", "+0000")}`,
      ),
    expect: waits("alice", "signature.replay"),
  },
  {
    id: "replay.forged-received",
    class: "Takeover",
    hope: "an old Received of our own border below the true one dates the arrival back",
    source: "PRODUCT §3, §4 (trusted block)",
    made: "the mail as it once arrived, with its old border line, sent again 30 days later",
    twin: TWIN.DETACHED,
    days: 30,
    forge: (mail, { now }) => below(mail, "Received", `Received: ${received(later(now, 30))}`),
    expect: waits("alice", "signature.replay"),
  },
  {
    id: "replay.barred-key",
    class: "Takeover",
    hope: "an old mail brings back a key that an admin revoked",
    source: "PRODUCT §3 (history)",
    made: "Alice's mail again, after her key was revoked here",
    twin: TWIN.DETACHED,
    view: ({ alice }) => ({ barred: new Set([spkiOf(alice)]) }),
    forge: (mail) => mail,
    expect: refused("alice", "cert.barred"),
  },
  {
    id: "replay.to-other-name",
    class: "Takeover",
    hope: "Alice's mail under Mallory's From puts her key, or his, under the wrong name",
    source: "Johnny, ID; RFC 8550 §3",
    made: "Alice's mail with From: Mallory",
    twin: TWIN.DETACHED,
    forge: (mail) => from(mail, `From: ${MALLORY}`),
    expect: { ...refused("alice", "address.mismatch"), address: MALLORY },
  },
];

// ── Key: a key beside a good signature ──────────────────────────────────────────────────────────────────────────────

/** Certificates of a SignedData are not covered by its signature (RFC 5652 §5.4): anybody may add some. */
const KEY: readonly Attack[] = [
  {
    id: "key.mallorys-beside",
    class: "Key",
    hope: "a certificate beside Alice's right signature is her encryption certificate",
    source: "RFC 5652 §5.4; RFC 8551 §2.5.3; PRODUCT §3 (dual key)",
    made: "Mallory's own good certificate is added to Alice's mail",
    twin: TWIN.DETACHED,
    forge: (mail, { mallory }) => operate(mail, (cms) => addCertificates(cms, mallory)),
    expect: {
      judged: { alice: accepted, mallory: rejected("address.mismatch") },
      folder: "Processed",
      reply: "accepted",
    },
  },
  {
    id: "key.fake-beside",
    class: "Key",
    hope: "a certificate that names Alice beside her right signature is her encryption certificate",
    source: "RFC 5652 §5.4; PRODUCT §3 (encryption certificate of an unknown CA)",
    made: "a self-signed certificate of Alice's name is added to her mail",
    twin: TWIN.DETACHED,
    forge: (mail, { fakeEncrypts }) => operate(mail, (cms) => addCertificates(cms, fakeEncrypts)),
    expect: {
      judged: { alice: accepted, fakeEncrypts: pending("path.self-signed") },
      folder: "Processed",
      reply: "accepted",
    },
  },
  {
    id: "key.fake-instead",
    class: "Key",
    hope: "Alice's signing key only signs, so the certificate beside it must be the one to encrypt to",
    source: "RFC 5652 §5.4; RFC 8551 §2.5.3; PRODUCT §3",
    made: "Alice's encryption certificate is exchanged for a self-signed one of her name",
    twin: TWIN.DUAL,
    forge: (mail, { aliceEncrypts, fakeEncrypts }) =>
      operate(mail, (cms) => {
        removeCertificates(cms, aliceEncrypts);
        addCertificates(cms, fakeEncrypts);
      }),
    // The signing certificate is good and never stored: there is nothing to encrypt to.
    expect: {
      judged: { aliceSigns: accepted, fakeEncrypts: pending("path.self-signed") },
      folder: "Pending",
      reply: "pending",
    },
  },
  {
    id: "key.mallorys-instead",
    class: "Key",
    hope: "the same with a certificate of a good CA, for another name",
    source: "RFC 5652 §5.4; RFC 8551 §2.5.3; PRODUCT §3",
    made: "Alice's encryption certificate is exchanged for Mallory's",
    twin: TWIN.DUAL,
    forge: (mail, { aliceEncrypts, mallory }) =>
      operate(mail, (cms) => {
        removeCertificates(cms, aliceEncrypts);
        addCertificates(cms, mallory);
      }),
    expect: {
      judged: { aliceSigns: rejected("cert.sign-only"), mallory: rejected("address.mismatch") },
      folder: "Rejected",
      reply: "rejected",
    },
  },
  {
    id: "key.fakes-crowd-out",
    class: "Key",
    hope: "so many certificates of Alice's name that her own is not looked at any more",
    source: "PRODUCT §3; RFC 8551 §2.5.3",
    made: "a self-signed encryption certificate stands first and Alice's own last",
    twin: TWIN.DUAL,
    forge: (mail, { fakeEncrypts, rogue }) =>
      operate(mail, (cms) => addCertificates(cms, fakeEncrypts, rogue)),
    expect: {
      judged: {
        aliceSigns: accepted,
        aliceEncrypts: accepted,
        fakeEncrypts: pending("path.self-signed"),
        rogue: pending("path.issuer-key"),
      },
      folder: "Processed",
      reply: "accepted",
    },
  },
  {
    id: "key.spare-beside-mallorys-signature",
    class: "Key",
    hope: "any right signature lets in a good certificate of Alice's that she never sent (a lost phone's)",
    source: "RFC 8550 §3; PRODUCT §3 rule 2",
    made: "Mallory signs a mail from Alice and adds a certificate of hers from a public directory",
    twin: TWIN.MALLORYS,
    forge: (mail, { aliceSpare }) =>
      operate(from(mail, ALICE_FROM), (cms) => addCertificates(cms, aliceSpare)),
    expect: {
      judged: { mallory: rejected("address.mismatch"), aliceSpare: rejected("address.mismatch") },
      folder: "Rejected",
      reply: "rejected",
    },
  },
  {
    id: "key.spare-beside-fake-signature",
    class: "Key",
    hope: "the same, signed with a certificate that only names Alice",
    source: "RFC 8550 §3; PRODUCT §3 rules 2 and 3",
    made: "a self-signed certificate of Alice's name signs, a good one of hers stands beside it",
    twin: TWIN.DETACHED,
    forge: (_mail, stage) =>
      operate(stage.signed({ signer: stage.fake, chain: stage.alice.chain }), (cms) =>
        addCertificates(cms, stage.aliceSpare),
      ),
    expect: {
      judged: { fake: pending("path.self-signed"), aliceSpare: pending("path.self-signed") },
      folder: "Pending",
      reply: "pending",
    },
  },
  {
    id: "key.spare-beside-broken-signature",
    class: "Key",
    hope: "the certificates count even if the signature does not",
    source: "RFC 5652 §5.6; PRODUCT §3",
    made: "a word of Alice's mail is changed, a good certificate of hers is added",
    twin: TWIN.DETACHED,
    forge: (mail, { aliceSpare }) =>
      replaced(
        operate(mail, (cms) => addCertificates(cms, aliceSpare)),
        "public key",
        "public kez",
      ),
    expect: {
      judged: {
        alice: rejected("signature.digest-mismatch"),
        aliceSpare: rejected("signature.digest-mismatch"),
      },
      folder: "Rejected",
      reply: "rejected",
    },
  },
  {
    id: "key.same-key-longer-valid",
    class: "Key",
    hope: "a certificate of the attacker's for Alice's own public key takes the signer's place",
    source: "RFC 5652 §5.3; RFC 5035 §3",
    made: "a self-made certificate with Alice's key and key identifier, valid longer, is added",
    twin: TWIN.BY_KEY_IDENTIFIER,
    forge: (mail, { sameKey }) => operate(mail, (cms) => addCertificates(cms, sameKey)),
    expect: {
      judged: { alice: accepted, sameKey: pending("path.issuer-key") },
      folder: "Processed",
      reply: "accepted",
    },
  },
  {
    id: "key.preference-unsigned",
    class: "Key",
    hope: "an unsigned preference says which key to encrypt to",
    source: "RFC 8551 §2.5.3 (must be signed); PRODUCT §3",
    made: "sMIMEEncryptionKeyPreference for a self-signed certificate among the unsigned attributes",
    twin: TWIN.DETACHED,
    forge: (mail, { fakeEncrypts }) =>
      operate(mail, (cms) => {
        addCertificates(cms, fakeEncrypts);
        addUnsigned(signerAt(cms), encryptionPreferenceFor(fakeEncrypts));
      }),
    expect: {
      judged: { alice: accepted, fakeEncrypts: pending("path.self-signed") },
      folder: "Processed",
      reply: "accepted",
    },
  },
  {
    id: "key.preference-signed-for-other-name",
    class: "Key",
    hope: "what the signer prefers is used, whatever name it has",
    source: "RFC 8551 §2.5.3; PRODUCT §3",
    made: "a signed sMIMEEncryptionKeyPreference names Mallory's certificate, by Alice's key",
    twin: TWIN.DETACHED,
    forge: (mail, { alice, mallory }) =>
      operate(mail, (cms) => {
        addCertificates(cms, mallory);
        signedAttributes(signerAt(cms)).children?.push(encryptionPreferenceFor(mallory));
        signAgain(signerAt(cms), alice);
      }),
    expect: {
      judged: { alice: accepted, mallory: rejected("address.mismatch") },
      folder: "Processed",
      reply: "accepted",
    },
  },
  {
    id: "key.mallory-prefers-alices-name",
    class: "Key",
    hope: "Mallory's own good mail brings, as his preference, a certificate of Alice's name",
    source: "RFC 8551 §2.5.3; PRODUCT §3 rule 7",
    made: "Mallory's mail from himself prefers the self-signed certificate that names Alice",
    twin: TWIN.MALLORYS,
    forge: (mail, { mallory, fakeEncrypts }) =>
      operate(mail, (cms) => {
        addCertificates(cms, fakeEncrypts);
        signedAttributes(signerAt(cms)).children?.push(encryptionPreferenceFor(fakeEncrypts));
        signAgain(signerAt(cms), mallory);
      }),
    expect: {
      judged: { mallory: accepted, fakeEncrypts: rejected("address.mismatch", "path.self-signed") },
      folder: "Processed",
      reply: "accepted",
      address: MALLORY,
    },
  },
  {
    id: "key.attached-to-replay",
    class: "Key",
    hope: "a certificate file beside Alice's signed part is Alice's",
    source: "Johnny, MIME (appending); PRODUCT §3",
    made: "Alice's signed part and, unsigned beside it, a .cer that names her",
    twin: TWIN.DETACHED,
    forge: (mail, { fake }) =>
      withEntity(mail, multipart("multipart/mixed", [cut(mail).entity, certificateFile(fake)])),
    expect: {
      judged: { alice: pending("signature.partial"), fake: pending("path.self-signed", "signature.none") },
      folder: "Pending",
      reply: "pending",
    },
  },
  {
    id: "key.pinned",
    class: "Key",
    hope: "a second good certificate pushes aside the key that an admin approved",
    source: "PRODUCT §3 (pinned)",
    made: "Alice's mail, after another key was approved by hand",
    twin: TWIN.DETACHED,
    view: ({ aliceSpare, now }) => ({
      held: [
        {
          sha256: aliceSpare.sha256,
          keyIdentity: spkiOf(aliceSpare),
          issuer: "CN=Public Mail CA",
          notBefore: later(now, -10),
          notAfter: later(now, 300),
          status: "active",
          since: later(now, -5),
          approved: true,
          decidedByPerson: true,
        },
      ],
    }),
    forge: (mail) => mail,
    expect: waits("alice", "cert.pinned"),
  },
];

// ── Denial: keys barred, lists filled ───────────────────────────────────────────────────────────────────────────────

const DENIAL: readonly Attack[] = [
  {
    id: "denial.private-key-made-up",
    class: "Denial",
    hope: "a made-up private key with Alice's public numbers in it has her key barred for good",
    source: "RFC 5915 §3; RFC 8017 §A.1.2; PRODUCT §3 (private key)",
    made: "Alice's certificate and an EC private key that claims her public point",
    twin: TWIN.DETACHED,
    forge: (mail, { alice }) =>
      withEntity(
        mail,
        multipart("multipart/mixed", [
          cut(mail).entity,
          certificateFile(alice),
          keyFile(fakePrivateKey(publicKeyOf(alice))),
        ]),
      ),
    expect: { ...waits("alice", "signature.partial"), bars: [] },
  },
  {
    id: "denial.private-key-made-up-rsa",
    class: "Denial",
    hope: "the same with RSA: Alice's modulus, and any exponent",
    source: "RFC 8017 §A.1.2; PRODUCT §3 (private key)",
    made: "an RSA private key that claims the public numbers of the certificate",
    twin: TWIN.DETACHED,
    forge: (_mail, stage) =>
      withEntity(
        stage.signed({ signer: stage.aliceRsa }),
        multipart("multipart/mixed", [
          certificateFile(stage.aliceRsa),
          certificateFile(stage.issuer),
          keyFile(fakePrivateKey(publicKeyOf(stage.aliceRsa))),
        ]),
      ),
    expect: { ...waits("aliceRsa", "signature.none"), bars: [] },
  },
  {
    id: "denial.private-key-true",
    class: "Denial",
    hope: "none: whoever sends the true key along has given it away, and it is barred",
    source: "PRODUCT §3 (private key)",
    made: "Alice's certificate and her private key",
    twin: TWIN.DETACHED,
    forge: (mail, { alice }) =>
      withEntity(
        mail,
        multipart("multipart/mixed", [cut(mail).entity, keyFile(readFileSync(alice.keyFile, "utf8"))]),
      ),
    expect: { ...refused("alice", "cert.private-key", "signature.partial"), bars: ["alice"] },
  },
  {
    id: "denial.pending-list",
    class: "Denial",
    hope: "so many doubtful certificates that the admin approves them all, or none",
    source: "PRODUCT §3 (cap per domain and day)",
    made: "one more self-signed certificate, after 20 of the same domain in a day",
    twin: TWIN.DETACHED,
    view: () => ({ pendingOfDomain: 20 }),
    forge: (_mail, stage) => stage.signed({ signer: stage.fake }),
    expect: refused("fake", "cert.pending-cap", "path.self-signed"),
  },
  {
    id: "denial.pending-list-in-one-mail",
    class: "Denial",
    hope: "many in one mail count as one",
    source: "PRODUCT §3 (cap per domain and day)",
    made: "three certificates of Alice's name in one mail, after 18 of her domain in a day",
    twin: TWIN.DETACHED,
    view: () => ({ pendingOfDomain: 18 }),
    forge: (mail, { fake, fakeEncrypts, rogue, issuer }) =>
      withCms(mail, bundleOf(fake, fakeEncrypts, rogue, issuer)),
    expect: {
      judged: {
        fake: pending("path.self-signed", "signature.none"),
        fakeEncrypts: pending("path.self-signed", "signature.none"),
        rogue: rejected("cert.pending-cap", "path.issuer-key", "signature.none"),
      },
      folder: "Pending",
      reply: "pending",
    },
  },
  {
    id: "denial.failed-authentication",
    class: "Denial",
    hope: "a forged sender's certificate is put before the admin all the same",
    source: "RFC 7489 §6.6; PRODUCT §3",
    made: "a self-signed certificate of Alice's name; our border says that DMARC failed",
    twin: TWIN.DETACHED,
    forge: (_mail, stage) =>
      below(
        stage.signed({ signer: stage.fake }),
        "Received",
        "Authentication-Results: mx.company.example; dmarc=fail header.from=partner.example",
      ),
    expect: { ...refused("fake", "mail.authentication", "path.self-signed"), reply: null },
  },
];

// ── Reflection and text: words of a stranger's, mailed by us to a third person ──────────────────────────────────────

/** `WORDS` must not be in any reply: the test looks into the rendered mail of every row. */
const REFLECTION: readonly Attack[] = [
  {
    id: "reflection.certificate-of-good-ca",
    class: "Reflection",
    hope: "the reply to Alice quotes the subject of Mallory's certificate, whose path is valid",
    source: "PRODUCT §3 (the submitter is told); RFC 3834 §7",
    made: "Mallory's certificate with words in its name, From: Alice",
    twin: malloryWith("malloryTalks"),
    forge: (mail) => from(mail, ALICE_FROM),
    expect: refused("malloryTalks", "address.mismatch"),
  },
  {
    id: "reflection.certificate-of-own-ca",
    class: "Reflection",
    hope: "a CA that may speak for one domain only has its words mailed to another",
    source: "PRODUCT §3 (trust anchors; the submitter is told)",
    made: "a certificate of the broker's CA with words in its name that names Alice",
    twin: TWIN.DETACHED,
    forge: (_mail, stage) => stage.signed({ signer: stage.ofBroker }),
    expect: waits("ofBroker", "path.anchor-domain"),
  },
  {
    id: "reflection.subject",
    class: "Reflection",
    hope: "the reply repeats the subject",
    source: "RFC 3834 §3.1.5",
    made: "words in the subject",
    twin: TWIN.DETACHED,
    forge: (mail) => withField(mail, "Subject", `Subject: ${WORDS}`),
    expect: takes("alice"),
  },
  {
    id: "reflection.display-name",
    class: "Reflection",
    hope: "the reply repeats the display name",
    source: "RFC 3834 §3.1.4",
    made: "words in the display name",
    twin: TWIN.DETACHED,
    forge: (mail) => from(mail, `From: "${WORDS}" <${ALICE}>`),
    expect: takes("alice"),
  },
  {
    id: "reflection.message-id",
    class: "Reflection",
    hope: "the reply repeats Message-ID and References",
    source: "RFC 5322 §3.6.4",
    made: "words in Message-ID and References",
    twin: TWIN.DETACHED,
    forge: (mail) =>
      withField(mail, "Message-ID", `Message-ID: <1@x>\r\n ${WORDS}`, `References: <${WORDS}@x> ${WORDS}`),
    expect: takes("alice"),
  },
  {
    id: "reflection.requested-address",
    class: "Reflection",
    hope: "the answer to a request names the mailbox that was asked for",
    source: "PRODUCT §4 (no certificate is available for …)",
    made: "To holds an own-domain address whose quoted local part is the words",
    twin: TWIN.REQUEST,
    forge: (mail) => withField(mail, "To", `To: "${WORDS}"@company.example, ${ROBOT}`),
    expect: { judged: { alice: accepted }, folder: "Processed", reply: "no-certificate" },
  },
  {
    id: "reflection.sender-in-quotes",
    class: "Reflection",
    hope: "the reply repeats the address that it answers, and a catch-all mailbox reads it",
    source: "RFC 5321 §4.1.2",
    made: "From: words in quotes at Alice's domain",
    twin: TWIN.MALLORYS,
    forge: (mail) => from(mail, `From: "${WORDS}"@partner.example`),
    expect: { ...mismatch, reply: null, address: `"${WORDS}"@partner.example` },
  },
  {
    id: "reflection.address-literal",
    class: "Reflection",
    hope: "the reply goes to a machine inside the company that the attacker cannot reach himself",
    source: "RFC 5321 §4.1.3",
    made: "From: root at an address literal",
    twin: TWIN.MALLORYS,
    forge: (mail) => from(mail, "From: root@[127.0.0.1]"),
    expect: { ...mismatch, reply: null, address: "root@[127.0.0.1]" },
  },
  {
    id: "reflection.local-host",
    class: "Reflection",
    hope: "the reply goes to a mailbox of the mail server itself",
    source: "RFC 5321 §2.3.5",
    made: "From: root at localhost",
    twin: TWIN.MALLORYS,
    forge: (mail) => from(mail, "From: root@localhost"),
    expect: { ...mismatch, reply: null, address: "root@localhost" },
  },
  {
    id: "reflection.file-name",
    class: "Reflection",
    hope: "the reply repeats the name of a file",
    source: "PRODUCT §3 (the submitter is told)",
    made: "words in the file name of a certificate",
    twin: TWIN.DETACHED,
    forge: (mail, { fake }) => withEntity(mail, certificateFile(fake, `${WORDS}.cer`)),
    expect: waits("fake", "path.self-signed", "signature.none"),
  },
  {
    id: "reflection.unsigned",
    class: "Reflection",
    hope: "any mail with a forged From makes us write to Alice",
    source: "PRODUCT §3 (answered only when authenticated); RFC 3834 §2",
    made: "a mail without anything, From: Alice",
    twin: TWIN.DETACHED,
    forge: (mail) => withEntity(mail, text(WORDS)),
    expect: NOTHING,
  },
  {
    id: "text.openpgp-in-line",
    class: "Text",
    hope: "status lines of another program in the text are believed",
    source: "Johnny, GPG API (in-band signalling)",
    made: "a text with a forged GnuPG status line and an OpenPGP signature",
    twin: TWIN.DETACHED,
    forge: (mail) =>
      withEntity(
        mail,
        text(
          "[GNUPG:] GOODSIG 0123456789ABCDEF alice@partner.example\r\n-----BEGIN PGP SIGNED MESSAGE-----\r\n\r\nhello",
        ),
      ),
    expect: NOTHING,
  },
  {
    id: "text.terminal",
    class: "Text",
    hope: "escape sequences in a certificate's name reach a terminal or a mail",
    source: "Johnny, GPG API (terminal); PRODUCT §5",
    made: "Mallory's certificate has ESC and BEL in its name, From: Alice",
    twin: malloryWith("escapes"),
    forge: (mail) => from(mail, ALICE_FROM),
    expect: refused("escapes", "address.mismatch"),
  },
];

/** Every attack. */
export const ATTACKS: readonly Attack[] = [
  ...CMS,
  ...ATTRIBUTES,
  ...ALGORITHMS,
  ...ENCODING,
  ...MIME,
  ...ID,
  ...TAKEOVER,
  ...KEY,
  ...DENIAL,
  ...REFLECTION,
];
