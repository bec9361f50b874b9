/**
 * How fast CAs are asked again about certificates in use: one CA with one CRL, and one with an OCSP responder, both on
 * loopback. `docs/performance.md` has figures and says what follows from them.
 *
 *   node --import tsx test/bench/recheck.ts [--crl 20000] [--ocsp 2000]
 */
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { summaryOf } from "../../src/inspect/index.ts";
import { silentLog } from "../../src/log.ts";
import { DEFAULT_POLICY } from "../../src/policy.ts";
import { openRevocationDesk } from "../../src/revocation/index.ts";
import { recheck, startJudge } from "../../src/robot/index.ts";
import { openStore } from "../../src/store/index.ts";
import type { Page } from "../revocation/loopback-server.ts";
import { Authorities } from "../robot/authorities.ts";

/** The child runs what was built. */
const ENTRY = fileURLToPath(new URL("../../dist/robot/judge-process.js", import.meta.url));

/** What a re-check of so many certificates took. */
interface Measured {
  readonly certificates: number;
  readonly requests: number;
  readonly seconds: number;
  /** Of this process alone, the servers included; the judges work beside it. */
  readonly processorSeconds: number;
}

async function measure(by: "CRL" | "OCSP", count: number): Promise<Measured> {
  const pages = new Map<string, Page>();
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      requests.push(request.url ?? "");
      pages.get(request.url ?? "")?.(request, response, Buffer.concat(chunks));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = (path: string) => `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;
  const base = new Date();
  const authorities = new Authorities({ url, pages, requests }, base);
  const dir = mkdtempSync(join(tmpdir(), "keybot-bench-recheck-"));
  const store = await openStore({ stateDir: dir });
  const judge = startJudge({ seconds: 60, memory: 512 * 1024 * 1024 }, silentLog, ENTRY);
  try {
    const change = { actor: "bench", at: base };
    const item = { der: authorities.root.certificate.der, kind: "anchor", origin: "own" } as const;
    await store.addTrust({ ...item, domains: null, distrustAfter: null }, change);
    const chain = [authorities.ca.certificate.der];
    const items = Array.from({ length: count }, (_, number) => {
      const certificate = summaryOf(authorities.issue(`p${number}`, by).certificate);
      const address = `p${number}@partner.example`;
      return { certificate, chain, address, status: "active", role: "signer", findings: [] } as const;
    });
    // What a person brings is due at once.
    await store.importCertificates({ items, source: "bench", reason: null, ...change });
    const policy = { ...DEFAULT_POLICY, domains: ["company.example"] };
    const now = () => new Date();
    const desk = openRevocationDesk({
      ...{ proxy: null, privateAddresses: true, cache: null, weaknessOf: () => null, log: silentLog, now },
    });
    const robot = { policy, store, judge, desk, log: silentLog, now };
    const [started, cpu] = [performance.now(), process.cpuUsage()];
    while ((await store.countDueChecks(now())) > 0) await recheck(robot, new AbortController().signal);
    const { user, system } = process.cpuUsage(cpu);
    const left = await store.unanswered({ now: now(), before: now() }, 1);
    if (left.count > 0) throw new Error(`${left.count} certificates have no answer: ${left.items[0]?.why}`);
    return {
      certificates: count,
      requests: requests.length,
      seconds: (performance.now() - started) / 1000,
      processorSeconds: (user + system) / 1_000_000,
    };
  } finally {
    judge.close();
    await store.close();
    server.closeAllConnections();
    server.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

const { values } = parseArgs({
  options: { crl: { type: "string", default: "20000" }, ocsp: { type: "string", default: "2000" } },
});
for (const [by, count] of [
  ["CRL", Number(values.crl)],
  ["OCSP", Number(values.ocsp)],
] as const) {
  const { certificates, requests, seconds, processorSeconds } = await measure(by, count);
  process.stdout.write(
    `${by}: ${certificates} certificates, ${requests} requests, ${seconds.toFixed(1)} s ` +
      `(${(certificates / seconds).toFixed(0)} a second; ${((1000 * processorSeconds) / certificates).toFixed(1)} ms of this process each)\n`,
  );
}
