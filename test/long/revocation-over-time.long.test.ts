/**
 * What CAs say over days, at the real robot: Dovecot, Postfix, `keybot poll` as a process of its own whose clock is ahead
 * (libfaketime), and a CA whose places say what a test wants.
 */
import { afterAll, expect, it } from "vitest";
import { encode } from "../../src/pki/der-write.ts";
import { OID } from "../../src/pki/index.ts";
import { headerOf, submission } from "../e2e/company.ts";
import { describeWith } from "../lab/available.ts";
import type { KeybotRun } from "../lab/keybot.ts";
import type { Identity } from "../lab/openssl.ts";
import { requestMail } from "../lab/openssl.ts";
import { hoursAhead } from "../lab/other-time.ts";
import { ROBOT, type Site, startSite } from "../lab/site.ts";
import { extension } from "../pki/path-authority.ts";
import { CaPlaces, type Publishing } from "../revocation/ca-places.ts";
import { LoopbackServer } from "../revocation/loopback-server.ts";

const HOUR = 3_600_000;
const ALICE = "alice@partner.example";
const ANNA = "anna@company.example";
const ADMIN = "postmaster@company.example";

type Policy = "hard-fail" | "soft-fail";

/** A company, a partner with a certificate that names an OCSP responder and two CRL mirrors, and its CA's places. */
class Story {
  readonly site: Site;
  readonly web: LoopbackServer;
  readonly #places: CaPlaces;
  readonly #start = Date.now();
  #mails = 0;

  private constructor(site: Site, web: LoopbackServer) {
    this.site = site;
    this.web = web;
    this.#places = new CaPlaces(site.ca, web);
  }

  static async begin(web: LoopbackServer, revocation: Policy): Promise<Story> {
    web.pages.clear();
    web.requests.length = 0;
    const config = { trust: { revocation }, network: { private_addresses: true } };
    const site = await startSite({ config });
    await site.keybot(["trust", "add", site.root.identity.certFile, "--any-domain"]);
    return new Story(site, web);
  }

  /** A certificate that names these places, in this order. */
  issue(
    name: string,
    places: { readonly ocsp?: readonly string[]; readonly crl?: readonly string[] },
    address = ALICE,
  ) {
    const { ocsp = [], crl = [] } = places;
    const access = ocsp.map((path) => `OCSP;URI:${this.web.url(path)}`);
    const points = crl.map((path) => `URI:${this.web.url(path)}`);
    return this.site.ca.issue({
      ...{ name, addresses: [address] },
      extensions: [
        ...(access.length === 0 ? [] : [`authorityInfoAccess = ${access.join(",")}`]),
        ...(points.length === 0 ? [] : [`crlDistributionPoints = ${points.join(",")}`]),
      ],
    });
  }

