import type { CertificateReport } from "../inspect/index.ts";
import type { AutomaticMark } from "../read/index.ts";
import type { Evidence } from "./evidence.ts";
import type { MessageKind } from "./plan.ts";

/**
 * What a message is (CONTRACT.md §2): a submission when something is offered, else a request, a near miss, and so on.
 * A broken signature offers something too: its sender meant it as one and is told.
 */
export function kindOf(evidence: Evidence): MessageKind {
  if (evidence.kind === "unreadable") return "unreadable";
  const { facts, inspection } = evidence;
  if (isSubmission(evidence)) return "submission";
  if (facts.request === "exact") return "request";
  if (facts.request === "near-miss") return "near-miss";
  if (automaticMark(evidence) !== null) return "automatic";
  if (inspection.encrypted || facts.carries === "encrypted") return "encrypted";
  return facts.carries === "openpgp" || inspection.openPgpKey ? "openpgp" : "other";
}

/** The mark of automatic mail: in the header, in the structure, or in what an opaque signature covers (PRODUCT §5). */
export function automaticMark({
  facts,
  inspection,
}: Pick<ReadEvidence, "facts" | "inspection">): AutomaticMark | null {
  if (facts.automatic !== null || !inspection.report) return facts.automatic;
  return { rule: "multipart-report", evidence: "the signed content is a report or a receipt" };
}

type ReadEvidence = Extract<Evidence, { kind: "read" }>;

/**
 * Whether a certificate or a signature was offered, or what its sender took for one: his private key. Who asks for a
 * certificate, exactly or nearly, through a gateway that signs with a certificate of its own has offered none (PRODUCT §4).
 */
export function isSubmission({ facts, inspection }: ReadEvidence): boolean {
  const { signature, certificates, privateKey, unreadable = [] } = inspection;
  if (privateKey) return true;
  if (certificates.length === 0)
    // A certificate that cannot be decoded was meant as one, too.
    return signature !== null || (facts.request === null && unreadable.length > 0);
  return facts.request === null || !certificates.every(isOfAnotherSigner);
}

/** A certificate that came with a signature (a file was attached on purpose) and does not name From. */
function isOfAnotherSigner({ findings }: CertificateReport): boolean {
  const codes = new Set(findings.map(({ code }) => code));
  return !codes.has("signature.none") && (codes.has("address.mismatch") || codes.has("address.missing"));
}
