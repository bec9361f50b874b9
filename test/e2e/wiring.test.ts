import { utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openStore } from "../../src/store/index.ts";
import { describeWith } from "../lab/available.ts";
import { run } from "../lab/command.ts";
import { plainMail } from "../lab/openssl.ts";
import { ROBOT, type Site, type SiteOptions, startSite } from "../lab/site.ts";
import { arrived, type Company, openCompany } from "./company.ts";

// docs/WIRING.md promises what stands here: every row was a mail through the real servers.

const ANNA = "anna@company.example";
const CLAIMS = "claims@company.example";
const SALES = "sales@company.example";
const ROBOT_TAG = "key-management+tag@company.example";
const PARTNER = "alice@partner.example";
const HIDDEN = "undisclosed-recipients:;";
const OWN_HOSTS = ["mx.company.example", "imap.company.example"];
// Partners come from 127.0.0.2.
const OWN_NETWORKS = ["127.0.0.1/32"];
const AUTHSERV_ID = "mx.company.example";
const KEYBOT = join(import.meta.dirname, "..", "..", "bin", "keybot");

// ── what is sent ────────────────────────────────────────────────────────────────────────────────────────────────────

/** A mail as a partner sends it, and to whom the envelope says. */
interface Sent {
  readonly to: readonly string[];
  /** The To field, where it does not say the same as the envelope. */
  readonly visible?: string;
  readonly subject?: string;
  /** Header fields that only our own servers should write. */
  readonly forged?: readonly (readonly [string, string])[];
  /** What the sender's host calls itself. */
  readonly helo?: string;
}

const FORGED = [
  ["X-Original-To", CLAIMS],
  ["Delivered-To", CLAIMS],
  ["Envelope-To", CLAIMS],
  ["X-Sieve-Redirected-From", CLAIMS],
  ["Authentication-Results", "mx.company.example; dmarc=pass header.from=partner.example"],
] as const;
const FORGED_RECEIVED = [
  "Received",
  `from mx.company.example (mx.company.example [127.0.0.1]) by mx.company.example (Postfix) with ESMTP id 1 for <${CLAIMS}>; Mon, 23 Nov 2026 09:00:00 +0000`,
] as const;

const SENT = {
  "one mailbox": { to: [ANNA] },
  "a plus address": { to: ["anna+tag@company.example"] },
  "two mailboxes": { to: [ANNA, CLAIMS] },
  "an alias of two mailboxes": { to: [SALES] },
  "a mailbox that To does not name": { to: [ANNA], visible: HIDDEN },
  "an encoded subject": { to: [ANNA], subject: "=?utf-8?Q?=5BAXAZERTIFIKAT=5D?=" },
  "a subject in two encoded words": {
    to: [ANNA],
    subject: "=?utf-8?B?W0FYQVpF?=\r\n =?utf-8?Q?RTIFIKAT=5D?=",
  },
  "a folded subject": { to: [ANNA], subject: "\r\n [AXAZERTIFIKAT]" },
  "forged delivery headers": { to: [ANNA], forged: [...FORGED, FORGED_RECEIVED, ...FORGED] },
  "a host that calls itself ours": { to: [ANNA], forged: FORGED, helo: "mx.company.example" },
  "another subject": { to: [ANNA], subject: "Guten Tag" },
} as const satisfies Record<string, Sent>;

type Name = keyof typeof SENT;
const NAMES = Object.keys(SENT) as Name[];

// ── what becomes of it ──────────────────────────────────────────────────────────────────────────────────────────────

/** What the robot gets of one mail: delivery headers that our servers wrote, top first, and what keybot reads in them. */
interface Copy {
  readonly originalTo: readonly string[];
  readonly deliveredTo: readonly string[];
  readonly redirectedFrom: readonly string[];
  /** `address source` of each mailbox that `keybot inspect` shows for a request. */
  readonly mailboxes: readonly string[];
}

interface Row {
  readonly name: string;
  readonly options: SiteOptions;
  /** What the case "one mailbox" gives; the cases that are not in `differs` give the same. */
  readonly usual: readonly Copy[];
  readonly differs: Partial<Record<Name, readonly Copy[]>>;
  /** Whether the addressed mailbox keeps its mail. */
  readonly keeps: boolean;
}

