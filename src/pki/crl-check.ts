/** Revocation by CRLs that are at hand: RFC 5280 §6.3.3, for every certificate of a path below its anchor. */
import { isFinal } from "./ca-word.ts";
import type { Certificate } from "./certificate.ts";
import { type Crl, type CrlEntry, crlEntries, REMOVE_FROM_CRL } from "./crl.ts";
import { isAsNew, newestFirst } from "./crl-age.ts";
import { deltasOf } from "./crl-delta.ts";
import { ALL_REASONS, crlIssuersOf, distributionPointsOf, reasonsCovered } from "./crl-scope.ts";
import { type CrlSigner, type SignerVerdict, signerOf } from "./crl-signer.ts";
import type { DistributionPoint } from "./distribution-point.ts";
import { sameName } from "./name.ts";
import { OID } from "./oid.ts";
import { type PathBudget, signatureVerdict, spend } from "./path-budget.ts";
import type { PathProblem } from "./path-result.ts";
import type { PublicKey } from "./public-key.ts";
import { CLOCK_SKEW_MS } from "./time.ts";

/** What revocation checking needs beside the path. */
export interface RevocationInput {
  /** Target first, anchor last. */
  readonly path: readonly Certificate[];
  /** The key of each, in the same order, DSA parameters filled in. */
  readonly keys: readonly PublicKey[];
  readonly crls: readonly Crl[];
  readonly at: Date;
  /** Certificates that may have signed a CRL although they are not on the path. */
  readonly others: readonly Certificate[];
  /** Whether such a certificate has a valid path to the same anchor. */
  readonly isBelieved: (certificate: Certificate) => boolean;
  /** Why a CRL of this signer is signed too weakly to clear a certificate; nothing is weak when it is left out. */
  readonly weaknessOf?: (crl: Crl, signer: CrlSigner) => string | null;
  readonly budget: PathBudget;
}

/** What the CRLs say of one certificate; `unknown` when they do not cover all reasons of revocation. */
export type CrlStatus =
  /** `thisUpdate`: of the oldest list that it rests on, each with its delta. */
  | { readonly status: "good"; readonly thisUpdate: Date }
  | { readonly status: "revoked"; readonly crl: Crl; readonly entry: CrlEntry }
  | { readonly status: "unknown"; readonly why: string };

/** A CRL with the certificate on it. */
export type CrlRevocation = Extract<CrlStatus, { status: "revoked" }>;

/** One CRL that speaks for a certificate, proven. */
interface Proven {
  readonly crl: Crl;
  /** The newest delta CRL that goes with it, and those that are as new: none, or one of an honest CA. */
  readonly deltas: readonly WeighedCrl[];
  /** Why it can say "revoked" and nothing else, or null (`answer-strength.ts`). */
  readonly weakness: string | null;
}

interface WeighedCrl {
  readonly crl: Crl;
  readonly weakness: string | null;
}

const TOO_MANY: CrlStatus = { status: "unknown", why: "too many CRLs and distribution points to look at" };

/** CRL extensions that are processed here, whether critical or not (RFC 5280 §5.2). */
const PROCESSED: ReadonlySet<string> = new Set([OID.issuingDistributionPoint, OID.deltaCrlIndicator]);

/** CRL entry extensions that are processed here, or that change nothing in what an entry means (RFC 5280 §5.3). */
const PROCESSED_IN_ENTRY: ReadonlySet<string> = new Set([
  OID.certificateIssuer,
  OID.reasonCode,
  OID.invalidityDate,
]);

/** CRLReason (RFC 5280 §5.3.1) by its number. */
const REASON_NAMES: readonly string[] = [
  "unspecified",
  "keyCompromise",
  "cACompromise",
  "affiliationChanged",
  "superseded",
  "cessationOfOperation",
  "certificateHold",
  "7",
  "removeFromCRL",
  "privilegeWithdrawn",
  "aACompromise",
];

