import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decide, emptyView, type Folder, viewQuery } from "../../src/decide/index.ts";
import type { TrustStore } from "../../src/inspect/index.ts";
import { sameAddress, toCrlf } from "../../src/mail/index.ts";
import { isProblem, parseCertificate } from "../../src/pki/index.ts";
import { DEFAULT_POLICY, type Policy } from "../../src/policy.ts";
import { gather } from "../../src/robot/gather.ts";
import { type LabFolder, openFolder } from "../lab/folder.ts";
import { Authority, requestMail, signedMail } from "../lab/openssl.ts";
import { ROBOT } from "../lab/site.ts";
import { mutate, randomNumbers } from "./mutate.ts";

const MUTANTS = 100_000;

/** No mutant of these sizes may take longer, whatever it has become; an ordinary mail takes 2 milliseconds. */
const SLOWEST_MS = 1_000;

const MEGABYTE = 1024 * 1024;

/** What caches may still take after the first tenth; a leak of 1 KB a mutant would be 90 MB. */
const HEAP_GROWTH = 32 * MEGABYTE;

const POLICY: Policy = { ...DEFAULT_POLICY, domains: ["company.example"], robot: [ROBOT] };

const corpora = process.env.KEYBOT_CORPORA ?? resolve(import.meta.dirname, "../../../shared/corpora");
if (!existsSync(corpora))
  console.warn(`mutating the lab's mails only: no folder ${corpora} (set KEYBOT_CORPORA)`);

/** A mail that is mutated, and what of it may be accepted. */
interface Original {
  readonly name: string;
  readonly raw: Buffer;
  /** Null: no CA of it is trusted, so no mutant of it may be accepted. */
  readonly accepted: {
    readonly entity: string;
    readonly address: string;
    readonly certificate: string;
  } | null;
}

describe("mails with a few bytes changed", () => {
  let folder: LabFolder;
  let trust: TrustStore;
  let own: readonly Original[];
  let foreign: readonly Original[];

  beforeAll(() => {
    folder = openFolder();
    const root = Authority.root(folder.path, { name: "Lab Public Root" });
    const ca = root.intermediate({ name: "Lab E-Mail CA" });
    const anchor = parseCertificate(root.identity.der);
    if (isProblem(anchor)) throw new Error(anchor.detail);
    trust = {
      anchors: [{ certificate: anchor, domains: null, distrustAfter: null }],
      intermediates: [],
      crls: null,
    };
    own = ownMails(ca);
    foreign = corpusMails();
  });
  afterAll(() => folder.remove());

  it(`${MUTANTS} of them: none throws, none takes long, none is accepted for what its sender did not sign`, ({
    task,
  }) => {
    const at = new Date();
    for (const { name, raw, accepted } of own)
      expect(judge(raw, trust, at, name).accepted.length, name).toBe(accepted === null ? 0 : 1);
    const random = randomNumbers(20_261_123);
    const folders = { Processed: 0, Pending: 0, Rejected: 0, Unhandled: 0 };
    let accepts = 0;
    let slowest = 0;
    let heapEarly = 0;
    for (let number = 0; number < MUTANTS; number++) {
      // Half of them from mails that can be accepted at all.
      if (number === MUTANTS / 10) heapEarly = heapInUse();
      const from = number % 2 === 0 || foreign.length === 0 ? own : foreign;
      const original = from[Math.floor(number / 2) % from.length];
      if (original === undefined) throw new Error("there is nothing to mutate");
      const mutant = mutate(original.raw, random);
      const where = `mutant ${number} of ${original.name}`;
      const start = performance.now();
      const { accepted, folder } = judge(mutant, trust, at, where);
      const took = performance.now() - start;
      slowest = Math.max(slowest, took);
      if (took > SLOWEST_MS) expect.fail(`${where} took ${took.toFixed(0)} ms`);
      folders[folder] += 1;
      accepts += accepted.length;
      for (const one of accepted) expectHonest(one, original, mutant, where);
    }
    expect(accepts).toBeGreaterThan(0);
    // A mutation that changed nothing would be rejected nowhere.
    expect(folders.Rejected).toBeGreaterThan(MUTANTS / 100);
    const heapLate = heapInUse();
    expect(heapLate - heapEarly, "bytes that nine tenths of the mutants left behind").toBeLessThan(
      HEAP_GROWTH,
    );
    task.meta.counts = {
      "mails mutated": own.length + foreign.length,
      mutants: MUTANTS,
      "certificates accepted (what was signed is untouched)": accepts,
      ...folders,
      "slowest, milliseconds": Math.round(slowest),
      "heap and buffers in use after a tenth, MB": Math.round(heapEarly / MEGABYTE),
      "heap and buffers in use at the end, MB": Math.round(heapLate / MEGABYTE),
    };
  });
});

