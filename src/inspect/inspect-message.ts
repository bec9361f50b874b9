import {
  type Certificate,
  fullComputing,
  identifies,
  isProblem,
  type ParseProblem,
  readCertificates,
  type SignedData,
  sameName,
} from "../pki/index.ts";
import {
  type CertificateFile,
  isOpenPgpPrivateKey,
  type MessageFacts,
  type Offer,
  returnedMail,
  type SignedPart,
} from "../read/index.ts";
import { type Circumstances, ranked, reportOn } from "./certificate-report.ts";
import { otherContent } from "./cms-content.ts";
import { type Finding, finding } from "./finding.ts";
import { namesAddress } from "./holder.ts";
import type { CertificateReport, Inspection, SignatureReport } from "./inspection.ts";
import { isReceipt, isSignedMail, type Layer, openLayers } from "./layers.ts";
import { CERTIFICATES_BESIDE, JUDGED_CERTIFICATES, SIGNER_INFOS } from "./limits.ts";
import { type KeySource, keysSent } from "./private-keys.ts";
import { type JudgedSigner, judgeSigner, signedContentOf, wholeFindings } from "./signature.ts";
import { countingSigner, isNoSignature, isOwn, signerCertificate } from "./signer-choice.ts";
import { isRefusedKey } from "./strength.ts";
import type { Bench, Subject } from "./subject.ts";
import { isCa, signingFindings, usageOf } from "./usage.ts";
import { besideProven, unnamed, vouchedFor } from "./vouch.ts";

const NOTHING: Inspection = {
  signature: null,
  encrypted: false,
  certificates: [],
  privateKey: false,
  openPgpKey: false,
  report: false,
};

/** Judges everything that one message offers. Never throws for any bytes. */
export function inspectMessage(facts: MessageFacts, offer: Offer, bench: Bench): Inspection {
  const address = addressOf(facts);
  const layers = openLayers(offer, (signedData) => isSignedBy(signedData, address, bench.policy));
  const { counting, secrets, report, reporting } = layers;
  const returned = reporting === null ? null : returnedMail(reporting.raw, reporting.root, facts);
  const files = readFiles(layers.files);
  const openPgpKey = [...secrets, ...layers.files.map(({ bytes }) => bytes)].some(isOpenPgpPrivateKey);
  const computing = fullComputing(isRefusedKey(bench.policy));
  const keys = keysSent([...files.sources, ...secrets.map(unlabelled)], computing);
  const subject: Subject = {
    ...bench,
    address,
    about: fromFindings(facts),
    computing,
    keys,
  };

  const signed = counting === null ? NOTHING : inspectSigned(counting.part, counting.parsed, facts, subject);
  const already = new Set(signed.certificates.map((report) => report.sha256));
  const signedFiles = counting === null ? [] : filesSignedFor(counting, signed, subject);
  const attached = reportsOnFiles(files.certificates, subject, signedFiles).filter(
    (report) => !already.has(report.sha256),
  );
  const unreadable = [...(signed.unreadable ?? []), ...files.unreadable];
  return {
    ...signed,
    certificates: withUnreadable([...signed.certificates, ...attached], unreadable),
    privateKey: keys.some,
    openPgpKey,
    report,
    unreadable,
    ...(returned === null ? {} : { returned }),
  };
}

/**
 * All certificates that came with a message, each once: those of the signed layer that counts, and those in files. Candidates
 * for whoever looks for the signer of a CRL (RFC 5280 §6.3.3 (f)), and believed no more than a stranger's word.
 * @returns DER of each
 */
export function certificatesAlong(
  facts: MessageFacts,
  offer: Offer,
  { policy }: Bench,
): readonly Uint8Array[] {
  const address = addressOf(facts);
  const { counting, files } = openLayers(offer, (signedData) => isSignedBy(signedData, address, policy));
  const signed = counting === null || isProblem(counting.parsed) ? [] : counting.parsed.certificates;
  const all = unique([...signed, ...readFiles(files).certificates]);
  return all.slice(0, CERTIFICATES_BESIDE).map(({ der }) => der);
}

/** Where an issuer is missing, it is noted that something came along which may be it. */
function withUnreadable(
  reports: readonly CertificateReport[],
  unreadable: readonly Finding[],
): readonly CertificateReport[] {
  const notes = unreadable.map((one): Finding => ({ ...one, severity: "info" }));
  return reports.map((report) =>
    report.findings.some(({ code }) => code === "path.issuer-missing")
      ? { ...report, findings: ranked([...report.findings, ...notes]) }
      : report,
  );
}

