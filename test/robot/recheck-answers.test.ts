import { describe, expect, it } from "vitest";
import { checkAnswers, checkMailboxes } from "../../src/robot/health.ts";
import { askOnce } from "../../src/robot/index.ts";
import type { Issued } from "../pki/path-authority.ts";
import { LoopbackServer } from "../revocation/loopback-server.ts";
import { at } from "../store/kit.ts";
import { Authorities, HOUR } from "./authorities.ts";
import { Bench } from "./recheck-bench.ts";

const web = await new LoopbackServer().start();
const CLAIMS = "claims@company.example";

const opened = () => Bench.open(new Authorities(web));

/** Certificates of so many partners, in use. */
async function customers(bench: Bench, count: number, by: "CRL" | "OCSP"): Promise<readonly Issued[]> {
  const all: Issued[] = [];
  for (let number = 0; number < count; number += 1) {
    const issued = bench.authorities.issue(`p${number}`, by);
    await bench.keep(issued, `p${number}@partner.example`);
    all.push(issued);
  }
  return all;
}

async function answered(bench: Bench, all: readonly Issued[]): Promise<number> {
  const states = await Promise.all(all.map((one) => bench.found(one)));
  return states.filter(({ unanswered, answer }) => unanswered === null && answer !== null).length;
}

describe("a re-check whose CA does not answer", () => {
  it("asks again after five minutes about all that a hiccup left without an answer: 120 with one CRL", async () => {
    const bench = await opened();
    const all = await customers(bench, 120, "CRL");
    let failures = 0;
    bench.authorities.isUp = (url) => url !== "/ca.crl" || ++failures > 1;
    expect(await bench.go(25)).toEqual(["GET /ca.crl", "GET /root.crl"]);
    expect(await answered(bench, all)).toBe(0);
    expect(await bench.go(25, 4)).toEqual([]);
    expect(await bench.go(25, 5)).toEqual(["GET /ca.crl"]);
    expect(await answered(bench, all)).toBe(120);
    expect(await bench.go(49)).toEqual([]);
    expect(await bench.go(49, 5)).toEqual(["GET /ca.crl", "GET /root.crl"]);
  });

  it("asks all others of a responder that failed once, and the one again after five minutes", async () => {
    const bench = await opened();
    const all = await customers(bench, 20, "OCSP");
    let failures = 0;
    bench.authorities.isUp = (url) => url !== "/ocsp" || ++failures > 1;
    expect((await bench.go(25)).filter((request) => request.endsWith("/ocsp"))).toHaveLength(20);
    expect(await answered(bench, all)).toBe(19);
    expect(await bench.go(25, 5)).toEqual(["POST /ocsp"]);
    expect(await answered(bench, all)).toBe(20);
  });

  it("asks after 5, 15 and 60 minutes, then every hour, and once a day when it is back", async () => {
    const bench = await opened();
    const [alice] = await customers(bench, 1, "OCSP");
    if (alice === undefined) throw new Error("one customer");
    bench.authorities.isUp = (url) => url !== "/ocsp";
    const asked: number[] = [];
    for (let minutes = 0; minutes <= 205; minutes += 5) {
      if ((await bench.go(25, minutes)).includes("POST /ocsp")) asked.push(minutes);
    }
    expect(asked).toEqual([0, 5, 20, 80, 140, 200]);
    bench.authorities.isUp = () => true;
    expect(await bench.go(25, 260)).toContain("POST /ocsp");
    expect(await bench.go(25, 260 + 23 * 60)).toEqual([]);
  });

  it("leaves a certificate in use for 20 days without an answer, tells the admin once, and revokes it when the CA is back", async () => {
    const bench = await opened();
    const [alice] = await customers(bench, 1, "OCSP");
    if (alice === undefined) throw new Error("one customer");
    bench.authorities.isUp = (url) => url !== "/ocsp";
    bench.authorities.revoke(alice);
    const mails: [day: number, mail: string][] = [];
    const doctor = async () => {
      const checks = [];
      for await (const check of checkAnswers({ ...bench.robot })) checks.push(check);
      return checks;
    };
    for (let day = 1; day <= 20; day += 1) {
      await bench.go(day * 24 + 2);
      for (const mail of await bench.told()) mails.push([day, mail]);
      expect((await doctor()).length, `day ${day}`).toBe(day < 3 ? 0 : 1);
    }
    expect((await bench.found(alice)).statuses).toEqual(["active"]);
    expect(mails.map(([day]) => day)).toEqual([3]);
    expect(mails[0]?.[1]).toMatch(
      /- p0@partner\.example, since 1 June 2026, 12:00 UTC\n {2}keybot show [0-9a-f]{16}/,
    );
    expect(await doctor()).toMatchObject([
      {
        name: "answers",
        state: "warning",
        says: expect.stringMatching(/1 certificate in use is revoked: .* of p0@partner/),
      },
    ]);
    bench.authorities.isUp = () => true;
    await bench.go(21 * 24);
    expect(await bench.found(alice)).toMatchObject({
      statuses: ["revoked"],
      unanswered: null,
      answer: { status: "revoked", by: "OCSP", thisUpdate: new Date(bench.now.getTime() - HOUR) },
    });
    expect(await doctor()).toEqual([]);
    const [mail = ""] = await bench.told();
    expect(mail).toContain("Subject: keybot: a CA has revoked certificates in use");
    expect(mail).toMatch(/\(keyCompromise\), says the OCSP\nresponder\n\n- p0@partner\.example\n/);
  });

  it("keeps no other CA's certificates back", async () => {
    const bench = await opened();
    const [silent] = await customers(bench, 1, "OCSP");
    const gone = bench.authorities.issue("gone");
    await bench.keep(gone, "gone@partner.example");
    bench.authorities.revoke(gone);
    bench.authorities.isUp = (url) => url !== "/ocsp";
    await bench.go(25);
    expect((await bench.found(gone)).statuses).toEqual(["revoked"]);
    expect(silent && (await bench.found(silent)).unanswered).toMatchObject({ since: at() });
  });
});

