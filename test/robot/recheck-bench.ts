import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { silentLog } from "../../src/log.ts";
import { DEFAULT_POLICY, type Policy } from "../../src/policy.ts";
import { openRevocationDesk } from "../../src/revocation/index.ts";
import { type Judge, recheck, startJudge, voiceOf } from "../../src/robot/index.ts";
import type { Inquirer, Robot } from "../../src/robot/robot.ts";
import { tellAdmin } from "../../src/robot/tell-admin.ts";
import type { Store } from "../../src/store/index.ts";
import type { Issued } from "../pki/path-authority.ts";
import { IDENTITY, shippedTexts } from "../reply/sample.ts";
import { decision, freshStore, input, report, storing } from "../store/kit.ts";
import { type Authorities, HOUR } from "./authorities.ts";

/** The judge process runs what was built. */
const ENTRY = fileURLToPath(new URL("../../dist/robot/judge-process.js", import.meta.url));
export const ADMIN = "postmaster@company.example";
const MINUTE = 60_000;

/** One robot's memory and clock: goes are made at the time that a test says. */
export class Bench {
  readonly store: Store & { readonly dir: string };
  readonly authorities: Authorities;
  readonly judge: Judge;
  readonly robot: Inquirer;
  readonly policy: Policy = { ...DEFAULT_POLICY, domains: ["company.example"] };
  #now: Date;

  static async open(authorities: Authorities, stateDir?: string): Promise<Bench> {
    const store = await freshStore(stateDir === undefined ? {} : { stateDir });
    const { der } = authorities.root.certificate;
    const item = { der, kind: "anchor", origin: "own", domains: null, distrustAfter: null } as const;
    await store.addTrust(item, { actor: "erika", at: authorities.base });
    const judge = startJudge({ seconds: 60, memory: 512 * 1024 * 1024 }, silentLog, ENTRY);
    onTestFinished(() => judge.close());
    return new Bench(store, authorities, judge);
  }

  private constructor(store: Store & { readonly dir: string }, authorities: Authorities, judge: Judge) {
    this.store = store;
    this.authorities = authorities;
    this.#now = authorities.base;
    this.judge = judge;
    this.robot = this.#inquirer();
    authorities.now = () => this.#now;
    authorities.isUp = () => true;
    authorities.web.requests.length = 0;
  }

  #inquirer(): Inquirer {
    const now = () => this.#now;
    const options = { proxy: null, privateAddresses: true, cache: null, weaknessOf: () => null };
    const desk = openRevocationDesk({ ...options, log: silentLog, now });
    return { policy: this.policy, store: this.store, judge: this.judge, desk, log: silentLog, now };
  }

  get now(): Date {
    return this.#now;
  }

  /** Hours and minutes after everything was stored. */
  setTime(hours: number, minutes = 0): void {
    this.#now = new Date(this.authorities.base.getTime() + hours * HOUR + minutes * MINUTE);
  }

  /** A certificate as a mail brought it, with its CA's answer unless it is pending. */
  async keep(issued: Issued, address: string, status: "active" | "pending" = "active"): Promise<void> {
    const { sha256, spkiSha256, keyIdentity, der, notBefore, notAfter, serial } = issued.certificate;
    const { root, ca } = this.authorities;
    const path = {
      valid: true,
      anchor: root.certificate.sha256,
      length: 3,
      intermediates: [ca.certificate.der],
    };
    const own = { sha256, spkiSha256, keyIdentity, der, notBefore, notAfter, serial, path };
    const kept = report(address, own);
    await this.store.commitMessage(input(`mail of ${sha256}`, address, [kept], this.authorities.base), () =>
      decision([storing(kept, address, status, { keepsPath: true })]),
    );
  }

  /** Publishes a certificate for a mailbox. */
  async publish(issued: Issued, address: string): Promise<void> {
    const { sha256, spkiSha256, keyIdentity, der, notBefore, notAfter, serial } = issued.certificate;
    const { path: _path, capabilities: _, role: _role, findings: _findings, ...summary } = report(address);
    const own = { sha256, spkiSha256, keyIdentity, der, notBefore, notAfter, serial };
    const chain = [this.authorities.ca.certificate.der];
    await this.store.addMailbox(address, [{ ...summary, ...own, chain }], { actor: "erika", at: this.#now });
  }

  /** One go at a time; returns the requests that it made. */
  async go(hours: number, minutes = 0): Promise<readonly string[]> {
    this.setTime(hours, minutes);
    const { requests } = this.authorities.web;
    requests.length = 0;
    await recheck(this.robot, new AbortController().signal);
    return [...requests].sort();
  }

  /** What is known of a certificate. */
  async found({ certificate }: Issued) {
    const search = await this.store.findCertificate(certificate.sha256, this.#now);
    if (search.found !== "one") throw new Error(`${search.found} found`);
    const { revocation, holdings } = search.certificate;
    return { ...revocation, statuses: holdings.map(({ status }) => status) };
  }

  /** Tells the admin what is due; returns the new mails as text, their quoted-printable undone. */
  async told(): Promise<readonly string[]> {
    const before = new Set((await this.store.outboxEntries()).map(({ id }) => id));
    const secret = await this.store.secret();
    const texts = shippedTexts(["en"]);
    const voice = voiceOf({ identity: IDENTITY, texts, secret, messageIdDomain: "company.example" });
    const teller = { ...this.robot, adminAddress: ADMIN, voice } as unknown as Robot;
    await tellAdmin(teller);
    const mails: string[] = [];
    for (const { id } of await this.store.outboxEntries()) {
      if (before.has(id)) continue;
      const mail = await this.store.claim(id, this.#now, this.#now);
      mails.push(textOf(Buffer.from(mail?.bytes ?? [])));
    }
    return mails.reverse();
  }
}

function textOf(bytes: Buffer): string {
  const text = bytes.toString("latin1").replace(/=\r\n/g, "").replaceAll("\r\n", "\n");
  return text.replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