/** The SHA-256 of certificates that lie as files in the content that the sender has signed by another key of his. */
function filesSignedFor(
  { files, parsed }: Layer,
  { signature, certificates }: Inspection,
  { address, policy }: Subject,
): readonly string[] {
  const isOwn = signature?.valid === true && !isProblem(parsed) && isSignedBy(parsed, address, policy);
  if (!isOwn || address === null || files.length === 0) return [];
  const keys = new Set(certificates.filter(({ role }) => role === "signer").map((used) => used.keyIdentity));
  return readFiles(files)
    .certificates.filter((found) => namesAddress(found, address, policy.exactLocalPart))
    .filter(({ keyIdentity }) => !keys.has(keyIdentity))
    .map(({ sha256 }) => sha256);
}

/** Whether a signer of the SignedData is named by a certificate of this address; nothing is verified. */
function isSignedBy(
  { signerInfos, certificates }: SignedData,
  address: string | null,
  { exactLocalPart }: Bench["policy"],
): boolean {
  if (address === null) return false;
  return signerInfos
    .slice(0, SIGNER_INFOS)
    .some(({ identifier }) =>
      certificates.some(
        (certificate) =>
          identifies(identifier, certificate) && namesAddress(certificate, address, exactLocalPart),
      ),
    );
}

function unlabelled(bytes: Uint8Array): KeySource {
  return { bytes, labelled: false };
}

/** Judges a certificate file on its own (PEM, DER, PKCS#7): no address rule, and no signature, so at most pending. */
export function inspectCertificateFile(file: CertificateFile, bench: Bench): Inspection {
  const { certificates, sources, unreadable } = readFiles([file]);
  const computing = fullComputing(isRefusedKey(bench.policy));
  const keys = keysSent(sources, computing);
  const subject: Subject = { ...bench, address: null, about: [], computing, keys };
  const reports = reportsOnFiles(certificates, subject);
  return {
    ...NOTHING,
    certificates: withUnreadable(reports, unreadable),
    privateKey: keys.some,
    unreadable,
  };
}

/** The findings on the mail, and on its certificate's own key. */
function aboutCertificate(certificate: Certificate, { keys, about }: Subject): Finding[] {
  return [...keys.about(certificate), ...about];
}

/** The CMS structure of the mail: verified, and each certificate in it judged. */
function inspectSigned(
  part: SignedPart,
  parsed: SignedData | ParseProblem,
  facts: MessageFacts,
  subject: Subject,
): Inspection {
  if (isProblem(parsed)) {
    const other = otherContent(part.cms);
    if (other?.kind === "encrypted") return { ...NOTHING, encrypted: true };
    if (other !== null) {
      const unsupported = finding("mail.content-unsupported", `the mail is ${other.what}`);
      return { ...NOTHING, signature: unreadableSignature(part.form, unsupported) };
    }
    const detail = part.damaged
      ? "the signature was damaged on the way: its base64 cannot be decoded"
      : parsed.detail;
    return { ...NOTHING, signature: unreadableSignature(part.form, finding("signature.unreadable", detail)) };
  }
  if (isReceipt(parsed)) return NOTHING;
  if (!isSignedMail(parsed)) {
    const unsupported = finding(
      "mail.content-unsupported",
      `what was signed is no mail: content type ${parsed.contentType}`,
    );
    return { ...NOTHING, signature: unreadableSignature(part.form, unsupported) };
  }
  const content = signedContentOf(part, parsed);
  const whole = wholeFindings(part, parsed, content, subject.policy);
  const arrival = { arrival: facts.borderTime ?? subject.internalDate ?? facts.date };
  const signers = parsed.signerInfos
    .slice(0, SIGNER_INFOS)
    .map((signerInfo) =>
      judgeSigner(parsed, signerInfo, content, arrival, subject, (verified) =>
        signerCertificate(verified, parsed.certificates, subject),
      ),
    );
  const counting = countingSigner(signers, parsed.certificates, subject);
  return {
    ...NOTHING,
    signature: signatureReport(part, signers, counting, whole),
    certificates: signedCertificates(parsed, signers, counting, whole, subject),
    unreadable: unreadableFindings(parsed.unreadable.map(({ detail }) => detail)),
  };
}