/** What is left when all that nobody refers to is gone: the heap, and the buffers outside of it. */
function heapInUse(): number {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  if (typeof collect === "function") collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

interface Judged {
  readonly accepted: readonly { readonly certificate: string; readonly address: string }[];
  readonly folder: Folder;
}

function judge(raw: Buffer, trust: TrustStore, at: Date, where: string): Judged {
  try {
    const { evidence } = gather(raw, POLICY, { policy: POLICY.certificates, trust, at, internalDate: at });
    const plan = decide(evidence, emptyView(viewQuery(evidence, POLICY)), POLICY, at);
    const accepted = plan.actions.flatMap((action) =>
      action.action === "store" && action.status === "active" ? [action] : [],
    );
    const filed = plan.actions.find((action) => action.action === "file");
    if (filed === undefined) throw new Error("it would stay in the mailbox");
    return { accepted, folder: filed.folder };
  } catch (error) {
    throw new Error(`${where} threw`, { cause: error });
  }
}

/** The very certificate, under the very address, for the very text that was signed. */
function expectHonest(
  { certificate, address }: { readonly certificate: string; readonly address: string },
  { accepted }: Original,
  mutant: Buffer,
  where: string,
): void {
  if (accepted === null) expect.fail(`${where} was accepted, and nobody vouches for it`);
  expect(certificate, where).toBe(accepted.certificate);
  expect(sameAddress(address, accepted.address, { exactLocalPart: false }), where).toBe(true);
  expect(carries(mutant, accepted.entity), `${where} was accepted with another text`).toBe(true);
}

/** Whether the signed entity stands in the mail as it was signed, in the open or in the base64 of its body. */
function carries(mutant: Buffer, entity: string): boolean {
  // RFC 8551 §3.1.1: a lone LF is signed as CRLF, so losing a CR changes nothing.
  const mail = toCrlf(mutant);
  if (mail.includes(entity)) return true;
  const body = mail.subarray(mail.indexOf("\r\n\r\n"));
  return Buffer.from(body.toString("latin1"), "base64").includes(entity);
}

/** Mails whose originals are accepted: several forms of signature, and a request that is signed by nobody. */
function ownMails(ca: Authority): Original[] {
  const address = "alice@partner.example";
  const text = "Hello,\r\nthis is my public key.\r\n";
  const rsa = ca.issue({ addresses: [address] });
  const ec = ca.issue({ addresses: [address], key: "P-256" });
  const common = { from: address, to: ROBOT, text };
  const entity = `Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\n${text}`;
  const original = (name: string, raw: Buffer, { sha256 }: { readonly sha256: string }): Original => ({
    name,
    raw,
    accepted: { entity, address, certificate: sha256 },
  });
  return [
    original("a detached RSA signature", signedMail({ ...common, signer: rsa }), rsa),
    original("a detached ECDSA signature", signedMail({ ...common, signer: ec }), ec),
    original("an opaque signature", signedMail({ ...common, signer: rsa, form: "opaque" }), rsa),
    original(
      "a signature without attributes",
      signedMail({ ...common, signer: rsa, flags: ["-noattr"] }),
      rsa,
    ),
    { name: "a request", raw: requestMail({ from: address, to: ROBOT }), accepted: null },
  ];
}

/** The mails of the public corpora; no CA of theirs is trusted here. */
function corpusMails(): Original[] {
  if (!existsSync(corpora)) return [];
  return readdirSync(corpora, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".eml"))
    .sort()
    .map((file) => ({ name: file, raw: readFileSync(join(corpora, file)), accepted: null }));
}