/** Sieve `redirect :copy`: the robot's own delivery on top, below it the one to the mailbox. */
function redirected(final: string, original: string, answered: string): Copy {
  return {
    originalTo: [ROBOT, original],
    // Dovecot's LMTP and Postfix's flag D write one each.
    deliveredTo: [ROBOT, ROBOT, final, final],
    redirectedFrom: [final],
    mailboxes: [`${answered} X-Original-To`],
  };
}

/** A copy that Postfix made: Dovecot's and Postfix's Delivered-To name the robot. */
function copied(original: string, answered: string, robot = ROBOT): Copy {
  return {
    originalTo: [original],
    deliveredTo: [robot, robot],
    redirectedFrom: [],
    mailboxes: [`${answered} X-Original-To`],
  };
}

/** pipe(8) with flags DO, then dovecot-lda, which writes no Delivered-To of its own. */
function piped(final: string, original: string, answered: string): Copy {
  return {
    originalTo: [original],
    deliveredTo: [final],
    redirectedFrom: [],
    mailboxes: [`${answered} X-Original-To`],
  };
}

const PLUS = "anna+tag@company.example";
const NOTHING: readonly Copy[] = [];
/** header_checks see the subject as it was sent. */
const RAW_SUBJECT_ONLY = {
  "an encoded subject": NOTHING,
  "a subject in two encoded words": NOTHING,
  "another subject": NOTHING,
} as const;

const SIEVE = {
  usual: [redirected(ANNA, ANNA, ANNA)],
  differs: {
    "a plus address": [redirected(PLUS, PLUS, ANNA)],
    "two mailboxes": [redirected(ANNA, ANNA, ANNA), redirected(CLAIMS, CLAIMS, CLAIMS)],
    "an alias of two mailboxes": [redirected(ANNA, SALES, SALES), redirected(CLAIMS, SALES, SALES)],
    "another subject": NOTHING,
  },
  keeps: true,
} as const;

const ROWS: readonly Row[] = [
  { name: "Sieve redirect :copy", options: { wiring: "sieve" }, ...SIEVE },
  {
    name: "Sieve redirect :copy, forged headers stripped at the border",
    options: { wiring: "sieve", stripForged: true },
    ...SIEVE,
  },
  {
    name: "header_checks FILTER to pipe(8)",
    options: { wiring: "filter" },
    usual: [piped(ANNA, ANNA, ANNA)],
    differs: {
      "a plus address": [piped(PLUS, PLUS, ANNA)],
      "two mailboxes": [piped(ANNA, ANNA, ANNA), piped(CLAIMS, CLAIMS, CLAIMS)],
      "an alias of two mailboxes": [piped(ANNA, SALES, SALES), piped(CLAIMS, SALES, SALES)],
      ...RAW_SUBJECT_ONLY,
    },
    keeps: false,
  },
  {
    name: "virtual_alias_maps",
    options: { wiring: "alias" },
    usual: [copied(ANNA, ANNA)],
    differs: {
      "a plus address": [copied(PLUS, ANNA, ROBOT_TAG)],
      "two mailboxes": [copied(ANNA, ANNA), copied(CLAIMS, CLAIMS)],
      "an alias of two mailboxes": [copied(SALES, SALES)],
      "another subject": [{ ...copied(ANNA, ANNA), mailboxes: [] }],
    },
    keeps: true,
  },
  {
    name: "header_checks REDIRECT",
    options: { wiring: "redirect" },
    usual: [copied(ANNA, ANNA)],
    differs: {
      "a plus address": [copied(PLUS, ANNA)],
      // The loss: nobody is told of the second one.
      "two mailboxes": [copied(ANNA, ANNA)],
      "an alias of two mailboxes": [copied(SALES, SALES)],
      ...RAW_SUBJECT_ONLY,
    },
    keeps: false,
  },
];

