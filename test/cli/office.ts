import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openVoice } from "../../src/cli/installation.ts";
import { main } from "../../src/cli/main.ts";
import { loadConfig } from "../../src/config/index.ts";
import { viewQuery } from "../../src/decide/index.ts";
import { decodeTrust } from "../../src/inspect/index.ts";
import { decideAndRender } from "../../src/robot/answer.ts";
import { gather } from "../../src/robot/gather.ts";
import { trustMaterialOf } from "../../src/robot/index.ts";
import { ledgerMessage } from "../../src/robot/ledger-message.ts";
import { openStore, type Store } from "../../src/store/index.ts";
import { attributeOf, OIDS, operate, signAgain, signerAt } from "../attacks/cms-surgery.ts";
import { childAt, leaf } from "../attacks/der-tree.ts";
import {
  Authority,
  type AuthorityOptions,
  type CertificateOptions,
  type Identity,
} from "../lab/authority.ts";
import { type Attachment, signedMail } from "../lab/mail.ts";
import { FakeTerminal } from "./fake-terminal.ts";

/** The time of every command, unless a test says another one. */
export const NOON = new Date("2026-06-01T12:00:00Z");
const YEAR = 365 * 86_400_000;

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** Null (the default): nobody is there to be asked. */
  readonly answers?: readonly string[] | null;
  readonly isTTY?: boolean;
  readonly now?: Date;
}

