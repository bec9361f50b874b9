/** What is kept of a submission's certificates, and by whose word: a mail changes only what it is believed for. */
import type { Finding, SignatureReport } from "../inspect/index.ts";
import type { Judged } from "./judge.ts";
import type { DropAction, StoreAction } from "./plan.ts";
import { statusOf, verdictOf } from "./verdict.ts";
import type { HeldCertificate } from "./view.ts";

/** What the robot has rejected is kept so an admin can see it when he is asked; more of one address is a flood. */
const REJECTED_KEPT = 10;

/** What the mail is, beside its certificates. */
export interface Bearer {
  /** The single From address. */
  readonly address: string;
  readonly signature: SignatureReport | null;
  /** All that is held under the address. */
  readonly held: readonly HeldCertificate[];
  readonly now: Date;
}

/**
 * What is stored under the From address, and which of the older rejected ones go for it.
 * @param usable the judged certificates, the signer's first
 */
export function keep(usable: readonly Judged[], bearer: Bearer): (StoreAction | DropAction)[] {
  const own = usable.filter(({ findings, verdict }) => verdict !== "rejected" || !isOfSomebodyElse(findings));
  const fresh = own.filter(({ verdict, held }) => verdict === "rejected" && held === null);
  const over = new Set(fresh.slice(REJECTED_KEPT));
  const stores = own.filter((entry) => !over.has(entry)).map((entry) => storeAction(entry, bearer));
  return [...stores, ...drops(stores, Math.min(fresh.length, REJECTED_KEPT), bearer)];
}

function storeAction(entry: Judged, { address, signature, now }: Bearer): StoreAction {
  const { report, verdict, findings } = entry;
  const signedAt = signedBy(report.sha256, signature);
  return {
    action: "store",
    certificate: report.sha256,
    status: statusOf(verdict),
    address,
    role: report.role,
    findings,
    believed: isBelieved(entry),
    keepsPath: report.path.valid && isBeyondDoubt(entry),
    signedAt: signedAt === null || signedAt < now ? signedAt : now,
  };
}

/**
 * Whether the holder of the key has sent this: its own signature is beyond doubt, or everything is. A known certificate
 * can be accepted for what it is although the mail that brings it again is in doubt (`judge.ts`); then the mail may be
 * anybody's.
 */
function isBelieved({ report, verdict, findings }: Judged): boolean {
  if (verdict !== "accepted") return false;
  const doubts = findings.filter(({ severity }) => severity !== "info");
  return report.role === "signer" ? !doubts.some(isOfMail) : doubts.length === 0;
}

/**
 * Whether nothing speaks against the certificate or its mail. That its CA has not answered is no doubt about the path of one
 * that is not in use: a person who approves it has its CA asked along it (PRODUCT §3 6.).
 */
function isBeyondDoubt({ findings, held }: Judged): boolean {
  const isInUse = held?.status === "active";
  const counted = isInUse ? findings : findings.filter(({ code }) => !SILENCE.has(code));
  return verdictOf(counted) === "accepted";
}

const SILENCE: ReadonlySet<string> = new Set(["revocation.unknown", "revocation.unaskable"]);

/** Whether a finding is one on the mail and its signature, not on the certificate and its path. */
export function isOfMail({ code }: Pick<Finding, "code">): boolean {
  return code.startsWith("signature.") || code.startsWith("mail.") || code === "address.from";
}

/** Anybody can send anybody's certificate: stored under an address that it does not name, it would only stand in the way. */
function isOfSomebodyElse(findings: readonly Finding[]): boolean {
  return findings.some(({ code }) => code === "address.mismatch");
}

/** When the signer with this certificate says that he signed, the latest time of several. */
function signedBy(sha256: string, signature: SignatureReport | null): Date | null {
  const times = (signature?.signers ?? []).flatMap(({ certificate, signingTime }) =>
    certificate === sha256 && signingTime !== null ? [signingTime.getTime()] : [],
  );
  return times.length === 0 ? null : new Date(Math.max(...times));
}

/** The oldest of what the robot has rejected before, as far as there is more than is kept. Never what a person decided. */
function drops(
  stores: readonly StoreAction[],
  fresh: number,
  { address, held }: Pick<Bearer, "address" | "held">,
): DropAction[] {
  if (fresh === 0) return [];
  const here = new Set(stores.map(({ certificate }) => certificate));
  const older = held
    .filter(({ status, decidedByPerson }) => status === "rejected" && !decidedByPerson)
    .filter(({ sha256 }) => !here.has(sha256))
    .sort((a, b) => a.since.getTime() - b.since.getTime());
  const excess = Math.max(0, older.length + fresh - REJECTED_KEPT);
  return older
    .slice(0, excess)
    .map(({ sha256 }): DropAction => ({ action: "drop", certificate: sha256, address }));
}
