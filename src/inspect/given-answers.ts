/** Answers about revocation that a person has at hand, judged as those that the robot asks for. Pure. */
import {
  answersAbout,
  type Certificate,
  type Crl,
  isProblem,
  type OcspResponse,
  parseCertificate,
  parseOcspResponse,
} from "../pki/index.ts";
import type { Policy } from "../policy.ts";
import type { Inspection } from "./inspection.ts";
import { judgeRevocation, type RevocationEvidence, withRevocation } from "./judge-revocation.ts";
import { type PathToAsk, revocablePath } from "./path-to-ask.ts";
import type { TrustStore } from "./trust.ts";

/** What a person has of CAs: `keybot inspect --ocsp --crl`. */
export interface GivenAnswers {
  /** DER of OCSP responses, whomever they are about. */
  readonly ocsp: readonly Uint8Array[];
  readonly crls: readonly Crl[];
}

/**
 * The inspection with what these answers say of every certificate that has a valid path, as if they had been asked for (RFC 5280
 * §6.3, RFC 6960 §3.2). A path on which they leave something open, or revoke a certificate, is not valid.
 */
export function withGivenAnswers(
  inspection: Inspection,
  answers: GivenAnswers,
  trust: TrustStore,
  policy: Policy["certificates"],
  at: Date,
): Inspection {
  const paths = inspection.certificates.flatMap((report) => revocablePath(report, trust));
  const evidence = { ocsp: responsesFor(paths, answers), crls: answers.crls, unanswered: [] };
  const beside = inspection.certificates.flatMap(({ der, path }) => [der, ...path.intermediates]);
  const others = [...trust.intermediates, ...beside.flatMap(readable)];
  const judgements = judgeRevocation(paths, evidence, others, policy, at);
  const judged = withRevocation(inspection, judgements);
  const refused = new Set(
    judgements
      .filter(({ findings }) => findings.some(({ severity }) => severity !== "info"))
      .map(({ certificate }) => certificate),
  );
  const certificates = judged.certificates.map((report) =>
    refused.has(report.sha256) ? { ...report, path: { ...report.path, valid: false } } : report,
  );
  return { ...judged, certificates };
}

/** The responses about each certificate of the paths, and about the delegates who signed them, as if each had been asked about. */
function responsesFor(paths: readonly PathToAsk[], { ocsp }: GivenAnswers): RevocationEvidence["ocsp"] {
  const responses = ocsp.flatMap((der): Given[] => {
    const response = parseOcspResponse(der);
    return isProblem(response) || response.status !== "successful" ? [] : [{ der, response }];
  });
  const asked = new Map<string, RevocationEvidence["ocsp"]>();
  for (const { path } of paths) {
    const chain = path.flatMap(readable);
    for (const [depth, certificate] of chain.slice(0, -1).entries()) {
      const issuer = chain[depth + 1];
      if (issuer === undefined || asked.has(certificate.sha256)) continue;
      const about = given(certificate, issuer, responses);
      asked.set(
        certificate.sha256,
        about.map(({ der }) => ({ certificate: certificate.sha256, der, nonce: null })),
      );
      for (const delegate of about.flatMap(({ response }) => response.certificates)) {
        if (asked.has(delegate.sha256)) continue;
        const ofDelegate = given(delegate, issuer, responses);
        asked.set(
          delegate.sha256,
          ofDelegate.map(({ der }) => ({ certificate: delegate.sha256, der, nonce: null })),
        );
      }
    }
  }
  return [...asked.values()].flat();
}

interface Given {
  readonly der: Uint8Array;
  readonly response: OcspResponse & { readonly status: "successful" };
}

/** Those about one certificate: only so many are looked at, so first those that say "revoked", then the newest. */
function given(certificate: Certificate, issuer: Certificate, all: readonly Given[]): readonly Given[] {
  return all
    .flatMap((one) => {
      const answers = answersAbout(one.response, certificate, issuer);
      const revoked = answers.some(({ status }) => status.kind === "revoked");
      const newest = Math.max(...answers.map(({ thisUpdate }) => thisUpdate.getTime()));
      return answers.length === 0 ? [] : [{ one, revoked, newest }];
    })
    .sort((left, right) => Number(right.revoked) - Number(left.revoked) || right.newest - left.newest)
    .map(({ one }) => one);
}

function readable(der: Uint8Array): Certificate[] {
  const certificate = parseCertificate(der);
  return isProblem(certificate) ? [] : [certificate];
}
