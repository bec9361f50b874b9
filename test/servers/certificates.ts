import { readFileSync } from "node:fs";
import { Authority, type Identity, selfSigned } from "../lab/authority.ts";
import type { LabFolder } from "../lab/folder.ts";

/** A server's certificate and key, PEM. */
export interface ServerCertificate {
  readonly cert: string;
  readonly key: string;
}

/** Certificates of a server on localhost, one in order and one for each check that can fail. */
export interface ServerCertificates {
  /** The CA of all but the last, PEM. */
  readonly ca: string;
  readonly good: ServerCertificate;
  readonly otherHost: ServerCertificate;
  readonly expired: ServerCertificate;
  readonly selfSigned: ServerCertificate;
}

const LOCALHOST = {
  altNames: ["DNS:localhost", "IP:127.0.0.1"],
  extendedKeyUsage: "serverAuth",
  key: "P-256",
} as const;
const DAY = 86_400_000;

/** Makes them with OpenSSL, in the folder. */
export function serverCertificates(folder: LabFolder): ServerCertificates {
  const ca = Authority.root(folder.path, { name: "Server CA" });
  const yesterday = new Date(Date.now() - DAY);
  const lastWeek = new Date(Date.now() - 7 * DAY);
  return {
    ca: ca.identity.pem,
    good: pem(ca.issue(LOCALHOST)),
    otherHost: pem(ca.issue({ ...LOCALHOST, altNames: ["DNS:mail.other.example"] })),
    expired: pem(ca.issue({ ...LOCALHOST, notBefore: lastWeek, notAfter: yesterday })),
    selfSigned: pem(selfSigned(folder.path, LOCALHOST)),
  };
}

function pem(identity: Identity): ServerCertificate {
  return { cert: identity.pem, key: readFileSync(identity.keyFile, "utf8") };
}
