/** How OCSP is asked over HTTP (RFC 6960 appendix A). Pure. */
import { buildOcspRequest, type Certificate } from "../pki/index.ts";
import type { FetchRequest } from "./fetched.ts";

/**
 * The request about one certificate. By POST first, which departs from RFC 5019 §5 (GET for small requests): nearly every
 * responder takes one, and what a GET would find in caches on the way, our own cache has. Where a server takes no POST,
 * the same question goes there as a GET: the request in base64, as the last part of the path (RFC 6960 appendix A.1).
 * @param url the responder's
 * @param nonce RFC 8954 §2.1, or null
 */
export function ocspRequest(
  url: string,
  certificate: Certificate,
  issuer: Certificate,
  nonce: Uint8Array | null,
): NonNullable<FetchRequest["post"]> {
  const body = buildOcspRequest(certificate, issuer, { nonce });
  const get = new URL(url);
  const last = encodeURIComponent(Buffer.from(body).toString("base64"));
  get.pathname = `${get.pathname.replace(/\/$/, "")}/${last}`;
  return { body, contentType: "application/ocsp-request", asGet: get.href };
}
