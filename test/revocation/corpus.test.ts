import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { answerWeakness } from "../../src/inspect/index.ts";
import { silentLog } from "../../src/log.ts";
import { type CaWord, type Certificate, parseCertificate, revocationVerdicts } from "../../src/pki/index.ts";
import { DEFAULT_POLICY } from "../../src/policy.ts";
import {
  ASK_LIMITS,
  memoryCache,
  openRevocationDesk,
  type RevocationDesk,
  revocationQuestions,
} from "../../src/revocation/index.ts";
import { good } from "../pki/openssl-scratch.ts";
import { crlsOf, ocspOf } from "./evidence.ts";
import { LoopbackServer } from "./loopback-server.ts";

/**
 * The corpus of CRLs and OCSP answers, as its servers had them, through the real desk: a web server on loopback is its
 * proxy, so that the URLs in the certificates are asked as they stand, and the clock stands where the corpus was made.
 */
const CORPUS = fileURLToPath(new URL("../corpora/revocation/", import.meta.url));
const web = new LoopbackServer();
beforeAll(() => web.start());
beforeEach(() => {
  web.pages.clear();
  web.requests.length = 0;
});

const weaknessOf = answerWeakness(DEFAULT_POLICY.certificates);

function deskAt(now: () => Date, cache = memoryCache(10_000_000)): RevocationDesk {
  return openRevocationDesk({
    proxy: `http://127.0.0.1:${web.port}`,
    privateAddresses: true,
    cache,
    weaknessOf,
    log: silentLog,
    now,
    limits: { ...ASK_LIMITS, silenceMilliseconds: 200 },
  });
}

/**
 * What the whole way says of the first certificate of a path, as the robot goes it.
 * @param known what CAs have said before; this is added to it
 */
async function statusOf(
  desk: RevocationDesk,
  path: readonly Certificate[],
  beside: readonly Certificate[],
  at: Date,
  known = new Map<string, CaWord>(),
): Promise<string> {
  const budget = desk.budget();
  try {
    const answers = await desk.ask(revocationQuestions(path), budget, beside);
    const others = [...beside, ...answers.signers.map((der) => good(parseCertificate(der)))];
    const evidence = { path, ocsp: ocspOf(answers), crls: crlsOf(answers), others, at, weaknessOf, known };
    const verdicts = revocationVerdicts(evidence);
    for (const { certificate, word } of verdicts) known.set(certificate, word);
    return verdicts[0]?.status.status ?? "none";
  } finally {
    budget.close();
  }
}

function bytesOf(...names: readonly string[]): Buffer {
  return readFileSync(join(CORPUS, ...names));
}

function certificateOf(...names: readonly string[]): Certificate {
  return good(parseCertificate(bytesOf(...names)));
}

/** What an answer may be: `either` and `any` leave it to the judge. */
function isWanted(want: string, status: string): boolean {
  return want === "any" || want === "either" || want === status.replace("unknown-to-ca", "unknown");
}

interface CrlCase {
  readonly id: string;
  readonly note: string;
  readonly certificate: string;
  readonly issuer: string;
  readonly anchor: string;
  readonly served: readonly string[];
  readonly want: string;
}

const crl = JSON.parse(bytesOf("crl", "expect.json").toString()) as {
  readonly at: string;
  readonly cases: readonly CrlCase[];
};

/** Whose signer's certificate came along with the mail. */
const ALONG: Readonly<Record<string, string>> = {
  ...Object.fromEntries(["C1", "C2", "C3", "C5", "C5n", "C6"].map((id) => [id, `${id}-s.crt`])),
  D1: "twin.crt",
  D4: "twin.crt",
};

const HOST = "http://127.0.0.1:18080";

describe("the corpus of lists, over HTTP", () => {
  beforeEach(() => {
    for (const name of readdirSync(join(CORPUS, "crl")))
      web.file(`${HOST}/ok/${name}`, () => bytesOf("crl", name));
    for (const path of ["a", "b", "a8", "c8"]) web.pages.set(`${HOST}/hang/${path}`, () => {});
  });

  it.each(crl.cases)("$id: $note", async ({ id, certificate, issuer, anchor, want }) => {
    const path = [certificate, issuer, anchor].map((name) => certificateOf("crl", name));
    const along = ALONG[id];
    const at = new Date(crl.at);
    const beside = along === undefined ? [] : [certificateOf("crl", along)];
    const status = await statusOf(
      deskAt(() => at),
      path,
      beside,
      at,
    );
    expect({ status, requests: web.requests, ok: isWanted(want, status) }).toMatchObject({ ok: true });
  });
});

interface TimeCase {
  readonly id: string;
  readonly note: string;
  readonly steps: readonly {
    readonly hours: number;
    readonly want: string;
    /** How many it takes; left out where it does not matter. */
    readonly requests?: number;
  }[];
}

const time = JSON.parse(bytesOf("time", "expect.json").toString()) as {
  readonly at: string;
  readonly cases: readonly TimeCase[];
};

describe("the corpus over time", () => {
  it.each(time.cases)("$id: $note", async ({ id, steps }) => {
    const path = ["ee.crt", "ca.crt", "root.crt"].map((name) => certificateOf("time", id, name));
    let now = new Date(time.at);
    const known = new Map<string, CaWord>();
    const cache = memoryCache(10_000_000);
    let desk = deskAt(() => now, cache);
    const served = readdirSync(join(CORPUS, "time", id)).flatMap((name) => {
      const [, hours, file] = /^at\+(-?[\d.]+)h-(.*)$/.exec(name) ?? [];
      return hours === undefined || file === undefined ? [] : [{ hours: Number(hours), file, name }];
    });
    for (const { hours, want, requests } of steps) {
      web.requests.length = 0;
      for (const { file, name } of served.filter((one) => one.hours === hours)) {
        const bytes = bytesOf("time", id, name);
        const answer = bytes.length === 0 ? null : bytes;
        serve(file, answer);
      }
      now = new Date(new Date(time.at).getTime() + hours * 3_600_000);
      if (id === "R1r") desk = deskAt(() => now, cache);
      const status = await statusOf(desk, path, [], now, known);
      expect({ hours, status, ok: isWanted(want, status) }).toMatchObject({ ok: true });
      if (requests !== undefined) expect([hours, web.requests.length]).toEqual([hours, requests]);
    }
  });
});

function serve(file: string, bytes: Buffer | null): void {
  const page = `${HOST}/ok/${file}`;
  if (bytes === null) web.pages.set(page, (_request, response) => response.writeHead(503).end());
  else web.file(page, () => bytes);
}
