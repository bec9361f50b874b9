import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { answerWeakness } from "../../src/inspect/index.ts";
import { silentLog } from "../../src/log.ts";
import {
  type Certificate,
  isProblem,
  parseCrl,
  parseOcspResponse,
  revocationStatuses,
} from "../../src/pki/index.ts";
import { DEFAULT_POLICY } from "../../src/policy.ts";
import {
  ASK_LIMITS,
  memoryCache,
  openRevocationDesk,
  type RevocationAnswers,
  type RevocationOptions,
  revocationQuestions,
} from "../../src/revocation/index.ts";
import { FAILURE_REST_MS, RENEW_AFTER_MS } from "../../src/revocation/limits.ts";
import { OpensslCa } from "../pki/openssl-ca.ts";
import { KEYS } from "../pki/openssl-scratch.ts";
import { LoopbackServer } from "./loopback-server.ts";

/**
 * OpenSSL issues, lists and answers; a web server on loopback hands its CRLs out and its OCSP responder the requests
 * (`openssl ocsp -port` would listen on every interface).
 */
const web = new LoopbackServer();
const authority = new OpensslCa(KEYS["P-256"]);
const people: Record<string, Certificate> = {};
/** How far the clock of the desk is ahead. */
let lateBy = 0;
const now = () => new Date(Date.now() + lateBy);

beforeAll(async () => {
  await web.start();
  authority.issueResponder("responder");
  authority.issueResponder("checked-responder", false);
  authority.issue("placed-responder", [
    "extendedKeyUsage=OCSPSigning",
    `crlDistributionPoints=URI:${web.url("/ca.crl")}`,
  ]);
  const ocsp = (path: string) => `authorityInfoAccess=OCSP;URI:${web.url(path)}`;
  const crl = (...paths: readonly string[]) =>
    `crlDistributionPoints=${paths.map((path) => `URI:${web.url(path)}`).join(",")}`;
  const issue = (name: string, ...extensions: readonly string[]) => {
    people[name] = authority.issue(name, extensions);
  };
  issue("both", ocsp("/ocsp"), crl("/ca.crl"));
  issue("revoked", ocsp("/ocsp"), crl("/ca.crl"));
  issue("unlisted", ocsp("/ocsp"), crl("/ca.crl"));
  issue("delegated", ocsp("/delegated"));
  issue("checked", ocsp("/checked"), crl("/ca.crl"));
  issue("placed", ocsp("/placed"), crl("/ca.crl"));
  issue("unlisted-ocsp", ocsp("/ocsp"));
  issue("crl-only", crl("/ca.crl"));
  issue("crl-revoked", crl("/ca.crl"));
  issue("mirrored", crl("/missing.crl", "/page.html", "/ca.crl"));
  issue("dead", ocsp("/missing"), crl("/missing.crl"));
  issue("weak", ocsp("/weak"), crl("/ca.crl"));
  issue("weak-revoked", ocsp("/weak"), crl("/ca.crl"));
  issue("busy", ocsp("/try-later"), crl("/ca.crl"));
  issue("foreign", crl("/foreign.crl"));
  issue("hijacked", crl("/foreign.crl", "/ca.crl"));
  issue("slow", crl("/slow.crl"));
  issue("ldap", "crlDistributionPoints=URI:ldap://directory.example/cn=CA");
  issue("silent");
  authority.revoke("revoked", "keyCompromise");
  authority.revoke("crl-revoked", "superseded");
  authority.revoke("weak-revoked", "superseded");
  authority.forget("unlisted");
  authority.forget("unlisted-ocsp");
  const foreign = new OpensslCa(KEYS["P-256"]).crl();
  const responder = (signer: string, ...more: readonly string[]) => answering(`/${signer}`, signer, more);
  const answering = (path: string, signer: string, more: readonly string[]) => {
    web.pages.set(path, (_request, response, body) =>
      response.end(authority.ocspResponse(body, signer, more)),
    );
  };
  answering("/weak", "ca", ["-ndays", "1", "-rmd", "sha1"]);
  responder("responder", "-ndays", "1");
  responder("checked-responder", "-ndays", "1");
  responder("placed-responder", "-ndays", "1");
  responder("ca", "-ndays", "1");
  alias("/delegated", "/responder");
  alias("/checked", "/checked-responder");
  alias("/placed", "/placed-responder");
  alias("/ocsp", "/ca");
  web.file("/ca.crl", () => authority.crl());
  web.file("/foreign.crl", () => foreign);
  web.file("/page.html", () => Buffer.from("<html>"));
  web.pages.set("/try-later", (_request, response) => response.end(Buffer.of(0x30, 3, 0x0a, 1, 3)));
  web.pages.set("/slow.crl", (_request, response) => setTimeout(() => response.end(authority.crl()), 300));
});

