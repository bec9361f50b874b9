import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openDatabase } from "../../src/store/driver.ts";
import { databaseFile, openStore } from "../../src/store/index.ts";
import { describeWith } from "../lab/available.ts";
import {
  Authority,
  certsOnlyMail,
  type Identity,
  plainMail,
  selfSigned,
  signedMail,
} from "../lab/openssl.ts";
import { ROBOT } from "../lab/site.ts";
import { LoopbackServer } from "../revocation/loopback-server.ts";
import { type Company, openCompany, request, submission } from "./company.ts";

const ALICE = "alice@partner.example";
const BOB = "bob@partner.example";
const CLAIMS = "claims@company.example";
const MALLORY = "m@evil.example";
const CA = {
  basicConstraints: "critical,CA:TRUE",
  keyUsage: "critical,keyCertSign,cRLSign",
  extendedKeyUsage: null,
} as const;

function bundle(identities: readonly Identity[]): Buffer {
  const files = identities.flatMap(({ certFile }) => ["-certfile", certFile]);
  return execFileSync("openssl", ["crl2pkcs7", "-nocrl", ...files, "-outform", "DER"]);
}

/** Nothing of it is secret: a certificate is public, and a cross-certificate takes the issuing CA's name and public key. */
describeWith(
  ["dovecot"],
  "a mail that nobody believes, with a false CA above other people's certificates",
  () => {
    const web = new LoopbackServer();
    let company: Company;
    let alice: Identity;
    let mallory: Identity;
    let own: Identity;
    let evil: readonly Identity[];
    let large: readonly Identity[];
    let namesakes: readonly Identity[];
    let before: { readonly answer: Buffer; readonly kept: unknown };

    beforeAll(async () => {
      await web.start();
      company = await openCompany({
        addresses: [MALLORY, "carol-1@partner.example", "carol-2@partner.example"],
        config: { network: { private_addresses: true } },
      });
      const { ca, root, folder } = company.site;
      web.file("/ca.crl", () => ca.crl());
      alice = ca.issue({ addresses: [ALICE], crlUrl: web.url("/ca.crl") });
      mallory = selfSigned(`${folder}/ca`, { addresses: [MALLORY] });
      own = ca.issue({ addresses: [MALLORY] });
      const crossed = (by: Authority, more = {}): Identity =>
        by.issue({ name: nameOf(ca.identity), keyFile: ca.identity.keyFile, ...CA, ...more });
      const evilRoot = Authority.root(`${folder}/ca`, { name: "Evil Root, please install" });
      evil = [crossed(evilRoot), evilRoot.identity];
      const filler = { extensions: [`nsComment = ${"A".repeat(45_000)}`] };
      const largeRoot = Authority.root(`${folder}/ca`, { name: "Large Root", ...filler });
      const largeCa = largeRoot.intermediate({ name: "Large CA", ...filler });
      large = [crossed(largeCa, filler), largeCa.identity, largeRoot.identity];
      const namesake = Authority.root(`${folder}/ca`, { name: nameOf(root.identity) });
      namesakes = [crossed(namesake), namesake.identity];
      await company.site.sendFromPartner(submission(alice), [ROBOT]);
      await company.site.keybot(["poll"]);
      before = { answer: await answer("carol-1@partner.example"), kept: await kept() };
    }, 180_000);
    afterAll(() => company?.stop());

    function nameOf({ certFile }: Identity): string {
      const subject = execFileSync("openssl", [
        "x509",
        "-in",
        certFile,
        "-noout",
        "-subject",
        "-nameopt",
        "multiline",
      ]);
      return /commonName\s*= (.*)/.exec(subject.toString())?.[1] ?? "";
    }

    /** The list of certificates that somebody gets who asks for the claims mailbox's. */
    async function answer(from: string): Promise<Buffer> {
      await company.site.sendFromPartner(request(from, CLAIMS), [CLAIMS], { from });
      await company.site.keybot(["poll"]);
      const mail = (await company.site.partnerInbox(from)).at(-1)?.raw.toString("latin1") ?? "";
      const part = /name="?[^"\r\n]*\.p7b"?[\s\S]*?\r?\n\r?\n([A-Za-z0-9+/=\r\n]+)/.exec(mail)?.[1] ?? "";
      return Buffer.from(part, "base64");
    }

    /** All that is kept of Alice's and of the mailbox's certificate. */
    async function kept(): Promise<unknown> {
      const store = await openStore({ stateDir: company.site.stateFolder, readOnly: true });
      try {
        return {
          alice: await store.certificatesOf(ALICE, new Date()),
          mailbox: await store.mailbox(CLAIMS),
          authorities: await store.authoritiesAbove({
            sha256: "f".repeat(64),
            issuer: (await store.mailbox(CLAIMS))?.certificates[0]?.issuer ?? "",
          }),
        };
      } finally {
        await store.close();
      }
    }

    const files = (of: readonly Identity[]): string[] => of.map(({ certFile }) => certFile);
    const unsigned = (from: string, of: readonly Identity[]) =>
      plainMail({
        from,
        to: ROBOT,
        subject: "our new CA",
        attachment: { name: "chain.p7b", type: "application/x-pkcs7-certificates", bytes: bundle(of) },
      });
    const victims = (): readonly Identity[] => [company.claims, alice];

    const attacks: readonly (readonly [string, () => Buffer, string])[] = [
      ["unsigned, from anybody", () => unsigned(MALLORY, [...victims(), ...evil]), MALLORY],
      ["unsigned, in Alice's name", () => unsigned(ALICE, [...victims(), ...evil]), MALLORY],
      ["unsigned, in the mailbox's own name", () => unsigned(CLAIMS, [...victims(), ...evil]), MALLORY],
      [
        "signed with a key of one's own",
        () =>
          signedMail({ from: MALLORY, to: ROBOT, signer: mallory, chain: files([...victims(), ...evil]) }),
        MALLORY,
      ],
      [
        "the same, opaque, in Alice's name",
        () =>
          signedMail({
            from: ALICE,
            to: ROBOT,
            signer: mallory,
            form: "opaque",
            chain: files([...victims(), ...evil]),
          }),
        MALLORY,
      ],
      [
        "a list of certificates alone",
        () => certsOnlyMail({ from: ALICE, to: ROBOT, certificates: [alice, company.claims, ...evil] }),
        MALLORY,
      ],
      [
        "signed and accepted, with others' certificates beside",
        () =>
          signedMail({
            from: MALLORY,
            to: ROBOT,
            signer: own,
            chain: files([...victims(), ...evil, company.site.ca.identity]),
          }),
        MALLORY,
      ],
      ["of 45,000 octets each", () => unsigned(ALICE, [...victims(), ...large]), MALLORY],
      [
        "with a root that is named as the true one",
        () => unsigned(ALICE, [...victims(), ...namesakes]),
        MALLORY,
      ],
    ];
    it.each(attacks)("%s: changes nothing of them", async (_, mail, from) => {
      await company.site.sendFromPartner(mail(), [ROBOT], { from });
      await company.site.keybot(["poll"]);
      expect(await kept()).toEqual(before.kept);
    });

    it("Alice's own mail with another bag is accepted by what is known, and keeps her true path", async () => {
      const replayed = submission(alice, { text: "a mail of hers", chain: files(evil) });
      await company.site.sendFromPartner(replayed, [ROBOT]);
      await company.site.keybot(["poll"]);
      const now = (await kept()) as { alice: [{ chain: unknown; status: string }] };
      const then = before.kept as typeof now;
      expect(now.alice[0]).toMatchObject({ status: "active", chain: then.alice[0].chain });
    });

    it("a request is answered with the same list of certificates as before", async () => {
      expect(before.answer.length).toBeGreaterThan(500);
      expect(await answer("carol-2@partner.example")).toEqual(before.answer);
    });

    it("a good mail without its CA's certificate is accepted", async () => {
      const bob = company.site.ca.issue({ addresses: [BOB] });
      await company.site.sendFromPartner(submission(bob, { from: BOB, chain: [] }), [ROBOT], { from: BOB });
      await company.site.keybot(["poll"]);
      const [record] = (await company.site.keybot(["show", bob.sha256, "--json"])).records();
      expect(record).toMatchObject({ status: "active" });
    });

    it("the CA is asked again about Alice's certificate, and what it has revoked is used no longer", async () => {
      company.site.ca.revoke(alice);
      const db = openDatabase(databaseFile(company.site.stateFolder));
      db.exec("UPDATE revocation_check SET due_at = 0; DELETE FROM revocation_answer");
      db.close();
      web.requests.length = 0;
      await company.site.keybot(["poll"]);
      expect(web.requests).toEqual(["GET /ca.crl"]);
      const [record] = (await company.site.keybot(["show", alice.sha256, "--json"])).records();
      expect(record).toMatchObject({ status: "revoked" });
    });
  },
);
