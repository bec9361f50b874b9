import { type Crl, crlIssuer, parseCrl } from "./crl.ts";
import { crlsOfFile } from "./crl-form.ts";
import { isProblem } from "./der.ts";
import type { Name } from "./name.ts";

/** A CRL that cannot be read, as an admin is to be told of it. */
export interface UnreadableCrl {
  /** Where it stands, a file or URL; null: where the certificate in question says (RFC 5280 §4.2.1.13). */
  readonly source: string | null;
  /** The CA whose list it says to be; null when not even that can be read. */
  readonly issuer: Name | null;
  /** Why, one English phrase. */
  readonly detail: string;
}

/** What a file holds, each CRL in one of the two. */
export interface CrlFile {
  readonly crls: readonly Crl[];
  readonly unreadable: readonly UnreadableCrl[];
}

/**
 * The CRLs of a file that an admin names: one in DER, or any number in PEM (RFC 7468 §6). Each is read for itself, so that
 * one that is broken takes nothing from the others. Never throws.
 * @param source what the file is called; null: it was fetched from where a certificate says
 */
export function readCrlFile(bytes: Uint8Array, source: string | null = null): CrlFile {
  const found = crlsOfFile(bytes);
  const read = found.map((octets, index): Crl | UnreadableCrl => {
    const crl = isProblem(octets) ? octets : parseCrl(octets);
    if (!isProblem(crl)) return crl;
    const issuer = isProblem(octets) ? null : crlIssuer(octets);
    const which =
      source === null || found.length === 1 ? source : `${source} (CRL ${index + 1} of ${found.length})`;
    return { source: which, issuer, detail: crl.detail };
  });
  return { crls: read.filter(isCrl), unreadable: read.filter((one): one is UnreadableCrl => !isCrl(one)) };
}

function isCrl(one: Crl | UnreadableCrl): one is Crl {
  return "tbs" in one;
}
