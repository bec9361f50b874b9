import { describe, expect, it } from "vitest";
import { type AskCa, addToMailbox, approve, restore } from "../../src/admin/index.ts";
import { CERTIFICATE_HOLD } from "../../src/pki/index.ts";
import { askOnce } from "../../src/robot/index.ts";
import type { Issued } from "../pki/path-authority.ts";
import { LoopbackServer } from "../revocation/loopback-server.ts";
import { Authorities } from "../robot/authorities.ts";
import { Bench } from "../robot/recheck-bench.ts";
import { report } from "../store/kit.ts";

const web = await new LoopbackServer().start();
const ALICE = "alice@partner.example";
const CLAIMS = "claims@company.example";

const opened = () => Bench.open(new Authorities(web));
const by = ({ now }: Bench) => ({ actor: "erika", reason: "x", at: now });

function asker(bench: Bench): AskCa {
  const { signal } = new AbortController();
  return (certificate) => askOnce(bench.robot, certificate, { asking: () => {}, signal });
}

async function approved(bench: Bench, ...all: readonly Issued[]) {
  const request = { sha256: all.map(({ certificate }) => certificate.sha256), addresses: [] };
  const options = { policy: bench.policy, write: null, ask: asker(bench) };
  const decisions = [];
  for await (const one of approve(bench.store, request, by(bench), options)) decisions.push(one);
  return decisions;
}

describe("approving a certificate", () => {
  it("whose CA says that it is revoked is refused, and it is stored as revoked; the others are not decided either", async () => {
    const bench = await opened();
    const [alice, bob] = [bench.authorities.issue("alice", "OCSP"), bench.authorities.issue("bob", "OCSP")];
    await bench.keep(alice, ALICE, "pending");
    await bench.keep(bob, "bob@partner.example", "pending");
    bench.authorities.revoke(alice);
    await expect(approved(bench, bob, alice)).rejects.toMatchObject({
      ...{ kind: "usage", code: "admin.revoked" },
      message: expect.stringMatching(/^the CA of [0-9a-f]{16} says: revoked at .*; it was not approved$/),
    });
    expect([(await bench.found(alice)).statuses, (await bench.found(bob)).statuses]).toEqual([
      ["revoked"],
      ["pending"],
    ]);
    expect(await bench.store.usableFor(ALICE, bench.now)).toEqual([]);
  });

  it("whose CA clears it is asked about again in a day", async () => {
    const bench = await opened();
    const alice = bench.authorities.issue("alice", "OCSP");
    await bench.keep(alice, ALICE, "pending");
    expect(await approved(bench, alice)).toMatchObject([{ asked: { revocation: "good", why: null } }]);
    expect(await bench.found(alice)).toMatchObject({
      statuses: ["active"],
      answer: { status: "good", by: "OCSP", askedAt: bench.now },
    });
    expect(await bench.go(23)).toEqual([]);
    expect(await bench.go(24)).toContain("POST /ocsp");
  });

  it("whose CA does not answer is done, said, and asked about at once", async () => {
    const bench = await opened();
    const alice = bench.authorities.issue("alice", "OCSP");
    await bench.keep(alice, ALICE, "pending");
    bench.authorities.isUp = () => false;
    expect(await approved(bench, alice)).toMatchObject([{ asked: { revocation: "unanswered" } }]);
    bench.authorities.isUp = () => true;
    bench.authorities.revoke(alice);
    expect(await bench.go(0, 2)).toContain("POST /ocsp");
    expect((await bench.found(alice)).statuses).toEqual(["revoked"]);
  });
});