/**
 * RFC 5280 §6.1.3 (a)(3) for the whole path: each certificate below the anchor must be proven not revoked. The anchor
 * itself cannot be revoked by a CRL, as nobody stands above it.
 */
export function revocationProblems(input: RevocationInput): readonly PathProblem[] {
  const status = crlStatusOf(input);
  return input.path.slice(0, -1).flatMap((certificate, depth): PathProblem[] => {
    const result = status(depth);
    const about = { section: "RFC 5280 §6.3.3", certificate: certificate.sha256, depth };
    if (result.status === "good") return [];
    if (result.status === "unknown") return [{ ...about, rule: "revocation-unknown", detail: result.why }];
    return [{ ...about, rule: "revoked", detail: entryText(result) }];
  });
}

/**
 * RFC 5280 §6.3.3 for single certificates of a path.
 * @returns what the CRLs say of the certificate at this depth, 0 for the target
 */
export function crlStatusOf(input: RevocationInput): (depth: number) => CrlStatus {
  const byIssuer = crlsByIssuer(input.crls);
  return (depth) => {
    const certificate = input.path[depth];
    if (certificate === undefined) return { status: "unknown", why: "no such certificate on the path" };
    return statusOf(certificate, depth, byIssuer, input);
  };
}

/** RFC 5280 §6.3.3: distribution point by distribution point, until all reasons are covered. */
function statusOf(
  certificate: Certificate,
  depth: number,
  byIssuer: ReadonlyMap<string, readonly Crl[]>,
  input: RevocationInput,
): CrlStatus {
  const reasons_mask = new Set<number>();
  const believed: Crl[] = [];
  const times: number[] = [];
  let why = `no CRL of ${certificate.issuer.text} covers the certificate`;
  for (const point of distributionPointsOf(certificate)) {
    if (!spend(input.budget, "crlSteps")) return TOO_MANY;
    const named = crlIssuersOf(point, certificate).flatMap((issuer) => byIssuer.get(issuer) ?? []);
    for (const crl of newestFirst(named)) {
      if (!spend(input.budget, "crlSteps")) return TOO_MANY;
      if (crl.baseCrlNumber !== null) continue; // a delta CRL proves nothing alone
      const interim_reasons_mask = reasonsCovered(crl, point, certificate); // (b)(d)
      if (interim_reasons_mask === null) continue;
      const adds = [...interim_reasons_mask].some((reason) => !reasons_mask.has(reason)); // (e)
      // Departs from (e) for CRLs that are as new as one that cleared the certificate: no order tells which is right, and
      // "revoked" errs on the safe side.
      if (!adds && !believed.some((other) => isAsNew(crl, other))) continue;
      const proven = prove(crl, named, point, depth, input);
      if (typeof proven === "string") {
        why = proven;
        continue;
      }
      const revoked = revocationIn(proven, certificate);
      if (revoked !== null) return { status: "revoked", ...revoked };
      if (proven.weakness !== null) {
        why = `the CRL of ${crl.issuer.text} is ${proven.weakness}`;
        continue;
      }
      believed.push(crl);
      times.push(Math.max(...[crl, ...proven.deltas.map((delta) => delta.crl)].map(timeOf)));
      for (const reason of interim_reasons_mask) reasons_mask.add(reason); // (l)
    }
  }
  if (reasons_mask.size === ALL_REASONS.size)
    return { status: "good", thisUpdate: new Date(Math.min(...times)) };
  return {
    status: "unknown",
    why: reasons_mask.size === 0 ? why : `no CRL covers some reasons of revocation; ${why}`,
  };
}

function timeOf({ thisUpdate }: Crl): number {
  return thisUpdate.getTime();
}

/**
 * Every proven and timely CRL, complete or delta, that revokes the certificate of this depth for good, be there a newer one
 * without it: RFC 5280 §6.3.3 looks at the newest alone, but what a CA has said is not taken back (§5.3.1).
 */