for (const row of ROWS) {
  describeWith(["dovecot", "postfix"], `wiring: ${row.name}`, () => {
    let company: Company;
    let seen: readonly Seen[];
    let became: Outcome;
    beforeAll(async () => {
      company = await openCompany(siteOptions(row.options));
      for (const name of NAMES) await send(company.site, name, SENT[name]);
      await arrived(company.site, NAMES.flatMap((name) => expectedOf(row, name)).length);
      seen = await lookAt(company.site);
      await company.site.keybot(["poll"]);
      became = await outcomeOf(company.site);
    });
    afterAll(() => company?.stop());

    it.each(NAMES)(
      "%s: the headers that arrive, and the mailboxes that keybot inspect reads in them",
      (name) => {
        const copies = seen.filter((mail) => mail.name === name).map(({ copy }) => copy);
        expect(sorted(copies)).toEqual(sorted(expectedOf(row, name)));
      },
    );

    it.each(NAMES)("%s: keybot poll answers each addressed mailbox, once", (name) => {
      const wanted = [...new Set(expectedOf(row, name).flatMap(({ mailboxes }) => mailboxes))].sort();
      expect(became.asked(name)).toEqual(wanted);
      // Nobody has declared the alias: that anna and claims stand behind it must not be told.
      const templates = wanted.map((mailbox) =>
        mailbox.startsWith(SALES) ? "no-certificate" : "certificate",
      );
      expect(became.answers(name)).toEqual(templates);
      expect(became.replies(name)).toBe(wanted.length);
    });

    it("believes no authentication result that the sender wrote", () => {
      expect(seen.map(({ authenticated }) => authenticated)).toEqual(seen.map(() => null));
    });

    it(`${row.keeps ? "leaves" : "does not leave"} the mail in the addressed mailbox`, async () => {
      const kept = (await company.site.dovecot.messages(ANNA)).map(({ raw }) => nameOf(raw));
      expect(kept.includes("one mailbox")).toBe(row.keeps);
    });
  });
}

describeWith(["dovecot", "postfix"], "wiring: what goes wrong", () => {
  it("without flag O nothing but Delivered-To is left, and an alias is answered for those who stand behind it", async () => {
    const site = await startSite(siteOptions({ wiring: "sieve" }));
    try {
      await withoutLmtpFlags(site);
      await send(site, "an alias", { to: [SALES] });
      await arrived(site, 2);
      expect(sorted((await lookAt(site)).map(({ copy }) => copy))).toEqual(
        sorted(
          [ANNA, CLAIMS].map((final) => ({
            originalTo: [],
            deliveredTo: [ROBOT, final],
            redirectedFrom: [final],
            mailboxes: [`${final} Delivered-To`],
          })),
        ),
      );
    } finally {
      await site.stop();
    }
  });

  it.each([
    { name: "one recipient", sent: { to: [ANNA], visible: HIDDEN }, mailboxes: [`${ANNA} Received-for`] },
    { name: "two recipients", sent: { to: [ANNA, CLAIMS], visible: HIDDEN }, mailboxes: [`${ROBOT} robot`] },
    { name: "two recipients in To", sent: { to: [ANNA, CLAIMS] }, mailboxes: [`${ANNA} To`, `${CLAIMS} To`] },
  ])("REDIRECT without flag O, $name: only Received and To are left", async ({ sent, mailboxes }) => {
    const site = await startSite(siteOptions({ wiring: "redirect" }));
    try {
      await withoutLmtpFlags(site);
      await send(site, "redirected", sent);
      await arrived(site, 1);
      expect((await lookAt(site)).map(({ copy }) => copy)).toEqual([
        { originalTo: [], deliveredTo: [ROBOT], redirectedFrom: [], mailboxes },
      ]);
    } finally {
      await site.stop();
    }
  });

  it("a bcc map names nobody: hidden recipients are lost, whoever they are", async () => {
    const site = await startSite(siteOptions({ wiring: "none", postfixSettings: `always_bcc = ${ROBOT}` }));
    try {
      await send(site, "hidden", { to: [ANNA, CLAIMS], visible: HIDDEN });
      await arrived(site, 1);
      expect((await lookAt(site)).map(({ copy }) => copy)).toEqual([
        {
          originalTo: [ROBOT],
          deliveredTo: [ROBOT, ROBOT],
          redirectedFrom: [],
          mailboxes: [`${ROBOT} robot`],
        },
      ]);
    } finally {
      await site.stop();
    }
  });

  it("recipient_bcc_maps are asked before aliases: a request to an alias is not copied at all", async () => {
    const map = `inline:{ {${ANNA} = ${ROBOT}}, {${CLAIMS} = ${ROBOT}} }`;
    const site = await startSite(
      siteOptions({ wiring: "none", postfixSettings: `recipient_bcc_maps = ${map}` }),
    );
    try {
      await send(site, "to the alias", { to: [SALES] });
      await send(site, "to the mailbox", { to: [ANNA] });
      await arrived(site, 1);
      expect((await lookAt(site)).map(({ name, copy }) => [name, copy.originalTo])).toEqual([
        ["to the mailbox", [ROBOT]],
      ]);
    } finally {
      await site.stop();
    }
  });

  it("Sieve forwards a Message-ID of the same mailbox only once", async () => {
    const site = await startSite(siteOptions({ wiring: "sieve" }));
    try {
      for (const to of [[ANNA], [ANNA], [CLAIMS]]) await send(site, "again", { to });
      await arrived(site, 2);
      expect((await lookAt(site)).map(({ copy }) => copy.redirectedFrom)).toEqual([[ANNA], [CLAIMS]]);
    } finally {
      await site.stop();
    }
  });

  it.each([
    { stripForged: false, copies: 0 },
    { stripForged: true, copies: 1 },
  ])(
    "a forged Delivered-To of the robot stops the copy unless the border strips it ($stripForged)",
    async (row) => {
      const site = await startSite(siteOptions({ wiring: "sieve", stripForged: row.stripForged }));
      try {
        await send(site, "stopped", { to: [ANNA], forged: [["Delivered-To", ROBOT]] });
        await send(site, "after it", { to: [ANNA] });
        await arrived(site, 1 + row.copies);
        const names = (await lookAt(site)).map(({ name }) => name);
        expect(names.filter((name) => name === "stopped")).toHaveLength(row.copies);
      } finally {
        await site.stop();
      }
    },
  );
});

