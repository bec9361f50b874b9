import { Buffer } from "node:buffer";
import type { ReplyContent } from "../decide/index.ts";
import type { Attachment } from "../mail/index.ts";
import { buildCertsOnly, isProblem, isSelfSigned, parseCertificate, toPem } from "../pki/index.ts";
import { type PublishedFile, publishedFiles } from "./published.ts";

/**
 * The files of a reply: for each certificate that we publish its path, which is the file that the steps name, and the
 * certificate alone as PEM and as DER (PRODUCT §4).
 * @returns nothing for every template but `certificate`
 */
export function replyAttachments(content: ReplyContent): readonly Attachment[] {
  if (content.template !== "certificate") return [];
  return publishedFiles(content.mailboxes).flat().flatMap(filesOf);
}

function filesOf({ name, certificate }: PublishedFile): readonly Attachment[] {
  return [
    // Departs from RFC 8551 §3.8 (application/pkcs7-mime; smime-type=certs-only) because that type names a message:
    // Outlook and Thunderbird take such a part for S/MIME and show an error or hide it. The older type is the one
    // that Windows has for `.p7b`, and there a double click opens the list of certificates.
    {
      fileName: `${name}.p7b`,
      mediaType: "application/x-pkcs7-certificates",
      bytes: buildCertsOnly([certificate.der, ...certificate.chain.filter(isNoRoot)]),
    },
    {
      fileName: `${name}.pem`,
      mediaType: "application/x-pem-file",
      bytes: Buffer.from(toPem(certificate.der, "CERTIFICATE"), "latin1"),
    },
    // RFC 2585 §4.1: one certificate in DER, `.cer`; Windows and macOS open it by double click.
    { fileName: `${name}.cer`, mediaType: "application/pkix-cert", bytes: certificate.der },
  ];
}

/** A root is of no use to the reader's program, and whoever imports it may come to trust it. */
function isNoRoot(der: Uint8Array): boolean {
  const certificate = parseCertificate(der);
  return isProblem(certificate) || !isSelfSigned(certificate);
}
