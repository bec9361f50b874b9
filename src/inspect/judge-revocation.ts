/** The second half of an inspection: what CAs have answered about revocation, judged and brought into the findings. Pure. */
import {
  type Certificate,
  type Crl,
  isProblem,
  type OcspEvidence,
  parseOcspResponse,
  type RevocationStatus,
  readableCertificates,
  revocationVerdicts,
  type UnreadableCrl,
} from "../pki/index.ts";
import type { Policy } from "../policy.ts";
import { ranked } from "./certificate-report.ts";
import { type Finding, type FindingCode, finding } from "./finding.ts";
import type { CertificateReport, Inspection } from "./inspection.ts";
import type { KnownWord } from "./known-word.ts";
import type { PathToAsk } from "./path-to-ask.ts";
import { answerWeakness } from "./strength.ts";
import { namesAnswerer, placesNamed, shownPlaces } from "./trust.ts";
import { unreadableTexts } from "./unreadable-crl.ts";
import { besideProven, isOfSigner, mayVouch, vouchedFor } from "./vouch.ts";

/** What could be had of CAs, and how it was asked for. */
export interface RevocationEvidence {
  readonly ocsp: readonly {
    /** SHA-256 of the certificate that was asked about. */
    readonly certificate: string;
    readonly der: Uint8Array;
    readonly nonce: Uint8Array | null;
  }[];
  readonly crls: readonly Crl[];
  /** CRLs that came and cannot be read. */
  readonly unreadableCrls?: readonly UnreadableCrl[];
  /** What was tried in vain, by the SHA-256 of the certificate. */
  readonly unanswered: readonly Unanswered[];
  /** What CAs have said before of certificates on the paths; nothing when it is left out. */
  readonly known?: readonly KnownWord[];
}

/** A certificate of which nobody told anything. */
export interface Unanswered {
  readonly certificate: string;
  /** Empty when it names no place that may be asked. */
  readonly attempts: readonly {
    readonly url: string;
    readonly detail: string;
    /** A rule of ours forbids to ask there: no later try will have an answer. */
    readonly lasting: boolean;
  }[];
}

/** What a CA has said of one certificate, as it is kept. */
export interface RevocationAnswer {
  readonly status: "good" | "revoked" | "unknown";
  readonly by: "OCSP" | "CRL";
  /** When the CA made it. */
  readonly thisUpdate: Date;
  /** The places that the certificate names for this way (RFC 5280 §4.2.1.13, §4.2.2.1): who was asked. */
  readonly places: readonly string[];
}

/** What the answers say of one path. Plain data. */
export interface RevocationJudgement {
  /** SHA-256 of the certificate. */
  readonly certificate: string;
  /** All that is known of its revocation and of the CAs above it; empty: none is revoked. */
  readonly findings: readonly Finding[];
  /** SHA-256 of CA certificates of the path that are revoked, or of which nobody says that they are not: a path without them may be better. */
  readonly doubtful: readonly string[];
  /** What is known with the answers of each certificate of the path below its anchor, itself first. */
  readonly words: readonly KnownWord[];
  /** What was said of the certificate, or of a CA above it that is revoked; null: nothing that counts. */
  readonly answer: RevocationAnswer | null;
  /** SHA-256 of the certificates of the path, itself included, about whom somebody can be asked who has not answered. */
  readonly silent: readonly string[];
}

/** Of the attempts, so many are named in a finding. */
const NAMED_ATTEMPTS = 3;

/** Places that are kept beside an answer, and characters of each: a certificate may name hundreds. */
const KEPT_PLACES = 4;
const KEPT_OF_A_PLACE = 200;

/**
 * Judges the answers (RFC 5280 §6.3, RFC 6960 §3.2). Certificate by certificate: revoked; else unknown, when a responder
 * has signed that it does not know the certificate, or somebody is named but no answer counts; or unaskable, when nobody who is named can ever be asked; else, when nobody is named, there is nothing to be asked (PRODUCT §3 6.).
 * @param others certificates that may have signed a CRL although they are not on the path
 * @param at not before the answers came: they speak of the time at which they were made
 */