// ── sending ─────────────────────────────────────────────────────────────────────────────────────────────────────────

function siteOptions(options: SiteOptions): SiteOptions {
  // The figures of a flood are not what this file is about.
  const budget = { per_address: "1000/day", unauthenticated: "1000/hour" };
  const requests = { own_hosts: OWN_HOSTS, own_networks: OWN_NETWORKS, authserv_id: AUTHSERV_ID, budget };
  return { ...options, aliases: { [SALES]: [ANNA, CLAIMS] }, config: { requests } };
}

/** As Postfix comes: lmtp(8) without the flags that write delivery headers. */
async function withoutLmtpFlags(site: Site): Promise<void> {
  const { postfix } = site;
  if (postfix === undefined) throw new Error("this needs Postfix");
  await run("postconf", ["-c", postfix.configFolder, "-F", "lmtp/unix/command=lmtp"]);
  // Postfix waits before it reads a file that has just changed.
  const aMinuteAgo = Date.now() / 1000 - 60;
  utimesSync(join(postfix.configFolder, "master.cf"), aMinuteAgo, aMinuteAgo);
  await postfix.postfix(["reload"]);
}

function messageIdOf(name: string): string {
  return `<${name.replaceAll(" ", "-")}@mail.partner.example>`;
}

async function send(site: Site, name: string, sent: Sent): Promise<void> {
  const mail = plainMail({
    from: PARTNER,
    to: sent.visible ?? sent.to,
    subject: sent.subject ?? "[AXAZERTIFIKAT]",
    text: "",
    messageId: messageIdOf(name),
    // The first field that the sender wrote: what stands above it is our servers'.
    extraHeaders: [["X-Lab", name], ...(sent.forged ?? [])],
  });
  await site.sendFromPartner(mail, sent.to, sent.helo === undefined ? {} : { helo: sent.helo });
}

// ── looking ─────────────────────────────────────────────────────────────────────────────────────────────────────────

interface Seen {
  readonly name: string;
  readonly copy: Copy;
  readonly authenticated: boolean | null;
}