/** An installation in a folder of its own, with a real database and mails that OpenSSL signed. */
export class Office {
  readonly folder = mkdtempSync(join(tmpdir(), "keybot-office-"));
  /** Its keybot.toml, to be written with changes; the tables that a test adds must not be in it. */
  readonly configuration = CONFIGURATION.replace(/\[trust\][^[]*/, "");
  /** A CA that a test may trust, and what it issues. */
  readonly root: Authority;
  #mails = 0;

  constructor() {
    mkdirSync(join(this.folder, "secrets"));
    writeFileSync(join(this.folder, "keybot.toml"), CONFIGURATION);
    this.root = this.authority("Partner Root CA");
  }

  /** A self-signed CA that nobody trusts yet. */
  authority(name: string, more: Partial<AuthorityOptions> = {}): Authority {
    return Authority.root(join(this.folder, "cas"), { name, ...validity(-YEAR, 10 * YEAR), ...more });
  }

  /** An S/MIME certificate for one address, from a month ago for a year. */
  certificate(address: string, more: CertificateOptions & { readonly by?: Authority } = {}): Identity {
    const { by = this.root, ...options } = more;
    return by.issue({
      addresses: [address],
      name: address,
      key: "P-256",
      ...validity(-YEAR / 12, YEAR),
      ...options,
    });
  }

  /** Runs `keybot ARGS` in the folder. */
  async run(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
    const terminal = new FakeTerminal(options.answers ?? null, options.isTTY ?? false);
    const outside = {
      terminal,
      cwd: this.folder,
      env: { SUDO_USER: "erika", KEYBOT_IMAP_PASSWORD: "x", KEYBOT_SMTP_PASSWORD: "x" },
      now: () => options.now ?? NOON,
    };
    const code = await main(args, outside);
    return { code, stdout: terminal.stdout, stderr: terminal.stderr };
  }

  /** Runs a command that must succeed; returns what it printed. */
  async output(args: readonly string[], options: RunOptions = {}): Promise<string> {
    const ran = await this.run(args, options);
    if (ran.code !== 0) throw new Error(`keybot ${args.join(" ")} failed: ${ran.stderr}`);
    return ran.stdout;
  }

  /** The JSON records that a command prints. */
  async records(
    args: readonly string[],
    options: RunOptions = {},
  ): Promise<readonly Record<string, unknown>[]> {
    const lines = (await this.output([...args, "--json"], options)).split("\n").filter((line) => line !== "");
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  /** Writes a file into the folder; returns its name. */
  file(name: string, content: string | Uint8Array): string {
    writeFileSync(join(this.folder, name), content);
    return name;
  }

  async store<T>(work: (store: Store) => Promise<T>): Promise<T> {
    const store = await openStore({ stateDir: join(this.folder, "state") });
    try {
      return await work(store);
    } finally {
      await store.close();
    }
  }

  /** What waits in the outbox, whole. */
  async outbox(): Promise<readonly string[]> {
    return this.store(async (store) =>
      (await store.outboxEntries()).map(({ to, template }) => `${template} ${to}`),
    );
  }

  /** The text of the newest mail of a template, its quoted-printable undone. */
  async mail(template: string): Promise<string> {
    return this.store(async (store) => {
      const entry = (await store.outboxEntries()).find((one) => one.template === template);
      const due = entry === undefined ? null : await store.claim(entry.id, NOON, NOON);
      const text = Buffer.from(due?.bytes ?? []).toString("latin1");
      return text
        .replace(/=\r\n/g, "")
        .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
    });
  }

  /** A partner sends a signed mail; it is read, judged, decided and committed as the robot does it. */
  async harvest(from: string, signer: Identity, more: HarvestOptions = {}): Promise<string> {
    this.#mails += 1;
    const messageId = `<${this.#mails}@mail.partner.example>`;
    const at = more.at ?? NOON;
    const mail = signedMail({
      from,
      to: "key-management@company.example",
      subject: `mail ${this.#mails}`,
      signer,
      messageId,
      date: at,
      extraHeaders: more.headers ?? [],
      ...(more.md === undefined ? {} : { md: more.md }),
      ...(more.attachment === undefined ? {} : { attachment: more.attachment }),
    });
    // OpenSSL signs at the real time, and the office lives in June 2026.
    await this.receive(more.md === undefined ? signedAt(mail, signer, at) : mail, at);
    return messageId;
  }

  /** A mail, as it lies in the robot's mailbox, is read, judged, decided and committed. */
  async receive(raw: Buffer, at: Date = NOON): Promise<void> {
    const config = await loadConfig(join(this.folder, "keybot.toml"), {});
    const policy = {
      ...config.policy,
      certificates: { ...config.policy.certificates, replayDays: 36_500 },
    };
    await this.store(async (store) => {
      const trust = decodeTrust(await trustMaterialOf(store, config.policy));
      const bench = { policy: policy.certificates, trust, at, internalDate: at };
      const { evidence, key } = gather(raw, policy, bench);
      const voice = await openVoice(config, store);
      const certificates = evidence.kind === "read" ? evidence.inspection.certificates : [];
      const message = ledgerMessage(evidence);
      const input = { key, query: viewQuery(evidence, policy), message, certificates, at };
      await store.commitMessage(input, (view) => decideAndRender(evidence, key, view, policy, voice, at));
    });
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The same mail, its signing time exchanged and signed anew. */
function signedAt(mail: Buffer, signer: Identity, at: Date): Buffer {
  const utc = `${at.toISOString().slice(2, 19).replace(/[-:T]/g, "")}Z`;
  return operate(mail, (cms) => {
    const values = childAt(attributeOf(signerAt(cms), OIDS.signingTime), 1);
    values.children = [leaf(0x17, Buffer.from(utc))];
    signAgain(signerAt(cms), signer);
  });
}

export interface HarvestOptions {
  readonly at?: Date;
  readonly headers?: readonly (readonly [string, string])[];
  readonly md?: string;
  readonly attachment?: Attachment;
}

/** What our border writes on a mail whose sender it has authenticated. */
export function authenticated(domain: string): readonly (readonly [string, string])[] {
  return [
    ["Authentication-Results", `mx.company.example; dmarc=pass header.from=${domain}`],
    [
      "Received",
      "from mail.sender.example (mail.sender.example [203.0.113.9]) by mx.company.example with ESMTPS id 1; Mon, 1 Jun 2026 12:00:00 +0000",
    ],
  ];
}

/** A span around noon, in milliseconds. */
export function validity(from: number, to: number): { readonly notBefore: Date; readonly notAfter: Date } {
  return { notBefore: new Date(NOON.getTime() + from), notAfter: new Date(NOON.getTime() + to) };
}

/** A transcript with names in place of fingerprints: `{ALICE}` in full, `{alice}` for its beginning. */
export function masked(text: string, names: Readonly<Record<string, Identity>>): string {
  let out = text;
  for (const [name, { sha256 }] of Object.entries(names)) {
    out = out.replaceAll(sha256, `{${name.toUpperCase()}}`).replaceAll(sha256.slice(0, 16), `{${name}}`);
  }
  return out;
}

const CONFIGURATION = `
tag = "[AXAZERTIFIKAT]"
domains = ["company.example"]
languages = ["de", "en"]
state_dir = "state"

[imap]
host = "imap.company.example"
security = "tls"
user = "key-management@company.example"

[smtp]
host = "mail.company.example"
security = "starttls"
user = "key-management@company.example"
from = "Key Management <key-management@company.example>"

[trust]
public_roots = false
revocation = "hard-fail"

[requests]
own_hosts = ["mx.company.example"]
authserv_id = "mx.company.example"

[admin]
address = "postmaster@company.example"
`;