function alias(path: string, other: string): void {
  const page = web.pages.get(other);
  if (page !== undefined) web.pages.set(path, page);
}

beforeEach(() => {
  web.requests.length = 0;
  lateBy = 0;
});

function desk(more: Partial<RevocationOptions> = {}) {
  const weaknessOf = answerWeakness(DEFAULT_POLICY.certificates);
  const options = { proxy: null, privateAddresses: true, cache: null, weaknessOf, log: silentLog, now };
  return openRevocationDesk({ ...options, ...more });
}

function pathOf(name: string): readonly Certificate[] {
  const certificate = people[name];
  if (certificate === undefined) throw new Error(name);
  return [certificate, authority.certificate];
}

function ask(name: string, at = desk()): Promise<RevocationAnswers> {
  const budget = at.budget();
  return at.ask(revocationQuestions(pathOf(name)), budget).finally(() => budget.close());
}

/** What pki makes of the answers: the whole way as the robot will go it. */
function verdict(name: string, { ocsp, crls }: RevocationAnswers): string {
  const [status] = revocationStatuses({
    path: pathOf(name),
    ocsp: ocsp.flatMap(({ certificate, der, nonce }) => {
      const response = parseOcspResponse(der);
      return isProblem(response) ? [] : [{ certificate, response, nonce }];
    }),
    crls: crls.flatMap((der) => {
      const crl = parseCrl(der);
      return isProblem(crl) ? [] : [crl];
    }),
    others: [],
    at: now(),
  });
  return status === undefined || status.status === "unknown" ? "unknown" : `${status.status} ${status.by}`;
}