describe("a CA that revokes", () => {
  it("an intermediate ends all its customers at once, and one mail names them under what the CA says", async () => {
    const bench = await opened();
    const all = await customers(bench, 60, "CRL");
    bench.authorities.revoke(bench.authorities.ca);
    await bench.go(25);
    const states = await Promise.all(all.map((one) => bench.found(one)));
    expect(new Set(states.flatMap(({ statuses }) => statuses))).toEqual(new Set(["revoked"]));
    const mails = await bench.told();
    expect(mails).toHaveLength(1);
    const [mail = ""] = mails;
    expect(mail.match(/Reason: the CA certificate CN=Partner CA: revoked at/g)).toHaveLength(1);
    expect(mail.match(/^- p\d+@partner\.example$/gm)).toHaveLength(50);
    expect(mail).toContain("and 10 more");
    expect(await bench.told()).toEqual([]);
  });

  it("a certificate of a mailbox of ours is asked about as partners' are, handed out no more, told at once and a fault", async () => {
    const bench = await opened();
    const own = bench.authorities.issue("claims");
    await bench.publish(own, CLAIMS);
    await bench.go(0);
    expect((await bench.found(own)).answer).toMatchObject({ status: "good", by: "CRL" });
    expect(await checkMailboxes(bench.robot)).toMatchObject({ state: "ok" });
    const [alice] = await customers(bench, 1, "CRL");
    if (alice === undefined) throw new Error("one customer");
    bench.authorities.revoke(alice);
    await bench.go(24, 30);
    expect(await bench.told()).toHaveLength(1);
    bench.authorities.revoke(own);
    await bench.go(48, 45);
    expect(await bench.store.publishedFor(CLAIMS, bench.now)).toEqual([]);
    const [mail = ""] = await bench.told();
    expect(mail).toContain("Subject: keybot: our own certificate has been revoked");
    expect(mail).toContain(`- ${CLAIMS}, certificate ${own.certificate.sha256.slice(0, 16)}`);
    expect(await checkMailboxes(bench.robot)).toMatchObject({
      state: "fault",
      says: expect.stringMatching(
        /^revoked by their CA and not handed out: claims@company\.example \(revoked at /,
      ),
    });
    await bench.publish(bench.authorities.issue("claims-2"), CLAIMS);
    expect(await checkMailboxes(bench.robot)).toMatchObject({ state: "warning" });
  });
});

describe("asking once, before a person's decision", () => {
  const once = async (bench: Bench, issued: Issued) => {
    const asking: string[] = [];
    const { sha256, der } = issued.certificate;
    const chain = [bench.authorities.ca.certificate.der];
    const address = "alice@partner.example";
    const said = await askOnce(
      bench.robot,
      { sha256, der, chain, address },
      {
        asking: () => asking.push("asked"),
        signal: new AbortController().signal,
      },
    );
    return { said, asking };
  };

  it("revokes what waits for the person, when its CA says so", async () => {
    const bench = await opened();
    const alice = bench.authorities.issue("alice", "OCSP");
    await bench.keep(alice, "alice@partner.example", "pending");
    bench.authorities.revoke(alice);
    expect(await once(bench, alice)).toMatchObject({
      said: { answer: { status: "revoked" } },
      asking: ["asked"],
    });
    expect((await bench.found(alice)).statuses).toEqual(["revoked"]);
  });

  it("says who is silent, and does nothing", async () => {
    const bench = await opened();
    const alice = bench.authorities.issue("alice", "OCSP");
    await bench.keep(alice, "alice@partner.example", "pending");
    bench.authorities.isUp = () => false;
    expect((await once(bench, alice)).said).toMatchObject({
      answer: null,
      silent: [alice.certificate.sha256, bench.authorities.ca.certificate.sha256],
    });
    expect((await bench.found(alice)).statuses).toEqual(["pending"]);
  });

  it("asks nobody about a certificate without a path to a trusted CA", async () => {
    const bench = await opened();
    await bench.store.removeTrust(bench.authorities.root.certificate.sha256, { actor: "erika", at: at() });
    const alice = bench.authorities.issue("alice");
    expect(await once(bench, alice)).toEqual({ said: null, asking: [] });
    expect(web.requests).toEqual([]);
  });
});
