import { describe, expect, it } from "vitest";
import type { PublishedCertificate } from "../../src/decide/index.ts";
import { finding } from "../../src/inspect/index.ts";
import { at, DAY, freshStore, harvest, query, report } from "./kit.ts";

const CLAIMS = "claims@company.example";
const by = { actor: "eve", at: at() };

function published(name: string, more: Parameters<typeof report>[1] = {}): PublishedCertificate {
  const {
    role: _role,
    path,
    capabilities: _capabilities,
    findings: _findings,
    ...summary
  } = report(name, more);
  return { ...summary, chain: path.intermediates };
}

/** What its CA says of a certificate that was revoked at a time. */
function revocation(sha256: string, minutes: number) {
  const found = finding("revocation.revoked", "revoked at noon");
  return {
    certificate: sha256,
    reason: "revoked by its CA: revoked at noon",
    finding: found,
    at: at(minutes),
  };
}

describe("a published certificate that its CA has revoked", () => {
  const INFO = "info@company.example";

  it("is handed out no more, under any name, stays to be seen, and is news and an audit entry", async () => {
    const store = await freshStore();
    const [bad, good] = [published("bad"), published("good")];
    await store.addMailbox(CLAIMS, [bad, good], by);
    await store.addMailbox(INFO, [bad], by);
    await store.addAlias(INFO, "post@company.example", by);
    const changed = await store.revokeByCa(revocation(bad.sha256, 5));
    expect(changed.map(({ address, to }) => [address, to])).toEqual([
      [CLAIMS, "revoked"],
      [INFO, "revoked"],
    ]);
    const mailboxes = [CLAIMS, "post@company.example"];
    const view = await store.view(query(null, { mailboxes }), at(6));
    expect(view.mailboxes.map(({ certificates }) => certificates)).toEqual([[good], []]);
    expect((await store.mailbox(INFO))?.certificates).toMatchObject([
      { sha256: bad.sha256, revoked: { at: at(5), why: "revoked at noon" } },
    ]);
    expect((await store.history(bad.sha256)).at(-1)).toMatchObject({
      ...{ actor: "robot", action: "mailbox.certificate-revoked", address: INFO, detail: { by: "CA" } },
    });
    const before = { stuckBefore: at(), noPathToldBefore: at(), unansweredBefore: at() };
    expect(await store.adminNews({ now: at(6), ...before, limit: 5 })).toMatchObject({
      revoked: { count: 0 },
      withdrawn: { count: 2, items: [{ address: CLAIMS }, { address: INFO }] },
    });
    expect(await store.revokeByCa(revocation(bad.sha256, 7))).toEqual([]);
  });

  it("goes out again when a person publishes it again, and is asked about at once", async () => {
    const store = await freshStore();
    const bad = published("bad");
    await store.addMailbox(CLAIMS, [bad], by);
    await store.takeDueChecks(at(1), at(DAY), 5);
    await store.revokeByCa(revocation(bad.sha256, 5));
    expect(await store.takeDueChecks(at(2 * DAY), at(3 * DAY), 5)).toEqual([]);
    await store.addMailbox(CLAIMS, [bad], { ...by, at: at(3 * DAY) });
    expect(await store.publishedFor(CLAIMS, at(3 * DAY))).toEqual([bad]);
    expect(await store.takeDueChecks(at(3 * DAY), at(4 * DAY), 5)).toMatchObject([{ address: CLAIMS }]);
  });
});