describe("asking real CRLs and OpenSSL's responder", () => {
  it.each([
    { name: "both", what: "OCSP suffices, no CRL is fetched", said: "good OCSP", asked: ["POST /ocsp"] },
    { name: "revoked", what: "revoked by OCSP", said: "revoked OCSP", asked: ["POST /ocsp"] },
    {
      name: "unlisted",
      what: "unknown to the responder, so the CRL is asked",
      said: "good CRL",
      asked: ["POST /ocsp", "GET /ca.crl"],
    },
    { name: "delegated", what: "a delegated responder", said: "good OCSP", asked: ["POST /delegated"] },
    {
      name: "checked",
      what: "a delegated responder without nocheck that names nobody to ask about it",
      said: "good OCSP",
      asked: ["POST /checked"],
    },
    {
      name: "placed",
      what: "a delegated responder that says where to ask about it: the CRL clears it",
      said: "good OCSP",
      asked: ["POST /placed", "GET /ca.crl"],
    },
    {
      name: "unlisted-ocsp",
      what: "a signed unknown is an answer, where no CRL is named",
      said: "unknown-to-ca OCSP",
      asked: ["POST /ocsp"],
    },
    { name: "busy", what: "tryLater: the CRL", said: "good CRL", asked: ["POST /try-later", "GET /ca.crl"] },
    {
      name: "weak",
      what: "good, but signed with SHA-1: the CRL is asked",
      said: "good CRL",
      asked: ["POST /weak", "GET /ca.crl"],
    },
    {
      name: "weak-revoked",
      what: "revoked is believed, however it is signed",
      said: "revoked OCSP",
      asked: ["POST /weak"],
    },
    { name: "crl-only", what: "a CRL alone", said: "good CRL", asked: ["GET /ca.crl"] },
    { name: "crl-revoked", what: "revoked by CRL", said: "revoked CRL", asked: ["GET /ca.crl"] },
    {
      name: "mirrored",
      what: "the first place is gone, the second has a web page, the third has it",
      said: "good CRL",
      asked: ["GET /missing.crl", "GET /page.html", "GET /ca.crl"],
    },
    {
      name: "foreign",
      what: "the CRL of another CA of the same name is no proof",
      said: "unknown",
      asked: ["GET /foreign.crl"],
    },
    {
      name: "hijacked",
      what: "at the first place somebody else has put his list: the second is asked too",
      said: "good CRL",
      asked: ["GET /foreign.crl", "GET /ca.crl"],
    },
    { name: "silent", what: "names nobody: nothing to ask", said: "unknown", asked: [] },
  ])("$name: $what", async ({ name, said, asked }) => {
    const answers = await ask(name);
    expect(verdict(name, answers)).toBe(said);
    expect(web.requests).toEqual(asked);
    expect(answers.unanswered).toEqual([]);
  });

  it("says of the answer that does not count why", async () => {
    const page = web.pages.get("/ca.crl");
    web.pages.delete("/ca.crl");
    const { unanswered } = await ask("weak");
    if (page !== undefined) web.pages.set("/ca.crl", page);
    expect(unanswered[0]?.attempts[0]).toMatchObject({
      why: "no-answer",
      detail: "the OCSP response is signed with SHA-1",
    });
  });

  it("a nonce goes out and comes back", async () => {
    const nonce = Buffer.alloc(32, 0x42);
    const answers = await ask("both", desk({ nonce: () => nonce }));
    expect(answers.ocsp).toMatchObject([{ nonce }]);
    expect(verdict("both", answers)).toBe("good OCSP");
  });

  it("a response without the nonce counts all the same, as of responders that sign in advance (RFC 5019 §4)", async () => {
    const old = await ask("delegated");
    const page = web.pages.get("/delegated");
    web.file("/delegated", () => old.ocsp[0]?.der ?? Buffer.alloc(0));
    const answers = await ask("delegated", desk({ nonce: () => Buffer.alloc(32, 3) }));
    if (page !== undefined) web.pages.set("/delegated", page);
    expect(verdict("delegated", answers)).toBe("good OCSP");
  });

  it("a response with another nonce than the request's is no answer", async () => {
    const old = await ask("delegated", desk({ nonce: () => Buffer.alloc(32, 1) }));
    const page = web.pages.get("/delegated");
    web.file("/delegated", () => old.ocsp[0]?.der ?? Buffer.alloc(0));
    const answers = await ask("delegated", desk({ nonce: () => Buffer.alloc(32, 2) }));
    if (page !== undefined) web.pages.set("/delegated", page);
    expect(answers).toMatchObject({
      ocsp: [],
      unanswered: [{ attempts: [{ why: "no-answer", detail: expect.stringContaining("nonce") }] }],
    });
  });
});

