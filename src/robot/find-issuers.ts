import { capOf } from "../decide/index.ts";
import { NO_HELP, type PathHelp } from "../inspect/index.ts";
import { type Certificate, readableCertificates } from "../pki/index.ts";
import type { MessageFacts } from "../read/index.ts";
import type { AskBudget, Stranger } from "../revocation/index.ts";
import type { Gathered } from "./gather.ts";
import type { Inquirer } from "./robot.ts";

/** Somebody who may have the issuers of a certificate: the directory, the certificate's own URLs. DER. */
export type IssuerSource = (certificate: Certificate) => Promise<readonly Uint8Array[]>;

/** The message gathered once more, knowing more; null when that was given up (`judge.time-limit` …). */
export type GatherAgain = (help: PathHelp) => Promise<Gathered | null>;

/** A message and what it was gathered by. */
export interface Helped {
  readonly gathered: Gathered;
  readonly help: PathHelp;
}

/** On whose ration strangers' servers are asked: as caps count a sender, apart for who may have forged the address. */
export function askerOf({
  fromAddresses: [from = ""],
  authenticated,
}: Pick<MessageFacts, "fromAddresses" | "authenticated">): Stranger {
  return {
    domain: capOf(from),
    authenticated: authenticated === true,
  };
}

/**
 * The directory first: it has every CA that a known partner's certificate was issued by, and asks nobody.
 * @param by on whose ration it is asked
 * @param budget for what the certificates' URLs may cost
 */
export function issuerSources(
  { store, desk, judge, policy, log }: Inquirer,
  by: Stranger,
  budget: AskBudget,
): readonly IssuerSource[] {
  const directory: IssuerSource = ({ sha256, issuer }) =>
    store.authoritiesAbove({ sha256, issuer: issuer.text });
  if (!policy.certificates.fetchIssuers) return [directory];
  return [
    directory,
    async (certificate) => {
      const read = async (bytes: Uint8Array) => {
        const found = await judge.readIssuers(bytes, certificate.der);
        return found.kind === "read" ? found.certificates : null;
      };
      const { certificates, attempts } = await desk.issuersOf(certificate, by, read, budget);
      for (const { url, why, detail } of budget.missed ? [] : attempts)
        log.info("issuer.not-fetched", { url, why, detail });
      return certificates;
    },
  ];
}

/**
 * Questions to all sources together for one message, or one stored certificate: a path of eight certificates, asked of
 * two sources.
 */
export const QUESTIONS = 16;

/**
 * Looks for issuers that did not come with the message (RFC 4158 §3.2 and §7): certificate by certificate, the one nearest to an
 * anchor first, each source after the one before, until no path lacks one or nobody has any. What is found is a
 * candidate for the path like what comes with a mail, and is believed no more.
 * @throws KeybotError what a source throws
 */
export async function withIssuers(
  first: Gathered,
  sources: readonly IssuerSource[],
  again: GatherAgain,
): Promise<Helped> {
  let helped: Helped = { gathered: first, help: NO_HELP };
  const asked = new Set<string>();
  const found = new Map<string, Uint8Array>();
  for (let question = 0; question < QUESTIONS; question++) {
    const next = nextQuestion(readableCertificates(helped.gathered.orphans), sources, asked);
    if (next === null) break;
    const known = found.size;
    for (const der of await next.source(next.certificate)) found.set(Buffer.from(der).toString("hex"), der);
    if (found.size === known) continue;
    const help = { ...NO_HELP, issuers: [...found.values()] };
    const gathered = await again(help);
    if (gathered === null) break;
    helped = { gathered, help };
  }
  return helped;
}

/** The first source that was not asked yet about one of the certificates, the first of them first; marks it as asked. */
export function nextQuestion(
  orphans: readonly Certificate[],
  sources: readonly IssuerSource[],
  asked: Set<string>,
): { readonly source: IssuerSource; readonly certificate: Certificate } | null {
  for (const [index, source] of sources.entries()) {
    for (const certificate of orphans) {
      const question = `${index} ${certificate.sha256}`;
      if (asked.has(question)) continue;
      asked.add(question);
      return { source, certificate };
    }
  }
  return null;
}
