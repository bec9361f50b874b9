import { join } from "node:path";
import type Database from "better-sqlite3";
import type { ImapFlow } from "imapflow";
import { expect } from "vitest";
import { openDatabase } from "../../src/store/driver.ts";
import { openStore } from "../../src/store/index.ts";
import { connectTo } from "../bench/imap.ts";
import { headerOf } from "../e2e/company.ts";
import { signedMail } from "../lab/openssl.ts";
import { ROBOT, type Site, type SiteOptions, startSite } from "../lab/site.ts";
import { type Expected, MAILBOX, type MixedMail, mixedMails } from "../long/mixed-mails.ts";
import { FaultProxy } from "../servers/fault-proxy.ts";

/** Where the replies to all partners arrive; who was meant stands in `To`. */
const PARTNERS = "partners@partner.example";

/** `crowd` spreads its partners over these; see there. */
const BRANCHES = Array.from({ length: 97 }, (_, number) => `branch-${number}.partner.example`);

/** A company whose robot reaches both of its real mail servers through a proxy that can cut, and an account of all. */
export class Stage {
  readonly site: Site;
  readonly imap: FaultProxy;
  readonly smtp: FaultProxy;
  /** Every mail that was put into the mailbox. */
  readonly mails: MixedMail[] = [];
  /** Message-IDs of replies that the server took without the robot having noted it: each may come once more. */
  readonly unnoted: string[] = [];
  readonly #source: Generator<MixedMail>;
  #noted = 0;
  #filler: ImapFlow | null = null;

  private constructor(site: Site, imap: FaultProxy, smtp: FaultProxy) {
    this.site = site;
    this.imap = imap;
    this.smtp = smtp;
    this.#source = mixedMails(site, Number.POSITIVE_INFINITY);
  }

  static async open(more: SiteOptions = {}): Promise<Stage> {
    const imap = await FaultProxy.start("imap");
    const smtp = await FaultProxy.start("smtp");
    const many = "100000/hour";
    const site = await startSite({
      ...more,
      wiring: "none",
      addresses: [PARTNERS],
      aliases: Object.fromEntries(BRANCHES.map((domain) => [`@${domain}`, [PARTNERS]])),
      // In clear text, so that the proxy can follow; from 127.0.0.1 both servers bear it.
      postfixSettings: `smtpd_sasl_auth_enable = yes\nvirtual_alias_domains = ${BRANCHES.join(" ")}`,
      config: {
        imap: { port: imap.port, security: "none" },
        smtp: { port: smtp.port, security: "none" },
        network: { private_addresses: true },
        "requests.budget": { per_address: many, per_domain: many, total: many, unauthenticated: many },
      },
    });
    imap.target = site.dovecot.imapPort;
    smtp.target = site.postfix?.port ?? 0;
    const anna = site.ca.issue({ addresses: [MAILBOX] });
    await site.keybot(["trust", "add", site.root.identity.certFile, "--any-domain"]);
    await site.keybot(["mailbox", "add", MAILBOX, anna.certFile, ...anna.chain]);
    return new Stage(site, imap, smtp);
  }

  async close(): Promise<void> {
    this.#filler?.close();
    await this.imap.stop();
    await this.smtp.stop();
    await this.site.stop();
  }

  /** Puts mails into the robot's mailbox: the next ones of the mix, and these. */
  async bring(count: number, more: readonly MixedMail[] = []): Promise<readonly MixedMail[]> {
    const fresh = [...more, ...this.mix(count)];
    await this.append(fresh.map(({ raw }) => raw));
    this.mails.push(...fresh);
    return fresh;
  }

  mix(count: number): MixedMail[] {
    return Array.from({ length: count }, () => this.#source.next().value).filter(
      (mail): mail is MixedMail => mail !== undefined,
    );
  }

