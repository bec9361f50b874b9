import {
  type CertificateReport,
  type Finding,
  finding,
  type Inspection,
  revokedBefore,
} from "../inspect/index.ts";
import type { Pinning, Policy } from "../policy.ts";
import type { MessageFacts } from "../read/index.ts";
import { historyFindings } from "./history.ts";
import { mayWaitForRoom } from "./room.ts";
import { type Verdict, verdictOf } from "./verdict.ts";
import type { HeldCertificate, View } from "./view.ts";

/** A certificate with its final verdict: what it is worth by itself, and what the directory adds. */
export interface Judged {
  readonly report: CertificateReport;
  readonly findings: readonly Finding[];
  readonly verdict: Verdict;
  /** What the directory holds of exactly this certificate under the From address. */
  readonly held: HeldCertificate | null;
}

/** Judges every certificate of a message against the directory (PRODUCT §3). */
export function judgeCertificates(
  { certificates, signature }: Pick<Inspection, "certificates" | "signature">,
  facts: MessageFacts,
  view: View,
  policy: Policy["certificates"],
  now: Date,
): Judged[] {
  const signedAt = signedAtOf(signature);
  const judged = certificates.map((report) => {
    const held = view.held.find((candidate) => candidate.sha256 === report.sha256) ?? null;
    const findings = [...report.findings, ...directoryFindings(report, held, view, policy, signedAt)];
    let verdict = settled(verdictOf(findings), held);
    if (verdict !== "accepted" && facts.authenticated === false) {
      // PRODUCT §3: a failed authentication that is not accepted is not put before a person.
      findings.push(finding("mail.authentication"));
      verdict = "rejected";
    }
    return { report, findings, verdict, held };
  });
  // What is accepted is stored at once, whatever comes beside it.
  const isDelayed =
    facts.authenticated === true &&
    mayWaitForRoom(view, policy, now) &&
    !judged.some(isAcceptedForEncryption);
  return capped(judged, view, policy, isDelayed);
}

/**
 * PRODUCT §3: newly pending certificates are capped, so that nobody can bury the admin.
 * @param isDelayed what is over the cap waits until there is room; else it is turned away
 */
function capped(
  judged: readonly Judged[],
  view: View,
  policy: Policy["certificates"],
  isDelayed: boolean,
): Judged[] {
  let room = Math.min(
    policy.pendingPerDomain - view.pendingOfDomain,
    policy.pendingTotal - view.pendingOfAll,
  );
  return judged.map((entry) => {
    if (entry.verdict !== "pending" || entry.held?.status === "pending") return entry;
    room -= 1;
    if (room >= 0) return entry;
    return isDelayed
      ? { ...entry, findings: [...entry.findings, finding("cert.pending-later")] }
      : { ...entry, findings: [...entry.findings, finding("cert.pending-cap")], verdict: "rejected" };
  });
}

function isAcceptedForEncryption({ report, verdict }: Judged): boolean {
  return verdict === "accepted" && report.usage.encrypt;
}

/** What the directory adds to a certificate: a barred key, another key pinned to the address, its place in the history. */
function directoryFindings(
  report: CertificateReport,
  held: HeldCertificate | null,
  view: View,
  policy: Policy["certificates"],
  signedAt: Date | null,
): Finding[] {
  const findings: Finding[] = [];
  // A revoked public key stays barred, in a fresh certificate and under any address.
  if (isBarred(report, view.barred)) findings.push(finding("cert.barred"));
  // A CA's "revoked" is final (PRODUCT §3), whatever answers say today.
  else if (!report.findings.some(isRevoked)) findings.push(...revokedHere(report, held, view));
  // What is only pending, or expired, is not settled: else the same mail twice would get round the pin.
  if (held?.status !== "active" && isPinnedToAnother(report.keyIdentity, view.held, policy.pin))
    findings.push(finding("cert.pinned"));
  // What is in use already has its place in the history.
  if (held?.status !== "active") findings.push(...historyFindings(report, view.held, signedAt));
  return findings;
}

function isRevoked({ code }: Finding): boolean {
  return code === "revocation.revoked";
}

/** What CAs have said before of a certificate and of those above it, and what was decided here: no mail leads out of it. */
function revokedHere(report: CertificateReport, held: HeldCertificate | null, { revoked }: View): Finding[] {
  const known = certificatesOnPath(report).flatMap((sha256) => {
    const revocation = revoked.get(sha256);
    return revocation === undefined ? [] : [revokedBefore(revocation, sha256 !== report.sha256)];
  });
  if (known.length > 0 || held?.status !== "revoked") return known.slice(0, 1);
  return [finding("revocation.revoked", "revoked here before")];
}

/** SHA-256 of a certificate and of the CA certificates on its path, its anchor's apart. */
export function certificatesOnPath({
  sha256,
  path,
}: Pick<CertificateReport, "sha256" | "path">): readonly string[] {
  return [sha256, ...path.authorities];
}

/**
 * The names of a key: its identity and, where it is spelled in another way than the canonical one, its spelling. Bars of
 * versions that knew keys by their spelling alone, and no certificate of it any more, have that one.
 */
export function keysOf({
  keyIdentity,
  spkiSha256,
}: Pick<CertificateReport, "keyIdentity" | "spkiSha256">): readonly string[] {
  return keyIdentity === spkiSha256 ? [keyIdentity] : [keyIdentity, spkiSha256];
}

/** Whether a key is barred, in whatever spelling. @param barred which of the keys that `keysOf` names are */
export function isBarred(
  key: Pick<CertificateReport, "keyIdentity" | "spkiSha256">,
  barred: ReadonlySet<string>,
): boolean {
  return keysOf(key).some((name) => barred.has(name));
}

/** The earliest time at which somebody says to have signed; null when one of them does not say. */
function signedAtOf(signature: Inspection["signature"]): Date | null {
  const times = (signature?.signers ?? []).map(({ signingTime }) => signingTime?.getTime() ?? Number.NaN);
  const earliest = Math.min(...times);
  return Number.isFinite(earliest) ? new Date(earliest) : null;
}

/**
 * Whether another key is settled for the address (PRODUCT §3): one that an admin approved by hand or, with
 * `pin = "first"`, any that was accepted.
 * @param held what the directory holds under the address
 */
export function isPinnedToAnother(
  keyIdentity: string,
  held: readonly Pick<HeldCertificate, "keyIdentity" | "status" | "approved">[],
  pin: Pinning,
): boolean {
  if (pin === "off") return false;
  // A key that has expired still tells who the partner was: its successor is a person's decision too.
  const settled = held.filter(({ status }) => status === "active" || status === "expired");
  const pins = settled.filter(({ approved }) => pin === "first" || approved);
  return pins.length > 0 && !pins.some((pinned) => pinned.keyIdentity === keyIdentity);
}

/**
 * What was settled before stays settled: a doubt about the mail that brings a known certificate again does not make
 * the certificate doubtful, and what a person turned away is not put before him again. An error always counts.
 */
function settled(verdict: Verdict, held: HeldCertificate | null): Verdict {
  if (verdict !== "pending" || held === null) return verdict;
  if (held.status === "active") return "accepted";
  return held.status === "rejected" && held.decidedByPerson ? "rejected" : verdict;
}