describe("published certificates", () => {
  it("are those valid now, the latest first, under the name that was asked", async () => {
    const store = await freshStore();
    const [older, newer] = [
      published("older", { notBefore: at(-9 * DAY) }),
      published("newer", { notBefore: at(-DAY) }),
    ];
    const others = [published("lapsed", { notAfter: at(-1) }), published("future", { notBefore: at(1) })];
    await store.addMailbox(CLAIMS, [older, newer, ...others], by);
    await store.addAlias(CLAIMS, "schaden@company.example", by);
    const mailboxes = ["Schaden@company.example", "nobody@company.example", CLAIMS];
    const view = await store.view(query(null, { mailboxes }), at());
    expect(view.mailboxes).toEqual([
      { address: "Schaden@company.example", certificates: [newer, older] },
      { address: "nobody@company.example", certificates: [] },
      { address: CLAIMS, certificates: [newer, older] },
    ]);
    expect((await store.mailbox(CLAIMS))?.certificates).toHaveLength(4);
  });

  it("are added once, listed, withdrawn one by one or all together", async () => {
    const store = await freshStore();
    const [one, two] = [published("one"), published("two")];
    await store.addMailbox(CLAIMS, [one], by);
    await store.addMailbox(CLAIMS, [one, two], by);
    await store.addMailbox("info@company.example", [], by);
    expect(
      (await store.listMailboxes()).map(({ address, certificates }) => [address, certificates.length]),
    ).toEqual([
      [CLAIMS, 2],
      ["info@company.example", 0],
    ]);
    expect(await store.removeMailboxCertificate(CLAIMS, one.sha256, by)).toBe(true);
    expect(await store.removeMailboxCertificate(CLAIMS, one.sha256, by)).toBe(false);
    expect(await store.publishedFor(CLAIMS, at())).toEqual([two]);
    expect(await store.removeMailbox(CLAIMS, by)).toBe(true);
    expect(await store.removeMailbox(CLAIMS, by)).toBe(false);
    expect(await store.mailbox(CLAIMS)).toBeNull();
    expect((await store.history(CLAIMS)).map(({ action }) => action)).toEqual([
      "mailbox.added",
      "mailbox.added",
      "mailbox.certificate-removed",
      "mailbox.removed",
    ]);
    expect(await store.findCertificate(two.sha256, at())).toEqual({ found: "none" });
  });

  it("that a partner holds too outlive their mailbox", async () => {
    const store = await freshStore();
    await harvest(store, report("shared"), "alice@partner.example");
    await store.addMailbox(CLAIMS, [published("shared")], by);
    await store.removeMailbox(CLAIMS, by);
    expect(await store.usableFor("alice@partner.example", at())).toHaveLength(1);
  });
});

describe("aliases", () => {
  it("lead to their mailbox and go with it", async () => {
    const store = await freshStore();
    await store.addMailbox(CLAIMS, [published("one")], by);
    await store.addAlias(CLAIMS, "a@company.example", by);
    await store.addAlias("a@company.example", "b@company.example", by); // through an alias: the mailbox itself
    await store.addAlias(CLAIMS, "b@company.example", by); // says it already
    expect((await store.mailbox("B@company.example"))?.aliases).toEqual([
      "a@company.example",
      "b@company.example",
    ]);
    expect(await store.resolveAlias("b@company.example")).toBe(CLAIMS);
    expect(await store.removeAlias("b@company.example", by)).toBe(true);
    expect(await store.removeAlias("b@company.example", by)).toBe(false);
    await store.removeMailbox(CLAIMS, by);
    expect(await store.resolveAlias("a@company.example")).toBeNull();
  });

  it("are never a mailbox as well", async () => {
    const store = await freshStore();
    await store.addMailbox(CLAIMS, [], by);
    await store.addMailbox("info@company.example", [], by);
    await store.addAlias(CLAIMS, "a@company.example", by);
    const taken = { kind: "usage", code: "store.alias" };
    await expect(store.addAlias(CLAIMS, "info@company.example", by)).rejects.toMatchObject(taken);
    await expect(store.addAlias(CLAIMS, CLAIMS, by)).rejects.toMatchObject(taken);
    await expect(store.addAlias("info@company.example", "a@company.example", by)).rejects.toMatchObject(
      taken,
    );
    await expect(store.addMailbox("A@company.example", [], by)).rejects.toMatchObject(taken);
    await expect(store.addAlias("nobody@company.example", "x@company.example", by)).rejects.toMatchObject({
      kind: "not-found",
      code: "store.no-mailbox",
    });
  });
});
