import { describe, expect, it } from "vitest";
import type { StoreAction } from "../../src/decide/index.ts";
import type { Store } from "../../src/store/index.ts";
import { at, decision, freshStore, input, report, storing } from "./kit.ts";

const ALICE = "alice@partner.example";
let mails = 0;

async function bring(
  store: Store,
  status: StoreAction["status"],
  authenticated: boolean | null,
): Promise<boolean | null> {
  mails += 1;
  const certificate = report("alice");
  const { message, ...rest } = input(`mail ${mails}`, ALICE, [certificate]);
  await store.commitMessage({ ...rest, message: { ...message, authenticated } }, () =>
    decision([storing(certificate, ALICE, status)]),
  );
  const [held] = await store.certificatesOf(ALICE, at());
  return held?.authenticated ?? null;
}

describe("what a holding knows of the sender of its mail", () => {
  it.each([
    ["nothing said", null],
    ["not authenticated", false],
    ["authenticated", true],
  ])("%s stays so", async (_, authenticated) => {
    expect(await bring(await freshStore(), "pending", authenticated)).toBe(authenticated);
  });

  it("an authenticated mail that brings it again vouches for it", async () => {
    const store = await freshStore();
    await bring(store, "pending", false);
    expect(await bring(store, "pending", true)).toBe(true);
  });

  it("a rejected one does not, whoever sent it", async () => {
    const store = await freshStore();
    await bring(store, "pending", false);
    expect(await bring(store, "rejected", true)).toBe(false);
  });

  it("a forged one later takes nothing away", async () => {
    const store = await freshStore();
    await bring(store, "pending", true);
    expect(await bring(store, "pending", false)).toBe(true);
  });

  it("what was rejected and becomes pending is known by the mail that made it so", async () => {
    const store = await freshStore();
    await bring(store, "rejected", true);
    expect(await bring(store, "pending", false)).toBe(false);
  });

  it("is what the admin's news and the list say", async () => {
    const store = await freshStore();
    await bring(store, "pending", null);
    const before = { stuckBefore: at(), noPathToldBefore: at(), unansweredBefore: at() };
    const news = await store.adminNews({ now: at(), ...before, limit: 50 });
    expect(news?.pending.items).toMatchObject([{ address: ALICE, authenticated: false }]);
    expect(await store.listCertificates({}, at())).toMatchObject([{ unauthenticated: [ALICE] }]);
    await bring(store, "pending", true);
    expect(await store.listCertificates({}, at())).toMatchObject([{ unauthenticated: [] }]);
  });
});
