import { beforeAll, describe, expect, it } from "vitest";
import { silentLog } from "../../src/log.ts";
import { Budget } from "../../src/revocation/budget.ts";
import { Inquiries, type Inquiry } from "../../src/revocation/inquiry.ts";
import { ASK_LIMITS } from "../../src/revocation/limits.ts";
import { LoopbackServer } from "./loopback-server.ts";

const web = new LoopbackServer();

beforeAll(async () => {
  await web.start();
  web.pages.set("/slow", (_request, response) => setTimeout(() => response.end("answer"), 300));
  web.pages.set("/two-parts", (_request, response) => {
    response.write("first ");
    setTimeout(() => response.end("second"), 100);
  });
});

function inquiry(path: string): Inquiry {
  const request = { url: web.url(path), post: null, maxBytes: 1_000 };
  return { key: path, request };
}

function desk(): Inquiries {
  const network = { proxy: null, privateAddresses: true, lookup: async () => [] };
  return new Inquiries({ network, log: silentLog, now: () => new Date() });
}

describe("two messages that ask the same at the same time", () => {
  it("the second waits no longer than its own time, and does not disturb the first", async () => {
    const [patient, hasty] = [new Budget(ASK_LIMITS), new Budget({ ...ASK_LIMITS, milliseconds: 50 })];
    const inquiries = desk();
    const first = inquiries.ask(inquiry("/slow"), patient);
    expect(await inquiries.ask(inquiry("/slow"), hasty)).toMatchObject({ ok: false, why: "timeout" });
    expect(await first).toMatchObject({ ok: true, fresh: true });
    patient.close();
  });

  it("the second asks by itself when the first had not enough left to spend", async () => {
    const [poor, rich] = [new Budget({ ...ASK_LIMITS, bytes: 8 }), new Budget(ASK_LIMITS)];
    const inquiries = desk();
    const answers = await Promise.all([
      inquiries.ask(inquiry("/two-parts"), poor),
      inquiries.ask(inquiry("/two-parts"), rich),
    ]);
    expect(answers).toMatchObject([{ ok: false, why: "budget" }, { ok: true }]);
    expect(web.requests.filter((request) => request === "GET /two-parts")).toHaveLength(2);
    for (const budget of [poor, rich]) budget.close();
  });
});

describe("what was asked in vain", () => {
  const ask = async (inquiries: Inquiries, key: string, url: string, maxBytes = 1_000) => {
    const budget = new Budget(ASK_LIMITS);
    const request = { url, post: null, maxBytes };
    try {
      return await inquiries.ask({ key, request }, budget);
    } finally {
      budget.close();
    }
  };
  const said = (path: string) => web.requests.filter((request) => request === `GET ${path}`).length;

  it.each<[string, string]>([
    ["too large for it", "/large"],
    ["refused by its status", "/absent"],
  ])("rests that question alone: %s", async (_why, path) => {
    web.pages.set("/large", (_request, response) => response.end(Buffer.alloc(5_000)));
    const inquiries = desk();
    await ask(inquiries, "issuers", web.url(path));
    await ask(inquiries, "issuers", web.url(path));
    const before = said(path);
    // Another kind of question, which may have more, or goes by POST, is asked at the same URL.
    const other = await ask(inquiries, "crl", web.url(path), 10_000);
    expect([before, said(path)]).toEqual([1, 2]);
    expect(other.ok).toBe(path === "/large");
  });

  it("rests the host when it cannot be reached, but not one that has sent us on to another", async () => {
    const gone = await new LoopbackServer().start();
    const [url, another] = [gone.url("/1"), gone.url("/2")];
    await new Promise((resolve) => gone.server.close(resolve));
    web.redirect("/away", url);
    const inquiries = desk();
    expect(await ask(inquiries, "away", web.url("/away"))).toMatchObject({ why: "unreachable" });
    expect(await ask(inquiries, "slow", web.url("/slow"))).toMatchObject({ ok: true });
    expect(await ask(inquiries, "one", url)).toMatchObject({
      detail: expect.not.stringContaining("so soon"),
    });
    const two = await ask(inquiries, "two", another);
    expect(two).toMatchObject({
      why: "unreachable",
      detail: expect.stringContaining("not tried again so soon"),
    });
  });

  it("rests nothing when it was the message that had no time left", async () => {
    const inquiries = desk();
    const hasty = new Budget({ ...ASK_LIMITS, milliseconds: 50 });
    const answer = await inquiries.ask(inquiry("/slow"), hasty);
    expect(answer).toMatchObject({ ok: false, why: "timeout" });
    expect(await ask(inquiries, "/slow", web.url("/slow"))).toMatchObject({ ok: true });
  });
});