export function crlRevocationsOf(input: RevocationInput): (depth: number) => readonly CrlRevocation[] {
  const byIssuer = crlsByIssuer(input.crls);
  return (depth) => {
    const certificate = input.path[depth];
    return certificate === undefined ? [] : revocationsOf(certificate, depth, byIssuer, input);
  };
}

function revocationsOf(
  certificate: Certificate,
  depth: number,
  byIssuer: ReadonlyMap<string, readonly Crl[]>,
  input: RevocationInput,
): readonly CrlRevocation[] {
  const found = new Map<Crl, CrlRevocation>();
  for (const point of distributionPointsOf(certificate)) {
    for (const crl of crlIssuersOf(point, certificate).flatMap((issuer) => byIssuer.get(issuer) ?? [])) {
      if (!spend(input.budget, "crlSteps")) return [...found.values()];
      const entry = found.has(crl) ? null : entryOf(crl, certificate);
      if (entry === null || entry.reason === REMOVE_FROM_CRL || !isFinal(entry)) continue;
      if (!reasonsCovered(crl, point, certificate)?.size) continue;
      if (fitSigner(crl, point, depth, input).known) found.set(crl, { status: "revoked", crl, entry });
    }
  }
  return [...found.values()];
}

/** RFC 5280 §6.3.3 (a)(f)(g): who signed a CRL that can be used, or why it cannot. */
function fitSigner(crl: Crl, point: DistributionPoint, depth: number, input: RevocationInput): SignerVerdict {
  const why = unfitness(crl, input.at);
  if (why !== null) return { known: false, why };
  return signerOf(crl, candidates(point, depth, input), input.budget, input.isBelieved);
}

/** RFC 5280 §6.3.3 (a)(c)(f)(g)(h): the CRL with its delta, or why it cannot be used. */
function prove(
  crl: Crl,
  named: readonly Crl[],
  point: DistributionPoint,
  depth: number,
  input: RevocationInput,
): Proven | string {
  const verdict = fitSigner(crl, point, depth, input);
  if (!verdict.known) return verdict.why;
  const { signer } = verdict;
  const deltas: Crl[] = [];
  for (const one of deltasOf(crl, named)) {
    const [newest = one] = deltas;
    if (!isAsNew(one, newest)) break;
    if (unfitness(one, input.at) !== null) continue;
    if (signatureVerdict(one, signer.key, input.budget) === "valid") deltas.push(one); // (h)
  }
  const weaknessOf = (one: Crl): string | null => input.weaknessOf?.(one, signer) ?? null;
  return {
    crl,
    deltas: deltas.map((one) => ({ crl: one, weakness: weaknessOf(one) })),
    weakness: weaknessOf(crl),
  };
}

/** RFC 5280 §6.3.3 (i) to (k). */
function revocationIn(
  { crl, deltas }: Proven,
  certificate: Certificate,
): { readonly crl: Crl; readonly entry: CrlEntry } | null {
  const changes = deltas.map((delta) => ({ ...delta, entry: entryOf(delta.crl, certificate) })); // (i)
  for (const { crl: delta, entry: changed } of changes) {
    if (changed !== null && changed.reason !== REMOVE_FROM_CRL) return { crl: delta, entry: changed };
  }
  // (k): taken off the list, if no delta CRL that is as new is silent about it.
  if (changes.length > 0 && changes.every(({ entry, weakness }) => entry !== null && weakness === null))
    return null;
  const entry = entryOf(crl, certificate); // (j)
  return entry === null ? null : { crl, entry };
}

/** What a CRL says, as the sentence of a finding. */
export function entryText({ crl, entry }: Extract<CrlStatus, { status: "revoked" }>): string {
  return revokedText(entry.revocationDate, entry.reason, `the CRL of ${crl.issuer.text}`);
}

/**
 * The entry of a certificate on a CRL: its serial number under its issuer (RFC 5280 §5.3.3). Of several one that revokes it
 * counts, the last of them.
 */