export function judgeRevocation(
  paths: readonly PathToAsk[],
  evidence: RevocationEvidence,
  others: readonly Certificate[],
  policy: Policy["certificates"],
  at: Date,
): readonly RevocationJudgement[] {
  const ocsp = evidence.ocsp.flatMap(({ certificate, der, nonce }): OcspEvidence[] => {
    const response = parseOcspResponse(der);
    return isProblem(response) ? [] : [{ certificate, response, nonce }];
  });
  const weaknessOf = answerWeakness(policy);
  const known = new Map(evidence.known?.map(({ certificate, word }) => [certificate, word]));
  return paths.map(({ certificate, path }) => {
    const decoded = readableCertificates(path);
    const { crls } = evidence;
    const verdicts = revocationVerdicts({ path: decoded, ocsp, crls, others, at, weaknessOf, known });
    const each = verdicts.flatMap(({ status }, depth) => {
      const of = decoded[depth];
      if (of === undefined) return [];
      const findings = findingsOn(of, depth, status, evidence, policy);
      return [{ of, depth, findings, status, silent: isSilent(of, status, evidence.unanswered) }];
    });
    const told = each.find(({ status }) => status.status === "revoked") ?? each[0];
    const doubtful = each.filter(
      ({ depth, findings }) => depth > 0 && findings.some(({ severity }) => severity !== "info"),
    );
    return {
      certificate,
      findings: ranked(each.flatMap(({ findings }) => findings)),
      doubtful: doubtful.map(({ of }) => of.sha256),
      words: verdicts.map(({ certificate: sha256, word }) => ({ certificate: sha256, word })),
      answer: told === undefined ? null : answerOn(told.of, told.status),
      silent: each.flatMap(({ of, silent }) => (silent ? [of.sha256] : [])),
    };
  });
}

function answerOn(certificate: Certificate, status: RevocationStatus): RevocationAnswer | null {
  if (status.status === "unknown") return null;
  const { by, thisUpdate } = status;
  const places = placesNamed(certificate, by).slice(0, KEPT_PLACES);
  return {
    status: status.status === "unknown-to-ca" ? "unknown" : status.status,
    by,
    thisUpdate,
    places: places.map((one) => one.slice(0, KEPT_OF_A_PLACE)),
  };
}

/**
 * What speaks for its revocation, as its CA says; null when nothing does.
 * @param judgement what is known of it
 */
export function revokedText({ findings }: Pick<RevocationJudgement, "findings">): string | null {
  return findings.find(({ code }) => code === "revocation.revoked")?.detail ?? null;
}

/**
 * Why it is not known whether a certificate is revoked, although somebody could be asked; null when it is known, for the
 * CAs above it too. "Nobody can ever be asked" is no silence: no later try would have an answer.
 */
export function unansweredText({
  findings,
  silent,
}: Pick<RevocationJudgement, "findings" | "silent">): string | null {
  if (silent.length === 0 || revokedText({ findings }) !== null) return null;
  const silence = findings.find(
    ({ code }) => code === "revocation.unknown" || code === "revocation.unchecked",
  );
  return silence?.detail ?? "no answer that counts";
}

/** Whether a later try may have an answer: somebody is named who can be asked, and nothing that counts was said. */
function isSilent(
  certificate: Certificate,
  { status }: RevocationStatus,
  unanswered: readonly Unanswered[],
): boolean {
  if (status !== "unknown" || !namesAnswerer(certificate)) return false;
  const attempts = unanswered.find((one) => one.certificate === certificate.sha256)?.attempts;
  return attempts?.every(({ lasting }) => lasting) !== true;
}