/** The robot's new mails: their delivery headers, and what the command of docs/WIRING.md says to each. */
async function lookAt(site: Site): Promise<Seen[]> {
  const { INBOX = [] } = await site.robotFolders();
  const files = INBOX.map(({ uid, raw }) => {
    const file = join(site.folder, `${uid}.eml`);
    writeFileSync(file, raw);
    return file;
  });
  const options = [
    ...OWN_HOSTS.flatMap((host) => ["--own-host", host]),
    ...OWN_NETWORKS.flatMap((network) => ["--own-network", network]),
    ...["--authserv-id", AUTHSERV_ID, "--domain", "company.example", "--robot", ROBOT],
  ];
  const ran = await run(process.execPath, [KEYBOT, "inspect", "--json", ...options, ...files]);
  const records = ran.stdout.toString("utf8").trim().split("\n");
  return INBOX.map(({ raw }, at) => {
    const record = JSON.parse(records[at] ?? "null") as {
      readonly mailboxes: readonly Addressed[];
      readonly authenticated: boolean | null;
    };
    return {
      name: nameOf(raw),
      copy: { ...deliveryOf(raw), mailboxes: record.mailboxes.map(nameAndSource) },
      authenticated: record.authenticated,
    };
  });
}

interface Addressed {
  readonly address: string;
  readonly source: string;
}

function nameAndSource({ address, source }: Addressed): string {
  return `${address} ${source}`;
}

/** The unfolded header fields of a mail. By hand: keybot's own parser is what is on trial. */
function fieldsOf(raw: Buffer): string[] {
  const header = raw.toString("latin1").split("\r\n\r\n", 1)[0] ?? "";
  return header.replace(/\r\n[ \t]+/g, " ").split("\r\n");
}

function valuesOf(fields: readonly string[], name: string): string[] {
  return fields.filter((field) => field.startsWith(`${name}: `)).map((field) => field.slice(name.length + 2));
}

function nameOf(raw: Buffer): string {
  return valuesOf(fieldsOf(raw), "X-Lab")[0] ?? "";
}

function deliveryOf(raw: Buffer): Omit<Copy, "mailboxes"> {
  const fields = fieldsOf(raw);
  const ours = fields.slice(
    0,
    fields.findIndex((field) => field.startsWith("X-Lab: ")),
  );
  return {
    originalTo: valuesOf(ours, "X-Original-To"),
    deliveredTo: valuesOf(ours, "Delivered-To"),
    redirectedFrom: valuesOf(ours, "X-Sieve-Redirected-From"),
  };
}

/** What a poll made of the mails, each by its name. */
interface Outcome {
  /** `address source` of each mailbox that the ledger has for the request. */
  readonly asked: (name: string) => string[];
  /** The templates with which `keybot log` says that it was answered. */
  readonly answers: (name: string) => string[];
  /** How many replies the partner has. */
  readonly replies: (name: string) => number;
}

async function outcomeOf(site: Site): Promise<Outcome> {
  const store = await openStore({ stateDir: site.stateFolder, readOnly: true });
  const entries = await store.ledgerEntries().finally(() => store.close());
  const records = (await site.keybot(["log", "--json", "--limit", "1000"])).records() as {
    readonly messageId: string;
    readonly replies: readonly { readonly template: string; readonly state: string }[];
  }[];
  const inbox = (await site.partnerInbox(PARTNER)).map(
    ({ raw }) => valuesOf(fieldsOf(raw), "In-Reply-To")[0],
  );
  return {
    asked: (name) =>
      entries
        .filter(({ messageId, kind }) => messageId === messageIdOf(name) && kind === "request")
        .flatMap(({ addressed }) => addressed.map(nameAndSource))
        .sort(),
    answers: (name) =>
      records
        .filter(({ messageId }) => messageId === messageIdOf(name))
        .flatMap(({ replies }) => replies)
        .filter(({ state }) => state === "sent")
        .map(({ template }) => template),
    replies: (name) => inbox.filter((id) => id === messageIdOf(name)).length,
  };
}

function expectedOf(row: Row, name: Name): readonly Copy[] {
  return row.differs[name] ?? row.usual;
}

/** Copies for two mailboxes come in any order. */
function sorted(copies: readonly Copy[]): Copy[] {
  return [...copies].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}
