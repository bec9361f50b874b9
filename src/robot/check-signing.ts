import { strengthFindings } from "../inspect/index.ts";
import { type Certificate, isProblem, isSelfSigned, parseCertificate } from "../pki/index.ts";
import { robotAddress, type SigningFault, type SigningIdentity, signingFault } from "../reply/index.ts";
import type { Check } from "./health.ts";
import type { Robot } from "./robot.ts";

/** A month to get a new certificate. */
const LAPSES_DAYS = 30;
const DAY_MS = 86_400_000;

/** The robot's signing identity; null when it has none. That key and certificate belong together was seen at the start. */
export async function checkSigning({
  voice,
  policy,
  store,
  now,
}: Pick<Robot, "voice" | "policy" | "store" | "now">): Promise<Check | null> {
  const { signing, from } = voice.identity;
  if (signing === undefined) return null;
  const { certificate } = signing;
  const at = now();
  const fault = signingFault(signing, robotAddress(from), at);
  if (fault !== null) {
    return {
      name: "signing",
      state: "fault",
      says: `${faultText(fault, certificate, robotAddress(from))}: mails leave unsigned`,
      mend: "name another certificate, with its key, in [signing]",
    };
  }
  const doubts = [
    ...lapseDoubt(certificate, at),
    ...weaknessDoubts(certificate, policy.certificates),
    ...(await chainDoubt(signing, store)),
  ];
  if (doubts.length === 0) {
    return {
      name: "signing",
      state: "ok",
      says: `${named(certificate)}, until ${day(certificate.notAfter)}`,
      mend: null,
    };
  }
  return {
    name: "signing",
    state: "warning",
    says: doubts.map(({ says }) => says).join("; "),
    mend: doubts.map(({ mend }) => mend).join("; "),
  };
}

/** What is wrong, for an admin. */
export function faultText(fault: SigningFault, certificate: Certificate, from: string): string {
  const which = `the signing certificate ${named(certificate)}`;
  switch (fault) {
    case "expired":
      return `${which} expired on ${day(certificate.notAfter)}`;
    case "not-yet-valid":
      return `${which} is not valid before ${day(certificate.notBefore)}`;
    case "address":
      return `${which} does not name ${from}, the address of smtp.from`;
    case "usage":
      return `${which} is not meant for signing mail (keyUsage, extended key usage)`;
  }
}

interface Doubt {
  readonly says: string;
  readonly mend: string;
}

function lapseDoubt({ notAfter }: Certificate, at: Date): Doubt[] {
  const days = Math.floor((notAfter.getTime() - at.getTime()) / DAY_MS);
  if (days > LAPSES_DAYS) return [];
  const says = `the signing certificate expires on ${day(notAfter)}, in ${days} ${days === 1 ? "day" : "days"}`;
  return [{ says, mend: "get the next one in time; mails leave unsigned then" }];
}

function weaknessDoubts(certificate: Certificate, policy: Robot["policy"]["certificates"]): Doubt[] {
  return strengthFindings(certificate, policy).map(({ detail, code }) => ({
    says: `the signing certificate is weak: ${detail ?? code}`,
    mend: "mail programs may refuse it; get one with a stronger key or signature",
  }));
}

/** Without its issuer a mail program that knows the root alone cannot check the signature. */
async function chainDoubt(
  { certificate, intermediates }: SigningIdentity,
  store: Pick<Robot["store"], "listTrust">,
): Promise<Doubt[]> {
  const isIssuer = ({ subject }: Certificate) => subject.canonical === certificate.issuer.canonical;
  if (isSelfSigned(certificate) || intermediates.some(isIssuer)) return [];
  const anchors = (await store.listTrust()).filter(({ kind }) => kind === "anchor");
  const byRoot = anchors.some(({ der }) => {
    const anchor = parseCertificate(der);
    return !isProblem(anchor) && isIssuer(anchor);
  });
  if (byRoot) return [];
  return [
    {
      says: `the certificate of the CA that issued the signing certificate (${certificate.issuer.text}) is not in its file`,
      mend: "append the CA's intermediate certificates to signing.certificate_file",
    },
  ];
}

function named({ sha256 }: Certificate): string {
  return sha256.slice(0, 16);
}

function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}