describe("restoring a key", () => {
  const restored = async (bench: Bench, { certificate }: Issued) =>
    restore(bench.store, certificate.sha256, by(bench), { policy: bench.policy, ask: asker(bench) });

  it.each<[string, (bench: Bench, issued: Issued) => void, string]>([
    ["clears it makes it active", () => {}, "active"],
    [
      "does not answer leaves it to a person",
      ({ authorities }) => (authorities.isUp = () => false),
      "pending",
    ],
    ["has revoked it leaves it rejected", ({ authorities }, alice) => authorities.revoke(alice), "rejected"],
  ])("whose CA %s", async (_, make, status) => {
    const bench = await opened();
    const alice = bench.authorities.issue("alice", "OCSP");
    await bench.keep(alice, "alice@partner.example");
    const { spkiSha256 } = alice.certificate;
    await bench.store.barKey({ spkiSha256, ...by(bench) });
    make(bench, alice);
    await restored(bench, alice);
    expect((await bench.found(alice)).statuses).toEqual([status]);
  });

  it("whose CA has lifted a hold meanwhile is active again", async () => {
    const bench = await opened();
    const alice = bench.authorities.issue("alice", "OCSP");
    await bench.keep(alice, ALICE);
    bench.authorities.revoke(alice, CERTIFICATE_HOLD);
    await bench.go(24);
    expect((await bench.found(alice)).statuses).toEqual(["revoked"]);
    const { spkiSha256 } = alice.certificate;
    await bench.store.barKey({ spkiSha256, ...by(bench) });
    bench.authorities.unrevoke(alice);
    bench.setTime(48);
    await restored(bench, alice);
    expect((await bench.found(alice)).statuses).toEqual(["active"]);
  });
});

describe("publishing a certificate of a mailbox", () => {
  async function added(bench: Bench, { certificate }: Issued, ask: AskCa | null = asker(bench)) {
    const { path: _path, capabilities: _, role: _role, findings: _findings, ...summary } = report(CLAIMS);
    const { sha256, spkiSha256, keyIdentity, der, notBefore, notAfter } = certificate;
    const own = { ...summary, sha256, spkiSha256, keyIdentity, der, notBefore, notAfter };
    const chain = [bench.authorities.ca.certificate.der];
    const publication = { certificates: [{ ...own, chain }], doubts: [] };
    return addToMailbox(bench.store, CLAIMS, publication, by(bench), ask);
  }

  it("asks its CA once; a revoked one is not published", async () => {
    const bench = await opened();
    const own = bench.authorities.issue("claims", "OCSP");
    expect(await added(bench, own)).toMatchObject([{ added: true, asked: { revocation: "good" } }]);
    expect(await bench.go(23)).toEqual([]);
    const other = bench.authorities.issue("claims-2", "OCSP");
    bench.authorities.revoke(other);
    await expect(added(bench, other)).rejects.toMatchObject({ kind: "usage", code: "admin.revoked" });
    expect((await bench.store.mailbox(CLAIMS))?.certificates).toHaveLength(1);
  });

  it("without an answer publishes it and asks again at once", async () => {
    const bench = await opened();
    const own = bench.authorities.issue("claims", "OCSP");
    bench.authorities.isUp = () => false;
    expect(await added(bench, own)).toMatchObject([{ added: true, asked: { revocation: "unanswered" } }]);
    bench.authorities.isUp = () => true;
    expect(await bench.go(0, 2)).toContain("POST /ocsp");
  });

  it("that was withdrawn is refused, unless its CA takes it back", async () => {
    const bench = await opened();
    const own = bench.authorities.issue("claims", "OCSP");
    await added(bench, own);
    bench.authorities.revoke(own, CERTIFICATE_HOLD);
    await bench.go(24);
    expect(await bench.store.publishedFor(CLAIMS, bench.now)).toEqual([]);
    await expect(added(bench, own, null)).rejects.toMatchObject({ code: "admin.revoked" });
    bench.authorities.unrevoke(own);
    bench.setTime(48);
    expect(await added(bench, own)).toMatchObject([{ added: true, asked: { revocation: "good" } }]);
    expect(await bench.store.publishedFor(CLAIMS, bench.now)).toHaveLength(1);
  });
});