  /** @param made hours after the beginning at which the answer is made; it lasts so many hours */
  says(
    place: "ocsp" | "crl",
    path: string,
    identity: Identity,
    kind: Publishing["kind"],
    made: number,
    lasts: number,
    more: Partial<Publishing> = {},
  ): void {
    const thisUpdate = new Date(this.#start + made * HOUR);
    const nextUpdate = new Date(thisUpdate.getTime() + lasts * HOUR);
    this.#places[place](path, identity, { kind, thisUpdate, nextUpdate, ...more });
  }

  fails(path: string): void {
    this.web.pages.set(path, (_request, response) => response.writeHead(503).end());
  }

  hangs(path: string): void {
    this.web.pages.set(path, () => {});
  }

  async writes(identity: Identity): Promise<void> {
    this.#mails += 1;
    await this.site.sendFromPartner(submission(identity, { subject: `Certificate ${this.#mails}` }), [ROBOT]);
  }

  keybot(hours: number, ...args: readonly string[]): Promise<KeybotRun> {
    return this.site.keybot(args, { env: hoursAhead(hours), expectExit: "any", timeout: 120_000 });
  }

  async poll(hours: number): Promise<void> {
    await this.keybot(hours, "poll");
  }

  async status(hours: number, { sha256 }: Identity): Promise<unknown> {
    const records = (await this.keybot(hours, "list", "--json")).records() as Record<string, unknown>[];
    return records.find((one) => one.sha256 === sha256)?.status;
  }

  async isHandedOut(hours: number): Promise<boolean> {
    return (await this.keybot(hours, "lookup", ALICE)).exit === 0;
  }

  async lastToldAlice(): Promise<string> {
    const mails = await this.site.partnerInbox(ALICE);
    return mails.at(-1)?.raw.toString("utf8") ?? "";
  }
}

describeWith(["dovecot", "postfix"], "what CAs say over days, at the real robot", () => {
  const web = new LoopbackServer();
  const started = web.start();
  let open: Story | null = null;
  afterAll(() => open?.site.stop());

  async function begin(policy: Policy): Promise<Story> {
    await started;
    await open?.site.stop();
    open = await Story.begin(web, policy);
    return open;
  }

  const POLICIES: readonly Policy[] = ["hard-fail", "soft-fail"];

  it.each(POLICIES)(
    "R7, %s: a CRL has revoked it, an older OCSP 'good' comes two hours later",
    async (policy) => {
      const story = await begin(policy);
      const alice = story.issue("alice", { ocsp: ["/ocsp"], crl: ["/ca.crl"] });
      story.fails("/ocsp");
      story.says("crl", "/ca.crl", alice, "revoked", -1, 240);
      await story.writes(alice);
      await story.poll(0);
      expect(await story.status(0, alice)).toBe("rejected");
      story.says("ocsp", "/ocsp", alice, "good", -30, 240);
      await story.writes(alice);
      await story.poll(2);
      expect([await story.status(2, alice), await story.isHandedOut(2)]).toEqual(["rejected", false]);
      const shown = await story.keybot(2, "show", alice.sha256);
      expect(shown.stdout).toMatch(/CA revoked +revoked at \S+ \(keyCompromise\), says the CRL of \S+\n/);
    },
  );

  it.each(POLICIES)("R2, R4, %s: 'revoked' has run out, an older 'good' lasts longer", async (policy) => {
    const story = await begin(policy);
    const [byOcsp, byCrl] = [
      story.issue("by-ocsp", { ocsp: ["/ocsp"] }),
      story.issue("by-crl", { crl: ["/ca.crl"] }),
    ];
    story.says("ocsp", "/ocsp", byOcsp, "revoked", -1, 25);
    story.says("crl", "/ca.crl", byCrl, "revoked", -1, 25);
    for (const identity of [byOcsp, byCrl]) await story.writes(identity);
    await story.poll(0);
    story.says("ocsp", "/ocsp", byOcsp, "good", -30, 720);
    story.says("crl", "/ca.crl", byCrl, "good", -30, 720);
    for (const identity of [byOcsp, byCrl]) await story.writes(identity);
    await story.poll(25);
    expect([await story.status(25, byOcsp), await story.status(25, byCrl)]).toEqual(["rejected", "rejected"]);
    expect(await story.isHandedOut(25)).toBe(false);
  });

  it.each(POLICIES)(
    "R9, %s: the list for CA certificates, served once, pushes nothing out",
    async (policy) => {
      const story = await begin(policy);
      const [bad, good] = [
        story.issue("bad", { crl: ["/ca.crl"] }),
        story.issue("good", { crl: ["/ca.crl"] }),
      ];
      const onlyCaCerts = extension(
        OID.issuingDistributionPoint,
        encode.sequence(encode.tagged(0x82, Buffer.of(0xff))),
        true,
      );
      story.says("crl", "/ca.crl", bad, "revoked", -2, 240);
      await story.writes(bad);
      await story.poll(0);
      expect(await story.status(0, bad)).toBe("rejected");
      story.says("crl", "/ca.crl", bad, "good", -1, 2_160, { extensions: [onlyCaCerts] });
      for (const identity of [bad, good]) await story.writes(identity);
      await story.poll(2);
      story.says("crl", "/ca.crl", bad, "revoked", -2, 240);
      await story.poll(3);
      await story.poll(4);
      expect([await story.status(4, bad), await story.status(4, good)]).toEqual(["rejected", "active"]);
    },
  );

  it("R11: the responder is gone and its 'good' is kept; the CRL, in reach, revokes", async () => {
    const story = await begin("hard-fail");
    const alice = story.issue("alice", { ocsp: ["/ocsp"], crl: ["/ca.crl"] });
    story.says("ocsp", "/ocsp", alice, "good", -1, 720);
    story.says("crl", "/ca.crl", alice, "good", -1, 720);
    await story.writes(alice);
    await story.poll(0);
    expect(await story.isHandedOut(0)).toBe(true);
    story.fails("/ocsp");
    story.says("crl", "/ca.crl", alice, "revoked", 20, 720);
    await story.poll(25);
    expect([await story.status(25, alice), await story.isHandedOut(25)]).toEqual(["revoked", false]);
    // The admin is told in the hour, with the name.
    const admin = await story.site.dovecot.messages(ADMIN);
    expect(admin.some(({ raw }) => raw.toString("utf8").includes(ALICE))).toBe(true);
  });

  it("R12: the first mirror is gone and its list is kept; the second, in reach, revokes", async () => {
    const story = await begin("hard-fail");
    const alice = story.issue("alice", { crl: ["/a.crl", "/b.crl"] });
    story.says("crl", "/a.crl", alice, "good", -1, 720);
    await story.writes(alice);
    await story.poll(0);
    story.fails("/a.crl");
    story.says("crl", "/b.crl", alice, "revoked", 20, 720);
    await story.poll(25);
    expect(await story.status(25, alice)).toBe("revoked");
  });

  it("O6: two silent responders and a silent mirror before the good list", async () => {
    const story = await begin("hard-fail");
    const alice = story.issue("alice", { ocsp: ["/hang-1", "/hang-2"], crl: ["/hang-3", "/ca.crl"] });
    for (const path of ["/hang-1", "/hang-2", "/hang-3"]) story.hangs(path);
    story.says("crl", "/ca.crl", alice, "good", -1, 240);
    await story.writes(alice);
    await story.poll(0);
    expect(await story.status(0, alice)).toBe("active");
  });

  it("O7: on hold and lifted; what she is told is what lookup gives", async () => {
    const story = await begin("hard-fail");
    const alice = story.issue("alice", { ocsp: ["/ocsp"] });
    story.says("ocsp", "/ocsp", alice, "good", -1, 24);
    await story.writes(alice);
    await story.poll(0);
    story.says("ocsp", "/ocsp", alice, "hold", 24, 24);
    await story.poll(25);
    expect([await story.status(25, alice), await story.isHandedOut(25)]).toEqual(["revoked", false]);
    story.says("ocsp", "/ocsp", alice, "good", 48, 24);
    await story.writes(alice);
    await story.poll(50);
    expect([await story.status(50, alice), await story.isHandedOut(50)]).toEqual(["active", true]);
    expect(await story.lastToldAlice()).toMatch(/angenommen|accepted/);
  });

  it("O8: the company's own certificate is revoked: it goes out no more, and the admin is told at once", async () => {
    const story = await begin("hard-fail");
    const anna = story.issue("anna", { ocsp: ["/ocsp"] }, ANNA);
    story.says("ocsp", "/ocsp", anna, "good", -1, 24);
    await story.site.keybot(["mailbox", "add", ANNA, anna.certFile, ...anna.chain]);
    story.says("ocsp", "/ocsp", anna, "revoked", 20, 720);
    await story.poll(26);
    const before = (await story.site.partnerInbox(ALICE)).length;
    await story.site.sendFromPartner(requestMail({ from: ALICE, to: ANNA }), [ANNA]);
    await story.poll(26.1);
    const answers = (await story.site.partnerInbox(ALICE)).slice(before);
    expect(answers.filter(({ raw }) => /filename=.*\.p7b/i.test(raw.toString("latin1")))).toEqual([]);
    const admin = await story.site.dovecot.messages(ADMIN);
    expect(admin.some(({ raw }) => raw.toString("utf8").includes(ANNA))).toBe(true);
    expect((await story.keybot(26, "doctor")).stdout).toMatch(/revoked/);
  });

  it("O9: a hiccup puts nobody off for a day; asking nobody is not checking, and is told", async () => {
    const story = await begin("hard-fail");
    const alice = story.issue("alice", { ocsp: ["/ocsp"] });
    story.says("ocsp", "/ocsp", alice, "good", -1, 24);
    await story.writes(alice);
    await story.poll(0);
    story.fails("/ocsp");
    await story.poll(25);
    story.says("ocsp", "/ocsp", alice, "revoked", 25, 24);
    // Five minutes later it is asked again.
    await story.poll(25.2);
    expect(await story.status(25.2, alice)).toBe("revoked");
  });

  it("O9: without an answer for days the admin and doctor say so, and it stays in use", async () => {
    const story = await begin("hard-fail");
    const alice = story.issue("alice", { ocsp: ["/ocsp"] });
    story.says("ocsp", "/ocsp", alice, "good", -1, 24);
    await story.writes(alice);
    await story.poll(0);
    story.fails("/ocsp");
    for (const hours of [25, 49, 73, 97, 121]) await story.poll(hours);
    expect([await story.status(121, alice), await story.isHandedOut(121)]).toEqual(["active", true]);
    expect((await story.keybot(121, "doctor")).stdout).toMatch(/answer/);
    const admin = await story.site.dovecot.messages(ADMIN);
    const subjects = admin.map(({ raw }) => headerOf(raw, "Subject"));
    expect(
      admin.some(({ raw }) => raw.toString("utf8").includes(ALICE)),
      subjects.join("\n"),
    ).toBe(true);
  });
});
