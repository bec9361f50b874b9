/** A CA of the lab with its OCSP responder and its CRL on the web, which say what a test wants, at any time. */
import { createPrivateKey, createPublicKey, sign } from "node:crypto";
import { readFileSync } from "node:fs";
import { encode } from "../../src/pki/der-write.ts";
import { type Certificate, isProblem, OID, parseCertificate } from "../../src/pki/index.ts";
import type { Authority, Identity } from "../lab/openssl.ts";
import { respond } from "../pki/ocsp-authority.ts";
import { extension, type Issued, issueCrl, key } from "../pki/path-authority.ts";
import type { LoopbackServer } from "./loopback-server.ts";

const HOUR = 3_600_000;

/** What a place says of a certificate. */
export interface Publishing {
  readonly kind: "good" | "revoked" | "hold" | "unknown";
  readonly thisUpdate: Date;
  readonly nextUpdate: Date;
  /** Further CRL extensions, e.g. an issuingDistributionPoint. */
  readonly extensions?: readonly Buffer[];
}

/** Signs what the CA's places say. */
export class CaPlaces {
  readonly #ca: Issued;
  readonly #web: LoopbackServer;

  constructor(authority: Authority, web: LoopbackServer) {
    this.#ca = issuedBy(authority.identity);
    this.#web = web;
  }

  /**
   * From now on this answer is behind the OCSP URL, for this certificate alone.
   * @param told called whenever somebody gets it
   */
  ocsp(path: string, identity: Identity, said: Publishing, told: () => void = () => {}): void {
    const { kind, thisUpdate, nextUpdate } = said;
    const status =
      kind === "good" || kind === "unknown" ? kind : { revoked: thisUpdate, reason: reasonOf(kind) };
    const issuer = this.#ca.certificate;
    const certificate = decoded(identity);
    const der = respond(this.#ca, { answers: [{ certificate, issuer, status, thisUpdate, nextUpdate }] });
    this.#serve(path, der, told);
  }

  /** From now on this list is behind the URL; the certificate stands on it or does not. Its number follows its time. */
  crl(path: string, identity: Identity, said: Publishing, told: () => void = () => {}): void {
    const { kind, thisUpdate, nextUpdate, extensions = [] } = said;
    const reason = extension(OID.reasonCode, encode.tagged(0x0a, Buffer.of(reasonOf(kind))));
    const entry = { serial: decoded(identity).serial, extensions: [reason] };
    const number = Math.round(thisUpdate.getTime() / HOUR);
    const revoked = kind === "good" ? [] : [entry];
    const crl = issueCrl(this.#ca, { thisUpdate, nextUpdate, number, revoked, extensions });
    this.#serve(path, crl.der, told);
  }

  #serve(path: string, der: Uint8Array, told: () => void): void {
    this.#web.file(path, () => {
      told();
      return der;
    });
  }
}

function reasonOf(kind: Publishing["kind"]): number {
  return kind === "hold" ? 6 : 1;
}

function decoded({ der }: Identity): Certificate {
  const certificate = parseCertificate(der);
  if (isProblem(certificate)) throw new Error(certificate.detail);
  return certificate;
}

/** The lab's CA, for answers that OpenSSL does not make. Its key is on P-256, as the lab's CAs have it. */
function issuedBy(identity: Identity): Issued {
  const certificate = decoded(identity);
  const privateKey = createPrivateKey(readFileSync(identity.keyFile));
  const ecdsaWithSha256 = encode.sequence(encode.oid("1.2.840.10045.4.3.2"));
  const own = key(createPublicKey(privateKey), ecdsaWithSha256, (data) => sign("sha256", data, privateKey));
  return { certificate, key: own, subject: Buffer.from(certificate.subject.der) };
}