  /** Over one connection that is kept: logging in costs more than a few mails do. */
  async append(mails: readonly Buffer[]): Promise<void> {
    // Whether it is still there shows when something is asked.
    await this.#filler?.noop().catch(() => {});
    if (this.#filler === null || !this.#filler.usable) this.#filler = await connectTo(this.site, ROBOT);
    for (const raw of mails) await this.#filler.append("INBOX", raw);
  }

  /** A signed mail whose certificate names a CRL at this address. */
  askingMail(id: string, crlUrl: string): MixedMail {
    const address = `${id}@${BRANCHES[0]}`;
    const signer = this.site.ca.issue({ name: id, addresses: [address], crlUrl });
    const raw = signedMail({ from: address, to: ROBOT, signer, extraHeaders: [["X-Lab", id]] });
    const expected: Expected = { folder: "Processed", partner: -1, answered: true };
    return { id, raw, expected };
  }

  database<T>(work: (db: Database.Database) => T): T {
    const db = openDatabase(join(this.site.stateFolder, "keybot.db"));
    try {
      return work(db);
    } finally {
      db.close();
    }
  }

  /**
   * To be called when no robot is at work: of the mails that the server took since the last call, those that the robot
   * has not noted as sent.
   * @param until of mails that were taken later nothing is said yet; for a robot that is at work
   */
  async count(until = Number.POSITIVE_INFINITY): Promise<void> {
    if (until === Number.POSITIVE_INFINITY) await this.smtp.settled();
    const taken = this.smtp.accepted.slice(this.#noted).filter(({ at }) => at <= until);
    if (taken.length === 0) return;
    this.#noted += taken.length;
    const waiting = this.database(
      (db) =>
        new Set(
          db.prepare<[], string>("SELECT message_id FROM outbox WHERE state = 'waiting'").pluck().all(),
        ),
    );
    this.unnoted.push(...taken.map(({ messageId }) => messageId).filter((id) => waiting.has(id)));
  }

  /** What became of everything. Waits until Postfix has delivered. */
  async outcome(): Promise<Outcome> {
    await this.count();
    const places = await this.#places();
    const replies = await this.#replies();
    const answered = new Set(replies.map(({ inReplyTo }) => inReplyTo));
    const copies = new Map<string, number>();
    for (const { messageId } of replies) copies.set(messageId, (copies.get(messageId) ?? 0) + 1);
    const allowed = new Map<string, number>();
    for (const id of this.unnoted) allowed.set(id, (allowed.get(id) ?? 0) + 1);
    const listed = (await this.site.keybot(["list", "--json"])).records() as {
      readonly sha256: string;
      readonly status: string;
    }[];
    const active = listed.filter(({ status }) => status === "active").map(({ sha256 }) => sha256);
    return {
      misplaced: this.mails.flatMap(({ id, expected }) => {
        const found = places.get(id) ?? [];
        return found.length === 1 && found[0] === expected.folder ? [] : [`${id}: ${found.join("+")}`];
      }),
      certificates: { stored: active.length, distinct: new Set(active).size },
      unanswered: this.mails
        .filter(({ raw, expected }) => expected.answered !== answered.has(headerOf(raw, "Message-ID")))
        .map(({ id }) => id),
      replies: copies.size,
      twice: [...copies.values()].reduce((sum, count) => sum + count - 1, 0),
      unexplained: [...copies]
        .filter(([id, count]) => count !== 1 + (allowed.get(id) ?? 0))
        .map(([id, count]) => `${id}: ${count} copies, ${allowed.get(id) ?? 0} unnoted 250s`),
      ...(await this.#books()),
    };
  }

  async #books(): Promise<Pick<Outcome, "ledger" | "unfiled" | "unsent" | "integrity" | "audit">> {
    const store = await openStore({ stateDir: this.site.stateFolder, readOnly: true });
    const audit = await store.verifyAudit().finally(() => store.close());
    return this.database((db) => {
      const count = (sql: string) => db.prepare<[], number>(sql).pluck().get() ?? -1;
      return {
        ledger: count("SELECT count(*) FROM ledger"),
        unfiled: count("SELECT count(*) FROM ledger WHERE filed_at IS NULL"),
        unsent: count("SELECT count(*) FROM outbox WHERE state <> 'sent' AND template <> 'notice'"),
        integrity: String(db.pragma("integrity_check", { simple: true })),
        audit: audit.fault === null ? null : JSON.stringify(audit.fault),
      };
    });
  }

  /** Where each mail lies, by its name. */
  async #places(): Promise<Map<string, string[]>> {
    const places = new Map<string, string[]>();
    const client = await connectTo(this.site, ROBOT);
    try {
      for (const { path } of await client.list()) {
        await client.mailboxOpen(path);
        for await (const { headers } of client.fetch("1:*", { headers: ["X-Lab"] })) {
          const id = headerOf(headers ?? Buffer.alloc(0), "X-Lab");
          if (id !== undefined) places.set(id, [...(places.get(id) ?? []), path]);
        }
      }
    } finally {
      await client.logout();
    }
    return places;
  }

  /** What has arrived for partners. */
  async #replies(): Promise<{ readonly messageId: string; readonly inReplyTo: string | undefined }[]> {
    // What found Dovecot away in a restart would be tried again after minutes.
    await this.site.postfix?.postfix(["flush"]);
    await this.site.postfix?.queueEmpty(60_000);
    const client = await connectTo(this.site, PARTNERS);
    const replies: { readonly messageId: string; readonly inReplyTo: string | undefined }[] = [];
    try {
      for await (const { headers } of client.fetch("1:*", { headers: ["Message-ID", "In-Reply-To"] })) {
        const head = headers ?? Buffer.alloc(0);
        replies.push({
          messageId: headerOf(head, "Message-ID") ?? "",
          inReplyTo: headerOf(head, "In-Reply-To"),
        });
      }
    } finally {
      await client.logout();
    }
    return replies;
  }
}

