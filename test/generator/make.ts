/** From a draft to bytes: certificates, CRLs, SignedData and the mail around it. */
import type { TrustStore } from "../../src/inspect/index.ts";
import type { Certificate, Crl } from "../../src/pki/index.ts";
import { answer, certificate, crl } from "./authority.ts";
import type { MailDraft } from "./draft.ts";
import { contentOf, mailAround } from "./mail.ts";
import { signedData } from "./signed-data.ts";

/** A mail, and all that the judges need. */
export interface MadeMail {
  readonly raw: Buffer;
  readonly cms: Buffer;
  /** What a detached signature covers; null: it is in the structure, or should be. */
  readonly content: Buffer | null;
  /** By handle; what is not sent too. */
  readonly certificates: ReadonlyMap<string, Certificate>;
  readonly anchors: readonly Certificate[];
  readonly intermediates: readonly Certificate[];
  readonly crls: readonly Crl[] | null;
  /** OCSP responses, each with the SHA-256 of the certificate that was asked about; null: nobody asks. */
  readonly answers: readonly MadeAnswer[] | null;
}

export interface MadeAnswer {
  readonly certificate: string;
  readonly der: Buffer;
  readonly nonce: null;
}

/** Makes a mail of a draft. Throws where a handle names nothing. */
export function make(draft: MailDraft): MadeMail {
  const certificates = new Map(
    draft.certificates.map((one) => [one.handle, certificate(draft, one)] as const),
  );
  const named = (handle: string) => {
    const found = certificates.get(handle);
    if (found === undefined) throw new Error(`no certificate ${handle}`);
    return found;
  };
  const content = contentOf(draft);
  const cms = signedData(draft, content, certificates);
  return {
    raw: mailAround(draft, content, cms),
    cms,
    content: draft.form === "detached" ? content : null,
    certificates,
    anchors: draft.anchors.map(named),
    intermediates: draft.intermediates.map(named),
    crls: draft.crls?.map((one) => crl(draft, one)) ?? null,
    answers:
      draft.answers?.map((one) => ({
        certificate: named(one.certificate).sha256,
        der: answer(draft, one, certificates),
        nonce: null,
      })) ?? null,
  };
}

/** What the mail is judged by here. */
export function trustOf({ anchors, intermediates, crls }: MadeMail): TrustStore {
  return {
    anchors: anchors.map((one) => ({ certificate: one, domains: null, distrustAfter: null })),
    intermediates,
    crls,
  };
}
