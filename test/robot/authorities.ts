import { generateKeyPairSync } from "node:crypto";
import { encode } from "../../src/pki/der-write.ts";
import { OID } from "../../src/pki/index.ts";
import { respond } from "../pki/ocsp-authority.ts";
import {
  basicConstraints,
  extension,
  generalName,
  type Issued,
  issue,
  issueCa,
  issueCrl,
  type Key,
  key,
  keyUsage,
  subjectAltName,
} from "../pki/path-authority.ts";
import type { LoopbackServer } from "../revocation/loopback-server.ts";

export const HOUR = 3_600_000;
/** The noon of `test/store/kit.ts`. */
const NOON = new Date(Date.UTC(2026, 5, 1, 12));
const DAY = 24 * HOUR;

/** Where its servers listen. */
type Web = Pick<LoopbackServer, "url" | "pages" | "requests">;

/** A root, a CA of it that issues for partners, and their servers: CRLs of both, an OCSP responder. */
export class Authorities {
  readonly web: Web;
  /** When everything begins. */
  readonly base: Date;
  readonly root: Issued;
  readonly ca: Issued;
  readonly #valid: { readonly notBefore: Date; readonly notAfter: Date };
  /** What the servers do with a request: serve it, or answer 503. */
  isUp: (request: string) => boolean = () => true;
  readonly #issued = new Map<string, Issued>();
  readonly #revoked = new Set<string>();
  /** When the CRLs and answers are made. */
  now: () => Date;

  constructor(web: Web, base = NOON) {
    this.web = web;
    this.base = base;
    this.now = () => base;
    // X.509 times have no milliseconds.
    const second = Math.floor(base.getTime() / 1000) * 1000;
    this.#valid = { notBefore: new Date(second - 2 * DAY), notAfter: new Date(second + 400 * DAY) };
    this.root = issueCa({ subject: "Partner Root", ...this.#valid });
    const more = [crlAt(web.url("/root.crl"))];
    this.ca = issueCa({ subject: "Partner CA", issuer: this.root, more, ...this.#valid });
    this.#page("/root.crl", () => this.#crl(this.root));
    this.#page("/ca.crl", () => this.#crl(this.ca));
    this.#page("/ocsp", (body) => this.#ocsp(body));
  }

  /** A partner's certificate, which names the CRL or the responder. */
  issue(name: string, by: "CRL" | "OCSP" = "CRL"): Issued {
    const where = by === "CRL" ? crlAt(this.web.url("/ca.crl")) : ocspAt(this.web.url("/ocsp"));
    const issued = issue({
      subject: name,
      issuer: this.ca,
      key: encryptionKey(),
      extensions: [
        basicConstraints(false),
        keyUsage("digitalSignature", "keyAgreement"),
        subjectAltName(`email:${name}@partner.example`),
        where,
      ],
      ...this.#valid,
    });
    this.#issued.set(issued.certificate.serial, issued);
    return issued;
  }

  revoke({ certificate }: Issued): void {
    this.#revoked.add(certificate.serial);
  }

  /** A suspension that is lifted. */
  unrevoke({ certificate }: Issued): void {
    this.#revoked.delete(certificate.serial);
  }

  #page(path: string, answer: (body: Buffer) => Buffer): void {
    this.web.pages.set(path, (request, response, body) => {
      if (!this.isUp(request.url ?? "")) response.writeHead(503).end();
      else response.end(answer(body));
    });
  }

  #times() {
    const now = this.now().getTime();
    return { thisUpdate: new Date(now - HOUR), nextUpdate: new Date(now + 12 * HOUR) };
  }

  #crl(issuer: Issued): Buffer {
    const own = issuer === this.root ? [this.ca.certificate.serial] : [...this.#issued.keys()];
    const revoked = own.filter((serial) => this.#revoked.has(serial)).map((serial) => ({ serial }));
    return Buffer.from(issueCrl(issuer, { ...this.#times(), revoked }).der);
  }

  #ocsp(body: Buffer): Buffer {
    const serial = serialIn(body);
    const issued = this.#issued.get(serial);
    if (issued === undefined) return Buffer.from("who?");
    const status = this.#revoked.has(serial) ? { revoked: this.#times().thisUpdate, reason: 1 } : "good";
    const said = {
      certificate: issued.certificate,
      issuer: this.ca.certificate,
      status,
      ...this.#times(),
    } as const;
    return respond(this.ca, { answers: [said] });
  }
}

/** The serial number that a request without extensions ends in (RFC 6960 §4.1.1), lower-case hex. */
function serialIn(body: Buffer): string {
  const length = Array.from({ length: 20 }, (_, index) => index + 1).find(
    (count) => body.at(-count - 2) === 0x02 && body.at(-count - 1) === count,
  );
  return body.subarray(-(length ?? 1)).toString("hex");
}

/** A key that mail can be encrypted to; it signs nothing. */
function encryptionKey(): Key {
  const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return key(publicKey, encode.sequence(), () => Buffer.alloc(0));
}

function uri(url: string): Buffer {
  return generalName(`uri:${url}`);
}

function crlAt(url: string): Buffer {
  const name = encode.tagged(0xa0, encode.tagged(0xa0, uri(url)));
  return extension(OID.crlDistributionPoints, encode.sequence(encode.sequence(name)));
}

function ocspAt(url: string): Buffer {
  const description = encode.sequence(encode.oid(OID.ocspAccess), uri(url));
  return extension(OID.authorityInfoAccess, encode.sequence(description));
}