function findingsOn(
  certificate: Certificate,
  depth: number,
  status: RevocationStatus,
  { unanswered, unreadableCrls = [] }: RevocationEvidence,
  policy: Policy["certificates"],
): Finding[] {
  // Its path is valid: the words of a CA that is trusted may be quoted.
  const whose = depth === 0 ? "" : `the CA certificate ${certificate.subject.text}: `;
  if (status.status === "good") return [];
  if (status.status === "revoked") return [finding("revocation.revoked", `${whose}${status.detail}`)];
  // RFC 6960 §2.2: a signed word of who speaks for the CA, so no missing answer that soft-fail could do without.
  if (status.status === "unknown-to-ca") return [finding("revocation.unknown", `${whose}${status.why}`)];
  if (!namesAnswerer(certificate)) {
    return [finding("revocation.unnamed", depth === 0 ? undefined : `${whose}it names neither CRL nor OCSP`)];
  }
  const unasked = unanswered.find((one) => one.certificate === certificate.sha256)?.attempts;
  const tried = unasked ?? [];
  const attempts = tried.slice(0, NAMED_ATTEMPTS).map(({ url, detail }) => `${url}: ${detail}`);
  const isUnaskable = unasked?.every(({ lasting }) => lasting) === true;
  const why = isUnaskable ? `it names only ${shownPlaces(placesNamed(certificate))}` : status.why;
  const detail = `${whose}${[why, ...attempts, ...unreadableTexts(certificate, unreadableCrls)].join("; ")}`;
  if (policy.revocation !== "hard-fail") return [finding("revocation.unchecked", detail)];
  return [finding(isUnaskable ? "revocation.unaskable" : "revocation.unknown", detail)];
}

/** The inspection with what CAs have said in the place of what was noted before anybody was asked. */
export function withRevocation(
  inspection: Inspection,
  judgements: readonly Pick<RevocationJudgement, "certificate" | "findings">[],
): Inspection {
  const voucher = inspection.certificates.find(mayVouch)?.sha256;
  const certificates = inspection.certificates.map((report) => {
    const judgement = judgements.find(({ certificate }) => certificate === report.sha256);
    const own = report.findings.filter(({ code }) => code.startsWith("revocation."));
    return replaced(report, judgement?.findings ?? own.filter((found) => !isOfSigner(found)));
  });
  const signer = certificates.find(({ sha256 }) => sha256 === voucher);
  const asked = new Set(judgements.map(({ certificate }) => certificate));
  return {
    ...inspection,
    ...(inspection.unasked && { unasked: inspection.unasked.filter((sha256) => !asked.has(sha256)) }),
    certificates: certificates.map((report) => {
      if (report.role === "encryption") return vouchedFor(report, signer);
      // Only now is the signer beyond doubt, whose CA had to be asked.
      return report.role === "signer" && report.sha256 !== voucher ? besideProven(report, signer) : report;
    }),
  };
}

/**
 * The judgements along paths to an anchor that may vouch for the certificate under its address. Another anchor's CA could
 * certify a key of its own under the name of the true issuer, and with that key revoke what it has never issued; such an
 * answer stands in the findings of the mail, and changes nothing that is stored.
 */
export function ofFitAnchors<T extends Pick<RevocationJudgement, "certificate">>(
  { certificates }: Pick<Inspection, "certificates">,
  judgements: readonly T[],
): readonly T[] {
  const unfit = certificates.filter(({ findings }) => findings.some(({ code }) => OF_ANCHOR.has(code)));
  return judgements.filter(({ certificate }) => unfit.every(({ sha256 }) => sha256 !== certificate));
}

const OF_ANCHOR: ReadonlySet<FindingCode> = new Set(["path.anchor-domain", "path.anchor-distrusted"]);

function replaced(report: CertificateReport, found: readonly Finding[]): CertificateReport {
  const others = report.findings.filter(({ code }) => !code.startsWith("revocation."));
  return { ...report, findings: ranked([...others, ...found]) };
}
