import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { masked, NOON, Office, validity } from "./office.ts";

const ALICE = "alice@partner.example";
const DAY = 86_400_000;
const on = (days: number): Date => new Date(NOON.getTime() + days * DAY);

describe("keybot show explains how a partner came to his certificates (PRODUCT §3)", () => {
  let office: Office;
  beforeAll(() => {
    office = new Office();
  });
  afterAll(() => office?.close());

  it("a first key, another device, a renewal, another CA, and an old key after a revocation", async () => {
    const other = office.authority("Other Root CA");
    for (const { identity } of [office.root, other])
      await office.output(["trust", "add", identity.certFile, "--any-domain"]);
    const first = office.certificate(ALICE, validity(-200 * DAY, 40 * DAY));
    const device = office.certificate(ALICE, validity(-150 * DAY, 30 * DAY));
    const renewal = office.certificate(ALICE, validity(-5 * DAY, 360 * DAY));
    const elsewhere = office.certificate(ALICE, { by: other, ...validity(-3 * DAY, 300 * DAY) });
    const older = office.certificate(ALICE, { by: other, ...validity(-250 * DAY, 300 * DAY) });
    for (const [day, signer] of [first, device, renewal, elsewhere].entries())
      await office.harvest(ALICE, signer, { at: on(day / 24) });
    await office.output(["revoke", elsewhere.sha256, "--reason", "lost", "--yes"], { now: on(1) });
    await office.harvest(ALICE, older, { at: on(0.5) });

    const names = { first, device, renewal, elsewhere, older };
    const records = await office.records(["show", ALICE], { now: on(2) });
    const told = records.map(({ sha256, place, status, findings }) => [
      masked(String(sha256), names),
      place,
      status,
      (findings as { code: string }[]).map(({ code }) => code).filter((code) => code.startsWith("history.")),
    ]);
    expect(told).toEqual([
      ["{RENEWAL}", 1, "active", ["history.renewal"]],
      ["{DEVICE}", 2, "active", ["history.second-key"]],
      ["{FIRST}", 3, "active", []],
      ["{ELSEWHERE}", null, "revoked", ["history.new-ca"]],
      ["{OLDER}", null, "pending", ["history.before-revocation", "history.new-ca"]],
    ]);

    const text = masked(await office.output(["show", ALICE], { now: on(2) }), names);
    expect(text).toContain(
      `${ALICE}: 5 known, 3 used, in this order: approved by hand first, then the latest to begin\n`,
    );
    expect(text).toMatch(
      /\n\{OLDER\}\n {2}used {10}no, pending: .*\(history\.before-revocation: .*\{elsewhere\}/,
    );
    expect(text).toMatch(/ {2}info {10}history\.renewal: the same CA's successor of the certificate \{/);
  });
});
