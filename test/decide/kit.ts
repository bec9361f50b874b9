/** Evidence by hand: facts and inspections as `read` and `inspect` would make them, so that each rule stands alone. */
import {
  decide,
  type Evidence,
  emptyView,
  type HeldCertificate,
  type Plan,
  type View,
  viewQuery,
} from "../../src/decide/index.ts";
import {
  type CertificateReport,
  type FindingCode,
  finding,
  type Inspection,
} from "../../src/inspect/index.ts";
import { DEFAULT_POLICY, type Policy } from "../../src/policy.ts";
import type { MessageFacts } from "../../src/read/index.ts";

export const NOW = new Date("2026-06-01T12:00:00Z");
export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
export const ALICE = "alice@partner.example";
export const ROBOT = "robot@company.example";
export const CLAIMS = "claims@company.example";

export function hoursAgo(hours: number): Date {
  return new Date(NOW.getTime() - hours * HOUR);
}

export const POLICY: Policy = { ...DEFAULT_POLICY, domains: ["company.example"], robot: [ROBOT] };

/** An ordinary mail of Alice's to the robot, of which nothing is known to be wrong. */
export function facts(change: Partial<MessageFacts> = {}): MessageFacts {
  return {
    digest: "d".repeat(64),
    size: 1000,
    messageId: "<1@partner.example>",
    references: [],
    subject: "Hello",
    request: null,
    fromAddresses: [ALICE],
    from: { kind: "one", address: ALICE },
    returnPath: { kind: "address", address: ALICE },
    automatic: null,
    authenticated: true,
    fromInside: false,
    addressed: [{ address: ROBOT, source: "X-Original-To" }],
    addressedToUs: true,
    borderTime: NOW,
    date: NOW,
    carries: "nothing",
    returned: null,
    ...change,
  };
}

export const REQUEST: Partial<MessageFacts> = {
  subject: "[AXAZERTIFIKAT]",
  request: "exact",
  addressed: [{ address: CLAIMS, source: "X-Original-To" }],
};

/** A certificate of Alice's with these findings; its key bears its name. */
export function report(
  name: string,
  codes: readonly FindingCode[] = [],
  change: Partial<CertificateReport> = {},
): CertificateReport {
  return {
    sha256: `sha256 of ${name}`,
    spkiSha256: `spelling of ${name}`,
    keyIdentity: `key of ${name}`,
    der: new Uint8Array([0x30, 0x00]),
    addresses: [ALICE],
    subject: `CN=${name}`,
    issuer: "CN=Example CA",
    serial: "01",
    notBefore: hoursAgo(24),
    notAfter: new Date(NOW.getTime() + 365 * DAY),
    keyAlgorithm: "P-256",
    usage: { sign: true, encrypt: true },
    role: "signer",
    path: { valid: codes.length === 0, anchor: null, length: 2, intermediates: [], authorities: [] },
    capabilities: null,
    findings: codes.map((code) => finding(code)),
    ...change,
  };
}

export const NOTHING: Inspection = {
  signature: null,
  encrypted: false,
  certificates: [],
  privateKey: false,
  openPgpKey: false,
  report: false,
};

/** A signed mail that offers these certificates. */
export function offering(...certificates: readonly CertificateReport[]): Inspection {
  const signature = { form: "detached", valid: true, signers: [], findings: [] } as const;
  return { ...NOTHING, signature, certificates };
}

export function evidence(change: Partial<MessageFacts> = {}, inspection: Inspection = NOTHING): Evidence {
  return { kind: "read", facts: facts(change), inspection };
}

export interface Situation {
  readonly view?: Partial<View>;
  readonly policy?: Policy;
  readonly now?: Date;
}

export function planOf(of: Evidence, { view, policy = POLICY, now = NOW }: Situation = {}): Plan {
  return decide(of, { ...emptyView(viewQuery(of, policy)), ...view }, policy, now);
}

export function templates({ actions }: Plan): string[] {
  return actions.flatMap((action) => (action.action === "reply" ? [action.template] : []));
}

export function folderOf({ actions }: Plan): string {
  const last = actions.at(-1);
  return last?.action === "file" ? last.folder : "no file action at the end";
}

export function reasons({ reasons: all }: Plan): string[] {
  return all.map(({ code }) => code);
}

/** A certificate as the directory holds it. */
export function heldAs(of: CertificateReport, status: HeldCertificate["status"]): HeldCertificate {
  const { sha256, keyIdentity, issuer, notBefore, notAfter } = of;
  return {
    ...{ sha256, keyIdentity, issuer, notBefore, notAfter, status },
    ...{ since: NOW, approved: false, decidedByPerson: false },
  };
}
