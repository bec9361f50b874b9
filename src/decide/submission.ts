import {
  type Finding,
  type FindingCode,
  finding,
  type Inspection,
  type SignatureReport,
} from "../inspect/index.ts";
import type { MessageFacts } from "../read/index.ts";
import type { Judged } from "./judge.ts";
import { keep } from "./keep.ts";
import type { BarAction, DropAction, JudgedCertificate, ReplyContent, StoreAction } from "./plan.ts";
import { type Reason, reason } from "./reason.ts";
import { statusOf, type Verdict } from "./verdict.ts";
import type { HeldCertificate } from "./view.ts";

/** What becomes of a submission, before anybody is told. */
export interface SubmissionOutcome {
  readonly verdict: Verdict;
  readonly actions: readonly (StoreAction | DropAction | BarAction)[];
  readonly reasons: readonly Reason[];
  readonly content: ReplyContent;
  /** A certificate becomes newly active or newly pending. */
  readonly changes: boolean;
}

/**
 * Decides what is stored of the judged certificates (PRODUCT §3) and what the submitter is told.
 * @param held what the directory holds under the From address
 */
export function decideSubmission(
  judged: readonly Judged[],
  {
    signature,
    privateKey,
    openPgpKey,
    unreadable,
  }: Pick<Inspection, "signature" | "privateKey" | "openPgpKey" | "unreadable">,
  facts: MessageFacts,
  held: readonly HeldCertificate[],
  now: Date,
): SubmissionOutcome {
  const usable = judged.filter(isForEncryption);
  const verdict = best(usable);
  const address = facts.from.kind === "one" ? facts.from.address : null;
  const kept = address === null ? [] : keep(usable, { address, signature, held, now });
  const problems = judged.length > 0 ? [] : problemsOf(signature, privateKey, unreadable ?? []);
  const changed = usable.filter((entry) => address !== null && changesDirectory(entry));
  return {
    verdict,
    actions: [...kept, ...judged.flatMap(barAction)],
    reasons: reasonsOf(verdict, judged, problems, changed.length > 0),
    content: {
      template: verdict,
      // PRODUCT §3: a mail says accepted exactly when `lookup` gives that certificate.
      judged: usable.filter((entry) => entry.verdict === verdict || isKeySent(entry)).map(told),
      // What the reply as a whole says is no problem of the signature.
      problems: problems.filter(({ code }) => code !== "mail.private-key"),
      ...(privateKey || openPgpKey ? { privateKey: true } : {}),
    },
    changes: changed.length > 0,
  };
}

/**
 * A sign-only certificate that has its encryption certificate beside it is good, but there is nothing to encrypt to:
 * it is judged, not kept (RFC 8551 §2.5.3, PRODUCT §3 4.).
 */
function isForEncryption({ report, verdict }: Judged): boolean {
  return verdict === "rejected" || report.usage.encrypt;
}

/** The best verdict of several certificates is that of the message. */
function best(judged: readonly Judged[]): Verdict {
  if (judged.some(({ verdict }) => verdict === "accepted")) return "accepted";
  return judged.some(({ verdict }) => verdict === "pending") ? "pending" : "rejected";
}

function changesDirectory({ verdict, held }: Judged): boolean {
  if (verdict === "rejected") return false;
  return held === null || held.status !== statusOf(verdict);
}

/** PRODUCT §3: whoever sends the private key along has given the key away. */
function barAction(entry: Judged): BarAction[] {
  if (!isKeySent(entry)) return [];
  const { report } = entry;
  return [
    {
      action: "bar",
      certificate: report.sha256,
      spkiSha256: report.spkiSha256,
      keyIdentity: report.keyIdentity,
      reason: "its private key was sent by mail",
    },
  ];
}

function isKeySent({ findings }: Judged): boolean {
  return findings.some(({ code }) => code === "cert.private-key");
}

function told({ report, verdict, findings }: Judged): JudgedCertificate {
  return { certificate: report, verdict, findings, quotable: isQuotable(report.path.valid, findings) };
}

/** A CA that we trust did not vouch for this text as the addressee's. */
const OF_SOMEBODY_ELSE: ReadonlySet<FindingCode> = new Set([
  "address.mismatch",
  "address.missing",
  "cert.domain",
  "path.anchor-domain",
]);

/**
 * Whether a certificate's own text may be mailed to the From address: only when its path is valid (PRODUCT §3), and
 * it is a certificate of that address. A public CA gives anybody a certificate with words of his in it, and From is
 * easily forged.
 */
export function isQuotable(pathValid: boolean, findings: readonly Finding[]): boolean {
  return pathValid && !findings.some(({ code }) => OF_SOMEBODY_ELSE.has(code));
}

/** What is wrong with the mail as such: there is no certificate that could bear it. */
function problemsOf(
  signature: SignatureReport | null,
  privateKey: boolean,
  unreadable: readonly Finding[],
): readonly Finding[] {
  const key = privateKey ? [finding("mail.private-key", undefined, "error")] : [];
  const ofSignature = [
    ...(signature?.findings ?? []),
    ...(signature?.signers ?? []).flatMap(({ findings }) => findings),
  ];
  const problems = ofSignature.filter(({ severity }) => severity !== "info");
  // Of a signer's own certificate that cannot be read, the signature has told already.
  const isTold = problems.some(({ code }) => code === "cert.unreadable");
  return [...key, ...problems, ...(isTold ? [] : unreadable)];
}

function reasonsOf(
  verdict: Verdict,
  judged: readonly Judged[],
  problems: readonly Finding[],
  changes: boolean,
): Reason[] {
  if (verdict === "accepted") return [reason(changes ? "submission.accepted" : "submission.known")];
  const decisive = judged.filter((entry) => entry.verdict === verdict).flatMap(({ findings }) => findings);
  const codes = [...decisive, ...problems]
    .filter(({ severity }) => severity !== "info")
    .map(({ code }) => code);
  return [reason(`submission.${verdict}`, [...new Set(codes)].join(", ") || null)];
}
