/** What a desk has brought, decoded, for `revocationStatuses`. */
import { type Crl, isProblem, type OcspEvidence, parseCrl, parseOcspResponse } from "../../src/pki/index.ts";
import type { RevocationAnswers } from "../../src/revocation/index.ts";

export function ocspOf({ ocsp }: Pick<RevocationAnswers, "ocsp">): readonly OcspEvidence[] {
  return ocsp.flatMap(({ certificate, der, nonce }) => {
    const response = parseOcspResponse(der);
    return isProblem(response) ? [] : [{ certificate, response, nonce }];
  });
}

export function crlsOf({ crls }: Pick<RevocationAnswers, "crls">): readonly Crl[] {
  return crls.flatMap((der) => {
    const crl = parseCrl(der);
    return isProblem(crl) ? [] : [crl];
  });
}