/** What became of everything; the empty lists are what must be empty. */
export interface Outcome {
  /** Mails that do not lie in their one folder. */
  readonly misplaced: readonly string[];
  readonly certificates: { readonly stored: number; readonly distinct: number };
  /** Mails that should have been answered and were not, or the other way round. */
  readonly unanswered: readonly string[];
  readonly replies: number;
  /** Copies of replies beyond the first. */
  readonly twice: number;
  /** Replies that came more, or less, often than the 250s that the robot could not note explain. */
  readonly unexplained: readonly string[];
  readonly ledger: number;
  /** Whose MOVE was done, but never noted: the answer to it was lost. They lie in their folders all the same. */
  readonly unfiled: number;
  readonly unsent: number;
  readonly integrity: string;
  /** Where the audit trail is broken, or null. */
  readonly audit: string | null;
}

/** What a run counted, for `docs/reliability.md`. */
export interface FaultCount {
  readonly faults: number;
  readonly messages: number;
  readonly replies: number;
  /** Mails that are not in their folder, replies and certificates that are missing. */
  readonly lost: number;
  /** Mails, certificates or replies that are there twice, but for the exception. */
  readonly doubled: number;
  /** Replies that came twice because nobody told the robot of the server's 250. */
  readonly excepted: number;
}

/** The figures of a run; read before they are judged, so that a report shows also what failed. */
export function figures(stage: Stage, outcome: Outcome, faults: number): FaultCount {
  const partners = stage.mails.filter(({ expected }) => expected.partner !== null).length;
  const copied = outcome.misplaced.filter((place) => place.includes("+")).length;
  return {
    faults,
    messages: stage.mails.length,
    replies: outcome.replies,
    lost:
      outcome.misplaced.length -
      copied +
      outcome.unanswered.length +
      Math.max(0, partners - outcome.certificates.distinct),
    doubled:
      copied +
      outcome.unexplained.length +
      (outcome.certificates.stored - outcome.certificates.distinct) +
      Math.max(0, outcome.ledger - stage.mails.length),
    excepted: outcome.twice,
  };
}

/** The stage was not empty: there were partners to store, requests to answer and mails to keep silent about. */
export function expectWork({ mails }: Stage): void {
  const [partners, answered] = [
    mails.filter(({ expected }) => expected.partner !== null),
    mails.filter(({ expected }) => expected.answered),
  ];
  expect(partners.length).toBeGreaterThan(0);
  expect(answered.length).toBeGreaterThan(0);
  expect(mails.length).toBeGreaterThan(answered.length);
}

/** The outcome that every stage must come to, whatever was done to its robot. */
export function everythingOnce(stage: Stage): Partial<Outcome> {
  const partners = stage.mails.filter(({ expected }) => expected.partner !== null).length;
  return {
    misplaced: [],
    certificates: { stored: partners, distinct: partners },
    unanswered: [],
    replies: stage.mails.filter(({ expected }) => expected.answered).length,
    twice: stage.unnoted.length,
    unexplained: [],
    ledger: stage.mails.length,
    unsent: 0,
    integrity: "ok",
    audit: null,
  };
}
