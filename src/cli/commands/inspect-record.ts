import { type Action, type Plan, type Verdict, verdictOf } from "../../decide/index.ts";
import type { CertificateReport, Finding, Inspection } from "../../inspect/index.ts";
import { escapeControl } from "../../log.ts";
import type { Policy } from "../../policy.ts";
import { READ_PROBLEMS } from "../../read/index.ts";
import type { Explanation } from "../../robot/index.ts";
import { isoTime } from "../json.ts";

/** One object of `keybot inspect --json` (CONTRACT.md §2); names and order are the contract's. */
export interface InspectRecord {
  readonly file: string;
  readonly kind: Plan["kind"];
  readonly request: "exact" | "near-miss" | null;
  readonly automatic: string | null;
  readonly authenticated: boolean | null;
  readonly messageId: string | null;
  readonly subject: string | null;
  readonly from: readonly string[];
  readonly mailboxes: readonly { readonly address: string; readonly source: string }[];
  readonly signature: SignatureRecord | null;
  readonly certificates: readonly CertificateRecord[];
  readonly plan: readonly object[];
  /** Why, beyond the certificates: what the ledger would note. */
  readonly reasons: readonly {
    readonly code: string;
    readonly rule: string;
    readonly detail: string | null;
  }[];
}

type SignatureRecord = NonNullable<Inspection["signature"]>;

interface CertificateRecord extends Omit<CertificateReport, "der" | "path" | "capabilities"> {
  readonly path: { readonly valid: boolean; readonly anchor: string | null; readonly length: number };
  readonly verdict: Verdict;
}

/** The record of one mail. */
export function mailRecord(file: string, { evidence, plan }: Explanation, policy: Policy): InspectRecord {
  const { facts } = evidence;
  const inspection = evidence.kind === "read" ? evidence.inspection : null;
  const verdicts = new Map(plan.judged.map((judged) => [judged.certificate, judged]));
  return {
    file,
    kind: plan.kind,
    request: facts?.request ?? null,
    automatic: facts?.automatic?.evidence ?? null,
    authenticated: facts?.authenticated ?? null,
    messageId: facts?.messageId ?? null,
    subject: facts?.subject ?? null,
    from: facts?.fromAddresses ?? [],
    mailboxes: facts?.request === "exact" ? ownMailboxes(facts.addressed, policy) : [],
    signature: inspection?.signature ?? null,
    certificates: (inspection?.certificates ?? []).map((report) => {
      const judged = verdicts.get(report.sha256);
      return recordOf(report, judged?.verdict ?? "rejected", judged?.findings ?? report.findings);
    }),
    plan: plan.actions.map(planned),
    reasons: plan.reasons,
  };
}

/** The record of a certificate file: nothing would be done with it. */
export function certificateRecord(file: string, inspection: Inspection): InspectRecord {
  return {
    file,
    kind: "certificate",
    request: null,
    automatic: null,
    authenticated: null,
    messageId: null,
    subject: null,
    from: [],
    mailboxes: [],
    signature: null,
    certificates: inspection.certificates.map((report) =>
      recordOf(report, verdictOf(report.findings), report.findings),
    ),
    plan: [],
    reasons: [],
  };
}

/** The mailboxes that a request would be answered for; without `--domain` none is ours. */
function ownMailboxes(
  addressed: readonly { readonly address: string; readonly source: string }[],
  policy: Policy,
) {
  return addressed
    .slice(0, policy.replies.mailboxesPerRequest)
    .map(({ address, source }) => ({ address, source }));
}

function recordOf(
  report: CertificateReport,
  verdict: Verdict,
  findings: readonly Finding[],
): CertificateRecord {
  const { der: _der, capabilities: _capabilities, path, findings: _findings, ...rest } = report;
  return {
    ...rest,
    path: { valid: path.valid, anchor: path.anchor, length: path.length },
    verdict,
    findings,
  };
}

/** An action as the contract prints it: what is done, to what, without the texts and files of a reply. */
function planned(action: Action): object {
  switch (action.action) {
    case "store":
      return {
        action: "store",
        certificate: action.certificate,
        status: action.status,
        address: action.address,
        role: action.role,
      };
    case "drop":
      return { action: "drop", certificate: action.certificate, address: action.address };
    case "bar":
      return {
        action: "bar",
        certificate: action.certificate,
        spkiSha256: action.spkiSha256,
        reason: action.reason,
      };
    case "bounce":
      return { action: "bounce", messageId: action.messageId, to: action.to, error: action.error };
    case "reply":
      return { action: "reply", template: action.template, to: action.to, sendAfter: action.sendAfter };
    case "file":
      return { action: "file", folder: action.folder };
    case "wait":
      return { action: "wait", until: action.until };
  }
}

/** The record for people: what it is, each certificate with its reasons, what would be done. */
export function describe(record: InspectRecord): string {
  const lines = [
    `${record.file}: ${record.kind}${record.request === null ? "" : ` (request: ${record.request})`}`,
    field("from", record.from.join(", ")),
    field("subject", record.subject),
    field("automatic", record.automatic),
    field(
      "authenticated",
      record.authenticated === null ? null : record.authenticated ? "yes" : "no, it failed",
    ),
    ...record.mailboxes.map(({ address, source }) => field("asks for", `${address} (${source})`)),
    ...signatureLines(record.signature),
    ...record.certificates.flatMap(certificateLines),
    ...record.reasons.map(({ code, rule, detail }) =>
      field("because", `${code}: ${rule}${detail === null ? "" : ` (${detailOf(code, detail)})`}`),
    ),
    ...record.plan.map((action) =>
      field(
        "would",
        Object.values(action)
          .filter((value) => typeof value === "string")
          .join(" "),
      ),
    ),
  ];
  return lines
    .filter((line) => line !== null)
    .map((line) => escapeControl(line))
    .join("\n");
}

function detailOf(code: string, detail: string): string {
  return code === "unreadable" && detail in READ_PROBLEMS
    ? `${detail}: ${READ_PROBLEMS[detail as keyof typeof READ_PROBLEMS]}`
    : detail;
}

function signatureLines(signature: SignatureRecord | null): (string | null)[] {
  if (signature === null) return [];
  const valid = signature.valid === null ? "no signature" : signature.valid ? "valid" : "NOT valid";
  return [
    field("signature", `${signature.form}, ${valid}`),
    ...signature.findings.map(findingLine),
    ...signature.signers.flatMap((signer) => [
      ...(signer.signingTime === null ? [] : [field("signed at", isoTime(signer.signingTime))]),
      ...(signer.certificate === null ? signer.findings.map(findingLine) : []),
    ]),
  ];
}

function certificateLines(certificate: CertificateRecord): (string | null)[] {
  return [
    field("certificate", `${certificate.sha256} (${certificate.role}): ${certificate.verdict.toUpperCase()}`),
    field("  of", `${certificate.addresses.join(", ") || "no address"}; ${certificate.subject}`),
    field("  issued by", certificate.issuer),
    field(
      "  valid",
      `${isoTime(certificate.notBefore)} to ${isoTime(certificate.notAfter)}, ${certificate.keyAlgorithm}`,
    ),
    field("  path", certificate.path.valid ? `valid, ${certificate.path.length} certificates` : "NOT valid"),
    ...certificate.findings.map(findingLine),
  ];
}

function findingLine({ code, severity, section, detail }: Finding): string | null {
  return field(`  ${severity}`, `${code}: ${detail} (${section})`);
}

function field(name: string, value: string | null): string | null {
  return value === null || value === "" ? null : `  ${`${name}:`.padEnd(15)} ${value}`;
}
