import type { ReplyContent } from "./plan.ts";

/**
 * What a reply about certificates says, in short: the verdict, each certificate and what is against it. Two replies
 * with the same text tell their reader nothing new.
 * @returns null for a reply that is not about certificates
 */
export function saidIn(content: ReplyContent): string | null {
  if (!("judged" in content)) return null;
  const { template, judged, problems } = content;
  const codes = [...judged.flatMap(({ findings }) => findings), ...problems]
    .filter(({ severity }) => severity !== "info")
    .map(({ code }) => code);
  const certificates = judged.map(({ certificate }) => certificate.sha256.slice(0, 16));
  return [template, ...new Set([...codes, ...certificates].sort())].join(" ");
}