/** Certificates that came along and cannot be decoded (RFC 5280 §4.1), in one finding with the reason of the first. */
function unreadableFindings([first, ...more]: readonly string[]): Finding[] {
  if (first === undefined) return [];
  const others = more.length === 0 ? "" : `, and ${more.length} more`;
  return [finding("cert.unreadable", `a certificate that came along cannot be read (${first})${others}`)];
}

function unreadableSignature(form: "detached" | "opaque", problem: Finding): SignatureReport {
  return { form, valid: false, signers: [], findings: [problem] };
}

function signatureReport(
  part: SignedPart,
  signers: readonly JudgedSigner[],
  counting: JudgedSigner | undefined,
  whole: readonly Finding[],
): SignatureReport {
  if (signers.length === 0) return { form: "certs-only", valid: null, signers: [], findings: [] };
  return {
    form: part.form,
    valid: counting?.verification.valid ?? false,
    signers: signers.map(({ verification, findings }) => ({
      certificate: verification.certificate?.sha256 ?? null,
      valid: verification.valid,
      signingTime: verification.signingTime,
      findings: ranked(findings),
    })),
    findings: ranked(whole),
  };
}

/** Each signer certificate, and each other end-entity certificate of the SignedData, each once. */
function signedCertificates(
  signedData: SignedData,
  signers: readonly JudgedSigner[],
  counting: JudgedSigner | undefined,
  whole: readonly Finding[],
  subject: Subject,
): CertificateReport[] {
  const beside = signedData.certificates.slice(0, CERTIFICATES_BESIDE);
  const certsOnly = signers.length === 0;
  const common = {
    address: subject.address,
    beside,
    trust: subject.trust,
    policy: subject.policy,
    at: subject.at,
    computing: subject.computing,
  };
  const signerCertificates = unique(signers.flatMap(({ verification }) => verification.certificate ?? []));
  const endEntities = unique(beside).filter(
    (certificate) =>
      !isCa(certificate) && !signerCertificates.some((signer) => signer.sha256 === certificate.sha256),
  );
  // CA certificates alone are all that was offered; beside an end entity they are its path.
  const others = (certsOnly && endEntities.length === 0 ? unique(beside) : endEntities)
    .sort((a, b) => Number(isPreferred(b, counting)) - Number(isPreferred(a, counting)))
    .slice(0, JUDGED_CERTIFICATES);

  // Nothing that came beside a broken signature is believed more than the signature is.
  const inherited = certsOnly
    ? [finding("signature.none")]
    : [...whole, ...(counting?.findings ?? [])].filter(({ severity }) => severity !== "info");
  const ownMerits = others.map((certificate) =>
    reportOn(certificate, {
      ...common,
      role: !certsOnly && usageOf(certificate).encrypt ? "encryption" : "offered",
      encryptionBeside: false,
      findings: [...inherited, ...aboutCertificate(certificate, subject)],
      capabilities: null,
    }),
  );
  const encryptionBeside = ownMerits.some(
    (report) => report.role === "encryption" && report.findings.every(({ severity }) => severity !== "error"),
  );

  // One answer for all that is the sender's: is one of his signatures broken, none of his certificates is proven.
  const own = signers.filter(({ verification }) => isOwn(verification.certificate, subject));
  const broken = own.filter(isNoSignature);
  const unknown = own.filter(({ verification: { checkable } }) => !checkable);
  const signerReports = signerCertificates.map((certificate) => {
    const judged = signers.filter(
      ({ verification }) => verification.certificate?.sha256 === certificate.sha256,
    );
    // Two SignerInfos of one certificate: both must be right, but for one that cannot be computed beside one that is right.
    const isSenders = isOwn(certificate, subject);
    const isProven = judged.some(({ verification }) => verification.valid);
    const counted = isProven ? judged.filter(({ verification: { checkable } }) => checkable) : judged;
    const bearing = isSenders ? [...counted, ...broken] : counted;
    const noted = isSenders ? unknown.filter((signer) => !bearing.includes(signer)) : [];
    const circumstances: Circumstances = {
      ...common,
      role: "signer",
      encryptionBeside,
      findings: [
        ...whole,
        ...bearing.flatMap(({ findings }) => findings),
        ...noted.flatMap(({ findings }) => findings.map((of): Finding => ({ ...of, severity: "info" }))),
        ...[certificate, ...bearing.flatMap(({ verification }) => verification.certificate ?? [])].flatMap(
          signingFindings,
        ),
        ...aboutCertificate(certificate, subject),
      ],
      capabilities: counted[0]?.verification.capabilities ?? null,
    };
    return reportOn(certificate, circumstances);
  });
  const answering = signerReports.find(({ sha256 }) => sha256 === counting?.verification.certificate?.sha256);
  // The one that counts first: whoever looks for the signer who vouches must not find another (RFC 5652 §5.1 gives no order).
  const rest = signerReports.filter((report) => report !== answering);
  return [
    ...(answering === undefined ? [] : [answering]),
    ...rest.map((report) => besideProven(report, answering)),
    ...ownMerits.map((report, index) => {
      const vouched = vouchedFor(report, answering);
      const isMeant = others[index] === undefined || isNamed(others[index], counting);
      return isMeant ? vouched : unnamed(vouched);
    }),
  ];
}