function entryOf(crl: Crl, { serial, issuer }: Certificate): CrlEntry | null {
  let found: CrlEntry | null = null;
  for (const entry of crlEntries(crl, serial)) {
    const issuers = entry.certificateIssuer ?? [{ form: "directoryName", name: crl.issuer } as const];
    const isOurs = issuers.some((name) => name.form === "directoryName" && sameName(name.name, issuer));
    if (isOurs && (found === null || entry.reason !== REMOVE_FROM_CRL)) found = entry;
  }
  return found;
}

/**
 * Why a CRL cannot be used whoever signed it, or null. Departs from RFC 5280 §6.3.3 (a) in that the clocks may be five minutes
 * apart, because a CRL that was made a moment ago must count.
 */
export function unfitness(crl: Crl, at: Date): string | null {
  const whose = `the CRL of ${crl.issuer.text}`;
  if (at.getTime() < crl.thisUpdate.getTime() - CLOCK_SKEW_MS)
    return `${whose} is of a later time (${crl.thisUpdate.toISOString()})`;
  // RFC 5280 §5.1.2.5 requires nextUpdate; a CRL without one would stay good for ever.
  if (crl.nextUpdate === null) return `${whose} does not say when it runs out`;
  // RFC 5280 §5.1.2.5: the next CRL is issued no later than nextUpdate; before thisUpdate it means nothing.
  if (crl.nextUpdate < crl.thisUpdate)
    return `${whose} ran out before it was made (${crl.nextUpdate.toISOString()})`;
  if (at.getTime() > crl.nextUpdate.getTime() + CLOCK_SKEW_MS)
    return `${whose} ran out at ${crl.nextUpdate.toISOString()}`; // §6.3.3 (a)
  const unknown =
    crl.criticalExtensions.find((oid) => !PROCESSED.has(oid)) ??
    // RFC 5280 §5.3: an unknown critical extension on ANY entry forbids the use of the whole CRL.
    crl.criticalEntryExtensions.find((oid) => !PROCESSED_IN_ENTRY.has(oid));
  return unknown === undefined ? null : `${whose} has critical extension ${unknown}, which is not understood`; // §5.2, §5.3
}

/** Who may have signed a CRL for the certificate at this depth: those above it on the path, then all others. */
function candidates(point: DistributionPoint, depth: number, input: RevocationInput): readonly CrlSigner[] {
  const { path, keys, others } = input;
  // A point that names its CRL issuer may name the very certificate: the issuer has then told it to speak about itself.
  const first = point.crlIssuer.length > 0 ? depth : depth + 1;
  const onPath = path.slice(first).flatMap((certificate, index) => {
    const key = keys[first + index];
    return key === undefined ? [] : [{ certificate, key, onPath: true }];
  });
  const known = new Set(path.map(({ sha256 }) => sha256));
  const elsewhere = others
    .filter(({ sha256 }) => !known.has(sha256))
    .map((certificate) => ({ certificate, key: certificate.publicKey, onPath: false }));
  return [...onPath, ...elsewhere];
}

function crlsByIssuer(crls: readonly Crl[]): ReadonlyMap<string, readonly Crl[]> {
  const groups = new Map<string, Crl[]>();
  for (const crl of crls) {
    const group = groups.get(crl.issuer.canonical);
    if (group === undefined) groups.set(crl.issuer.canonical, [crl]);
    else group.push(crl);
  }
  return groups;
}

/**
 * The sentence of a finding about a revoked certificate.
 * @param reason CRLReason (RFC 5280 §5.3.1), or null
 * @param source who says so
 */
export function revokedText(revocationDate: Date, reason: number | null, source: string): string {
  const why = reason === null ? "" : ` (${REASON_NAMES[reason] ?? reason})`;
  return `revoked at ${revocationDate.toISOString()}${why}, says ${source}`;
}