describe("what nobody answers", () => {
  it("names every place that was tried, and why", async () => {
    const { unanswered } = await ask("dead");
    expect(unanswered).toEqual([
      {
        certificate: people.dead?.sha256,
        attempts: [
          { url: web.url("/missing"), why: "status", detail: "status 404", lasting: false },
          { url: web.url("/missing.crl"), why: "status", detail: "status 404", lasting: false },
        ],
      },
    ]);
  });

  it("a certificate that names only a directory has nobody who could be asked", async () => {
    expect(await ask("ldap")).toMatchObject({ unanswered: [{ attempts: [] }] });
  });

  it("private addresses are refused unless they are allowed", async () => {
    const answers = await ask("both", desk({ privateAddresses: false }));
    expect(answers.unanswered[0]?.attempts).toMatchObject([
      { why: "private-address", lasting: true },
      { why: "private-address", lasting: true },
    ]);
    expect(web.requests).toEqual([]);
  });

  it("a question that failed is left alone for a while, then asked again", async () => {
    const same = desk();
    await ask("dead", same);
    await ask("dead", same);
    expect(web.requests).toHaveLength(2);
    lateBy = FAILURE_REST_MS + 1_000;
    await ask("dead", same);
    expect(web.requests).toHaveLength(4);
  });

  it("the budget of one message ends its questions, not those of the next", async () => {
    const same = desk({ limits: { ...ASK_LIMITS, requests: 1 } });
    const { unanswered } = await ask("dead", same);
    expect(unanswered[0]?.attempts.map(({ why }) => why)).toEqual(["status", "budget"]);
    expect(verdict("both", await ask("both", same))).toBe("good OCSP");
  });
});

describe("answers that are kept", () => {
  it("are used again, and renewed after a while", async () => {
    const same = desk();
    for (const name of ["crl-only", "crl-revoked", "both", "both"]) await ask(name, same);
    expect(web.requests).toEqual(["GET /ca.crl", "POST /ocsp"]);
    lateBy = RENEW_AFTER_MS + 1_000;
    expect(verdict("both", await ask("both", same))).toBe("good OCSP");
    expect(web.requests).toHaveLength(3);
  });

  it("still hold when the CA cannot be reached, until nextUpdate", async () => {
    const same = desk();
    await ask("crl-only", same);
    const page = web.pages.get("/ca.crl");
    web.pages.delete("/ca.crl");
    lateBy = RENEW_AFTER_MS + 1_000;
    const during = await ask("crl-only", same);
    lateBy = 25 * 60 * 60 * 1_000; // OpenSSL's CRLs hold for a day here
    const after = await ask("crl-only", same);
    if (page !== undefined) web.pages.set("/ca.crl", page);
    expect([during.crls.length, after.crls.length, after.unanswered.length]).toEqual([1, 0, 1]);
  });

  it("stand before an older one, which somebody on the way may have kept, and before one of somebody else's", async () => {
    const page = web.pages.get("/ca.crl");
    const old = authority.crl();
    await sleep(1_100); // the times of a CRL have no fractions
    const young = authority.crl();
    const same = desk();
    const served = async (crl: Buffer, hours: number) => {
      web.file("/ca.crl", () => crl);
      lateBy = hours * (RENEW_AFTER_MS + 1_000);
      return (await ask("crl-only", same)).crls.map((der) => Buffer.from(der));
    };
    expect(await served(young, 0)).toEqual([young]);
    expect(await served(old, 1)).toEqual([young]);
    expect(await served(new OpensslCa(KEYS["P-256"]).crl(), 2)).toEqual([young]);
    if (page !== undefined) web.pages.set("/ca.crl", page);
    expect(web.requests).toHaveLength(3);
  });

  it("outlive the desk in the cache behind it", async () => {
    const cache = memoryCache(1_000_000);
    await ask("crl-only", desk({ cache }));
    await ask("crl-only", desk({ cache }));
    expect(web.requests).toHaveLength(1);
  });

  it("are only those that the certificate's own CA signed: a forged list does not stay", async () => {
    const same = desk();
    await ask("foreign", same);
    await ask("foreign", same);
    expect(web.requests).toEqual(["GET /foreign.crl", "GET /foreign.crl"]);
  });

  it("an answer on its way is shared by all who ask for it", async () => {
    const same = desk();
    const all = await Promise.all(Array.from({ length: 20 }, () => ask("slow", same)));
    expect(web.requests).toEqual(["GET /slow.crl"]);
    expect(all.map((answers) => verdict("slow", answers))).toEqual(Array(20).fill("good CRL"));
  });
});