/**
 * Whether a certificate beside the signer's is the one to encrypt to (RFC 8551 §2.5.3.1): named by a signed preference, of
 * the same subject, or beside one that cannot encrypt.
 */
function isNamed(certificate: Certificate, counting: JudgedSigner | undefined): boolean {
  const signer = counting?.verification.certificate ?? null;
  if (signer === null || !usageOf(signer).encrypt || isPreferred(certificate, counting)) return true;
  return sameName(certificate.subject, signer.subject);
}

/** Named by the signed sMIMEEncryptionKeyPreference of the signer that counts (RFC 8551 §2.5.3). */
function isPreferred(certificate: Certificate, counting: JudgedSigner | undefined): boolean {
  return counting?.verification.encryptionPreference?.sha256 === certificate.sha256;
}

/** All certificate files of a mail as one. */
interface Files {
  readonly certificates: readonly Certificate[];
  /** All of them, for the private keys in them. */
  readonly sources: readonly KeySource[];
  /** What is to be said of those that cannot be decoded. */
  readonly unreadable: readonly Finding[];
}

function readFiles(files: readonly CertificateFile[]): Files {
  const read = files.map(({ bytes }) => ({ bytes, file: readCertificates(bytes) }));
  return {
    certificates: unique(read.flatMap(({ file }) => file.certificates)),
    sources: read.map(({ bytes, file }) => ({ bytes, labelled: file.privateKey })),
    unreadable: unreadableFindings(
      read.flatMap(({ file }) => Array.from({ length: file.unreadable }, () => "in a file")),
    ),
  };
}

/**
 * Certificates that came as files: nobody signed with them, so a person must decide.
 * @param signedFor the SHA-256 of those that their holder has signed for, by another key
 */
function reportsOnFiles(
  found: readonly Certificate[],
  subject: Subject,
  signedFor: readonly string[] = [],
): CertificateReport[] {
  // A file of CA certificates alone is judged as such; beside an end entity they are its path.
  const endEntities = found.filter((certificate) => !isCa(certificate));
  const judged = endEntities.length > 0 ? endEntities : found;
  return judged.slice(0, JUDGED_CERTIFICATES).map((certificate) =>
    reportOn(certificate, {
      role: "offered",
      address: subject.address,
      beside: found.slice(0, CERTIFICATES_BESIDE),
      encryptionBeside: false,
      trust: subject.trust,
      policy: subject.policy,
      at: subject.at,
      computing: subject.computing,
      findings: [
        finding(signedFor.includes(certificate.sha256) ? "signature.other-key" : "signature.none"),
        ...aboutCertificate(certificate, subject),
      ],
      capabilities: null,
    }),
  );
}

function fromFindings(facts: MessageFacts): Finding[] {
  if (facts.from.kind === "one") return facts.from.loose ? [finding("address.form")] : [];
  const how = {
    missing: "there is no From field",
    empty: "the From field is empty",
    group: "the From field holds a group",
    several: "the From field holds several addresses",
    "two-fields": "there are two From fields",
    unreadable: "the From field cannot be read without doubt",
  };
  return [finding("address.from", how[facts.from.kind])];
}

function addressOf(facts: MessageFacts): string | null {
  return facts.from.kind === "one" ? facts.from.address : null;
}

function unique(certificates: readonly Certificate[]): Certificate[] {
  const seen = new Set<string>();
  return certificates.filter(({ sha256 }) => !seen.has(sha256) && seen.add(sha256) !== undefined);
}
