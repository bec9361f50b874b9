import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { silentLog } from "../../src/log.ts";
import { Budget, NobodyAsked } from "../../src/revocation/budget.ts";
import { OF_NOBODY, PER_HOST, PER_SENDER, RATION_MS, STRANGER_LIMITS } from "../../src/revocation/limits.ts";
import {
  memoryBook,
  type Reader,
  type Stranger,
  type StrangerAnswer,
  type StrangerBook,
  Strangers,
} from "../../src/revocation/strangers.ts";
import type { Store } from "../../src/store/index.ts";
import { freshStore } from "../store/kit.ts";
import { LoopbackServer } from "./loopback-server.ts";

const web = new LoopbackServer();
let late = 0;
const now = () => new Date(Date.now() + late);
const MALLORY: Stranger = { domain: "evil.example", authenticated: false };

/** As the installation has it. */
function bookIn(store: Store): StrangerBook {
  return {
    fetches: (by, since) => store.strangerFetches(by, since),
    note: (request, since) => store.noteStrangerFetch(request, since),
    noteAnswer: (request, size, kept) => store.noteStrangerAnswer(request, size, kept),
    answer: (url, since) => store.strangerAnswer(url, since),
  };
}

beforeAll(async () => {
  await web.start();
  web.pages.set("/redirects", (_request, response) => {
    response.writeHead(302, { Location: web.url("/ca.cer", "other.example") }).end();
  });
  web.pages.set("/huge", (_request, response) => response.end(Buffer.alloc(300 * 1024)));
});
beforeEach(() => {
  web.requests.length = 0;
  late = 0;
  web.file("/ca.cer", () => Buffer.from("a CA"));
});

/** Takes whatever is one of the CAs that it knows. */
function reader(...known: readonly string[]): Reader {
  return async (bytes) => (known.includes(Buffer.from(bytes).toString()) ? [bytes] : []);
}

describe.each<[string, () => Promise<StrangerBook>]>([
  ["in memory", async () => memoryBook()],
  ["in the database", async () => bookIn(await freshStore())],
])("what strangers have us fetch, counted %s", (_where, open) => {
  let book: StrangerBook;
  let strangers: Strangers;
  beforeEach(async () => {
    book = await open();
    const network = { proxy: null, privateAddresses: true, lookup: async () => ["127.0.0.1"] };
    strangers = new Strangers(network, book, silentLog, now);
  });

  /** Asks once, with a message's budget of its own. */
  async function ask(
    url: string,
    by = MALLORY,
    read = reader("a CA"),
    limits = STRANGER_LIMITS,
  ): Promise<StrangerAnswer> {
    const budget = new Budget(limits);
    try {
      return await strangers.ask(url, by, read, budget);
    } finally {
      budget.close();
    }
  }

  const here = (n: number) => web.url(`/${n}`, "victim.example");
  const elsewhere = (n: number) => web.url(`/${n}`, `host${n}.example`);

  it.each<[string, (n: number) => string, (n: number) => Stranger, number]>([
    [
      "one host, whoever asks",
      here,
      (n) => ({ domain: `${n}.example`, authenticated: n % 2 === 0 }),
      PER_HOST.requests,
    ],
    ["one sender's domain, whatever host it names", elsewhere, () => MALLORY, PER_SENDER.requests],
    [
      "all who are not authenticated, whatever they name",
      elsewhere,
      (n) => ({ domain: `${n}.example`, authenticated: false }),
      OF_NOBODY.requests,
    ],
  ])("is rationed by the hour: %s", async (_what, url, by, ration) => {
    for (let n = 0; n < ration + 5; n++) await ask(url(n), by(n));
    expect(web.requests).toHaveLength(ration);
    expect(await ask(url(1_000), by(2))).toMatchObject({ ok: false, why: "budget" });
    // Who shares none of it is asked for; and everybody is, an hour later.
    const honest = { domain: "partner.example", authenticated: true };
    expect(await ask(web.url("/ca.cer", "ca.example"), honest)).toMatchObject({ ok: true });
    late = RATION_MS + 1_000;
    await ask(url(2_000), by(2));
    expect(web.requests).toHaveLength(ration + 2);
  });

  it("is rationed by bytes, also of answers that are too large to be taken", async () => {
    for (let n = 0; n < PER_HOST.requests; n++) {
      web.pages.set(`/huge?${n}`, (_request, response) => {
        for (let part = 0; part < 5; part++) response.write(Buffer.alloc(60 * 1024));
        response.end();
      });
      await ask(web.url(`/huge?${n}`));
    }
    expect(web.requests.length).toBeLessThan(PER_HOST.requests);
  });

  it("counts each server that a redirect leads to", async () => {
    await ask(web.url("/redirects", "one.example"));
    const since = new Date(now().getTime() - RATION_MS);
    for (const host of ["one.example", "other.example"])
      expect((await book.fetches({ ...MALLORY, host }, since)).host.requests).toBe(1);
  });

  it("is fetched once for all certificates that name the same, and proven for each", async () => {
    const bodies = ["a CA", "another"];
    const answers = await Promise.all(
      [...bodies, "a CA"].map((known) => ask(web.url("/ca.cer"), MALLORY, reader(known))),
    );
    expect(answers.map(({ ok }) => ok)).toEqual([true, false, true]);
    expect(web.requests).toEqual(["GET /ca.cer"]);
    // What was of no use a while ago may be by now.
    web.file("/ca.cer", () => Buffer.from("another"));
    expect(await ask(web.url("/ca.cer"), MALLORY, reader("another"))).toMatchObject({ ok: false });
    late = 61_000;
    expect(await ask(web.url("/ca.cer"), MALLORY, reader("another"))).toMatchObject({ ok: true });
    expect(web.requests).toHaveLength(2);
  });

  it("leaves alone what cannot be read in time, and has it read once only", async () => {
    let reads = 0;
    const heavy: Reader = async () => {
      reads += 1;
      return null;
    };
    expect(await ask(web.url("/ca.cer"), MALLORY, heavy)).toMatchObject({ why: "no-answer" });
    expect(await ask(web.url("/ca.cer"), MALLORY, heavy)).toMatchObject({ why: "no-answer" });
    expect([reads, web.requests.length]).toEqual([1, 1]);
  });

  it("is known without asking when it was had, when it rests, or when nothing is left of a ration", async () => {
    const known = async (url: string, by = MALLORY) => {
      const nobody = new NobodyAsked();
      const answer = await strangers.ask(url, by, reader("a CA"), nobody);
      return [answer.ok, nobody.missed];
    };
    expect(await known(web.url("/ca.cer"))).toEqual([false, true]);
    await ask(web.url("/ca.cer"));
    await ask(web.url("/absent"));
    expect(await known(web.url("/ca.cer"))).toEqual([true, false]);
    expect(await known(web.url("/absent"))).toEqual([false, false]);
    for (let n = 0; n < PER_SENDER.requests; n++) await ask(elsewhere(n));
    expect(await known(web.url("/new", "new.example"))).toEqual([false, false]);
    expect(await known(web.url("/new", "new.example"), { domain: "b.example", authenticated: true })).toEqual(
      [false, true],
    );
  });
});
