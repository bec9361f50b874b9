import { beforeAll, describe, expect, it } from "vitest";
import { silentLog } from "../../src/log.ts";
import { Budget } from "../../src/revocation/budget.ts";
import { memoryCache } from "../../src/revocation/cache.ts";
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
  return { key: path, request, worth: () => ({ usable: true, madeAt: new Date(0), keep: null }) };
}

function desk(): Inquiries {
  const network = { proxy: null, privateAddresses: true, lookup: async () => [] };
  return new Inquiries({ network, cache: memoryCache(1_000), log: silentLog, now: () => new Date() });
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
