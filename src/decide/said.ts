import type { ReplyContent } from "./plan.ts";

/**
 * What a reply about certificates says, in short: the verdict and what is against it, of an acceptance each certificate.
 * Two replies with the same text tell their reader nothing new: another certificate that fails as the one before needs
 * the same advice, and a program that makes a new one for each mail must not be answered each time.
 * @returns null for a reply that is not about certificates
 */
export function saidIn(content: ReplyContent): string | null {
  if (!("judged" in content)) return null;
  const { template, judged, problems } = content;
  const codes = [...judged.flatMap(({ findings }) => findings), ...problems]
    .filter(({ severity }) => severity !== "info")
    .map(({ code }) => code);
  const certificates = template === "accepted" ? judged.map(({ certificate }) => certificate.sha256) : [];
  return [template, ...new Set([...codes, ...certificates].sort())].join(" ");
}
