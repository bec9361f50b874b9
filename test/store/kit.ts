import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { Action, Plan, StoreAction, ViewQuery } from "../../src/decide/index.ts";
import type { CertificateReport } from "../../src/inspect/index.ts";
import {
  type CommitInput,
  type Decision,
  type OpenOptions,
  openStore,
  type RenderedReply,
  type Store,
} from "../../src/store/index.ts";

/** A fixed clock: minutes after noon. */
export function at(minutes = 0): Date {
  return new Date(Date.UTC(2026, 5, 1, 12, minutes));
}

export const DAY = 24 * 60;

export function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** A folder that is gone when the test ends. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "keybot-store-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A store on a real file in a folder of its own, closed when the test ends. */
export async function freshStore(
  options: Partial<OpenOptions> = {},
): Promise<Store & { readonly dir: string }> {
  const dir = options.stateDir ?? folder();
  const store = await openStore({ ...options, stateDir: dir });
  onTestFinished(() => store.close());
  return { ...store, dir };
}

/** A certificate report; the store never parses the DER, so any bytes will do. */
export function report(name: string, more: Partial<CertificateReport> = {}): CertificateReport {
  return {
    sha256: sha256(`certificate ${name}`),
    spkiSha256: sha256(`key ${name}`),
    keyIdentity: more.spkiSha256 ?? sha256(`key ${name}`),
    der: new TextEncoder().encode(`DER of ${name}`),
    addresses: [`${name}@partner.example`],
    subject: `CN=${name}`,
    issuer: "CN=Example Mail CA",
    serial: "01",
    notBefore: at(-30 * DAY),
    notAfter: at(365 * DAY),
    keyAlgorithm: "RSA-2048",
    usage: { sign: true, encrypt: true },
    role: "signer",
    path: {
      valid: true,
      anchor: sha256("anchor"),
      length: 3,
      intermediates: [new TextEncoder().encode("DER of the CA")],
      authorities: [sha256("DER of the CA")],
    },
    capabilities: null,
    findings: [],
    ...more,
  };
}

export function query(from: string | null, more: Partial<ViewQuery> = {}): ViewQuery {
  const nobody = { authenticated: false, pendingOf: null };
  return {
    ...nobody,
    from,
    mailboxes: [],
    spkis: [],
    certificates: [],
    references: [],
    returned: [],
    buckets: [],
    ...more,
  };
}

export function input(
  key: string,
  from: string,
  certificates: readonly CertificateReport[],
  when = at(),
): CommitInput {
  return {
    key,
    query: query(from, { spkis: certificates.map(({ spkiSha256 }) => spkiSha256) }),
    message: {
      messageId: `<${key}@partner.example>`,
      from,
      addressed: [{ address: "robot@company.example", source: "To" }],
    },
    certificates,
    at: when,
  };
}

export function storing(
  certificate: CertificateReport,
  address: string,
  status: StoreAction["status"] = "active",
  more: Partial<StoreAction> = {},
): StoreAction {
  return {
    action: "store",
    certificate: certificate.sha256,
    status,
    address,
    role: certificate.role,
    findings: certificate.findings,
    believed: status === "active",
    keepsPath: status === "active" && certificate.path.valid,
    signedAt: null,
    ...more,
  };
}

export function decision(
  actions: readonly Action[],
  more: Partial<Decision> & { buckets?: Plan["buckets"] } = {},
): Decision {
  const { buckets = [], ...rest } = more;
  return {
    plan: {
      kind: "submission",
      actions: [...actions, { action: "file", folder: "Processed" }],
      reasons: [],
      judged: [],
      buckets,
    },
    outcome: "stored",
    folder: "Processed",
    replies: [],
    news: [],
    ...rest,
  };
}

export function mail(id: string, to: string, more: Partial<RenderedReply> = {}): RenderedReply {
  return {
    messageId: `<${id}@company.example>`,
    to,
    template: "accepted",
    bytes: new TextEncoder().encode(`To: ${to}\r\n\r\nHello\r\n`),
    sendAfter: null,
    ...more,
  };
}

let counter = 0;

/** Harvests one certificate under an address, as a mail would. */
export async function harvest(
  store: Store,
  certificate: CertificateReport,
  address: string,
  status: StoreAction["status"] = "active",
  when = at(),
): Promise<void> {
  counter += 1;
  await store.commitMessage(input(`harvest-${counter}`, address, [certificate], when), () =>
    decision([storing(certificate, address, status)]),
  );
}
