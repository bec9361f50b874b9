import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { issuersAmong } from "../../src/inspect/index.ts";
import { ISSUERS_TAKEN } from "../../src/inspect/limits.ts";
import { silentLog } from "../../src/log.ts";
import { buildCertsOnly, type Certificate, isProblem, parseCertificate } from "../../src/pki/index.ts";
import {
  ASK_LIMITS,
  type Issuers,
  openRevocationDesk,
  type RevocationOptions,
} from "../../src/revocation/index.ts";
import { Authority, type Identity } from "../lab/openssl.ts";
import { LoopbackServer } from "./loopback-server.ts";

const folder = mkdtempSync(join(tmpdir(), "keybot-fetch-issuers-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const web = new LoopbackServer();
beforeAll(async () => {
  await web.start();
  web.file("/ca.cer", () => ca.identity.der);
  web.file("/renewed.cer", () => renewed.der);
  web.file("/other.cer", () => namesake.identity.der);
});

const root = Authority.root(folder, { name: "Root" });
const ca = root.intermediate({ name: "CA" });
const namesake = root.intermediate({ name: "CA" });
const renewed = root.issue({
  name: "CA",
  keyFile: ca.identity.keyFile,
  basicConstraints: "critical,CA:TRUE",
  keyUsage: "critical,keyCertSign",
});

const BY = { domain: "partner.example", authenticated: false } as const;

/** A certificate of the CA that names these places for its issuer. */
function naming(...urls: readonly string[]): Certificate {
  const places = urls.map((url) => `caIssuers;URI:${url}`).join(",");
  return decoded(ca.issue({ addresses: ["a@b.example"], extensions: [`authorityInfoAccess = ${places}`] }));
}

function decoded({ der }: Identity): Certificate {
  const parsed = parseCertificate(der);
  if (isProblem(parsed)) throw new Error(parsed.detail);
  return parsed;
}

/** What is fetched, and what was asked for. */
async function fetched(
  certificate: Certificate,
  more: Partial<RevocationOptions> = {},
): Promise<Issuers & { readonly requests: readonly string[] }> {
  web.requests.length = 0;
  const options = { proxy: null, privateAddresses: true, cache: null, log: silentLog, now: () => new Date() };
  const desk = openRevocationDesk({ ...options, ...more });
  const budget = desk.strangersBudget();
  const read = async (bytes: Uint8Array) => issuersAmong(bytes, certificate);
  try {
    return { ...(await desk.issuersOf(certificate, BY, read, budget)), requests: [...web.requests] };
  } finally {
    budget.close();
  }
}

describe("the issuers that a certificate names", () => {
  it("are fetched from the first place that has one whose key signed it", async () => {
    const { certificates, attempts, requests } = await fetched(
      naming(web.url("/other.cer"), web.url("/ca.cer")),
    );
    expect(certificates.map((der) => Buffer.from(der))).toEqual([ca.identity.der]);
    expect(attempts).toMatchObject([
      { why: "no-answer", detail: expect.stringContaining("whose key signed this") },
    ]);
    expect(requests).toEqual(["GET /other.cer", "GET /ca.cer"]);
  });

  it("may be another certificate of the same key", async () => {
    const { certificates } = await fetched(naming(web.url("/renewed.cer")));
    expect(certificates.map((der) => Buffer.from(der))).toEqual([renewed.der]);
  });

  it.each<[string, Partial<RevocationOptions>, string]>([
    ["the address is not public", { privateAddresses: false }, "private-address"],
    ["nothing is left to spend", { strangerLimits: { ...ASK_LIMITS, requests: 0 } }, "budget"],
  ])("are not fetched when %s", async (_why, options, why) => {
    const { certificates, attempts, requests } = await fetched(naming(web.url("/ca.cer")), options);
    expect([certificates, attempts.map((attempt) => attempt.why), requests]).toEqual([[], [why], []]);
  });

  it("are asked for at four places at most, over http only", async () => {
    const numbers = [1, 2, 3, 4, 5].map((number) => web.url(`/${number}`));
    const { requests } = await fetched(naming("ldap://dir.example/cn=CA", ...numbers));
    expect(requests).toEqual(["GET /1", "GET /2", "GET /3", "GET /4"]);
  });

  it("are found wherever they stand in a bundle", async () => {
    const others = Array.from({ length: 20 }, (_, index) => root.intermediate({ name: `CA ${index}` }));
    const bundle = [...others.map(({ identity }) => identity.der), ca.identity.der];
    web.file("/bundle.p7c", () => buildCertsOnly(bundle));
    const { certificates } = await fetched(naming(web.url("/bundle.p7c")));
    expect(Buffer.from(certificates[0] ?? [])).toEqual(ca.identity.der);
    expect(certificates).toHaveLength(ISSUERS_TAKEN);
  });

  it("are nobody's when it names none", async () => {
    expect(await fetched(decoded(ca.issue({ addresses: ["a@b.example"] })))).toEqual({
      certificates: [],
      attempts: [],
      requests: [],
    });
  });
});
