import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runSync } from "./command.ts";

/** The key types that the lab makes. `openssl cms` 3.0 cannot sign with ed25519; it is for certificates only. */
export type KeyType =
  | "rsa:1024"
  | "rsa:2048"
  | "rsa:3072"
  | "P-256"
  | "P-384"
  | "brainpoolP256r1"
  | "ed25519";

/** A certificate with its private key and the certificates between it and its root, as files and as bytes. */
export interface Identity {
  readonly certFile: string;
  readonly keyFile: string;
  /** The intermediates, the issuer first, without the root; PEM files. */
  readonly chain: readonly string[];
  readonly selfSigned: boolean;
  readonly pem: string;
  readonly der: Buffer;
  /** SHA-256 of the DER bytes, lower-case hex. */
  readonly sha256: string;
}

/** What a certificate says. Everything has a default that makes it good for S/MIME. */
export interface CertificateOptions {
  /** Common name; the first address, or "Lab", when left out. */
  readonly name?: string;
  /** rfc822Names of the subjectAltName; none: no such extension unless `altNames` has some. */
  readonly addresses?: readonly string[];
  /** Further subjectAltName entries as OpenSSL writes them, e.g. "DNS:partner.example". */
  readonly altNames?: readonly string[];
  /** emailAddress attribute of the subject. */
  readonly emailAddress?: string;
  /** Default rsa:2048. */
  readonly key?: KeyType;
  /** A key that exists already (a renewal): the file of the private key. */
  readonly keyFile?: string;
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  /** As OpenSSL writes it, e.g. "critical,digitalSignature"; null for no such extension. */
  readonly keyUsage?: string | null;
  /** Default "emailProtection"; null for no such extension. */
  readonly extendedKeyUsage?: string | null;
  /** Default "critical,CA:FALSE"; null for no such extension. */
  readonly basicConstraints?: string | null;
  /** Digest that the issuer signs with; default sha256. */
  readonly digest?: string;
  readonly crlUrl?: string;
  readonly ocspUrl?: string;
  /** Further extensions as lines of OpenSSL's configuration, e.g. "nameConstraints = permitted;email:partner.example". */
  readonly extensions?: readonly string[];
}

/** As for a certificate; the name is required, because an authority is known by it. */
export interface AuthorityOptions extends CertificateOptions {
  readonly name: string;
}

const DAY = 86_400_000;

/** A certificate authority in a folder of its own, driven by `openssl ca`. */
export class Authority {
  /** The authority's own certificate and key. */
  readonly identity: Identity;
  readonly #folder: string;

  private constructor(folder: string, identity: Identity) {
    this.#folder = folder;
    this.identity = identity;
  }

  /** Makes a root: a self-signed CA certificate of 20 years. Two roots of one name have different keys. */
  static root(parent: string, options: AuthorityOptions): Authority {
    const folder = caFolder(parent);
    return new Authority(folder, issue(folder, caOptions(20, options), undefined));
  }

  /** Makes an authority below this one, valid for 10 years. */
  intermediate(options: AuthorityOptions): Authority {
    const identity = this.issue(caOptions(10, options));
    return new Authority(caFolder(join(this.#folder, "..")), identity);
  }

  /** Issues a certificate, by default an S/MIME one for signing and encrypting, valid from yesterday for a year. */
  issue(options: CertificateOptions): Identity {
    return issue(this.#folder, options, this.identity);
  }

  /** Issues a certificate for the servers of the lab: localhost and 127.0.0.1. */
  issueHost(): Identity {
    return this.issue({
      name: "localhost",
      altNames: ["DNS:localhost", "IP:127.0.0.1"],
      key: "P-256",
      extendedKeyUsage: "serverAuth",
    });
  }

  /** Notes a certificate of this authority as revoked; the next `crl` lists it. */
  revoke(identity: Identity, reason = "keyCompromise"): void {
    this.#ca(["-revoke", identity.certFile, "-crl_reason", reason]);
  }

  /** A CRL, DER, valid for `days` days from now. */
  crl(days = 7): Buffer {
    const file = join(this.#folder, "crl.pem");
    this.#ca(["-gencrl", "-crldays", String(days), "-out", file]);
    return runSync("openssl", ["crl", "-in", file, "-outform", "DER"]).stdout;
  }

  #ca(args: readonly string[]): void {
    const { certFile, keyFile } = this.identity;
    const own = ["-config", join(this.#folder, "ca.cnf"), "-cert", certFile, "-keyfile", keyFile];
    runSync("openssl", ["ca", ...own, ...args]);
  }
}

/** A certificate that nobody vouches for: signed by its own key, not a CA. */
export function selfSigned(parent: string, options: CertificateOptions): Identity {
  return issue(caFolder(parent), options, undefined);
}

function caOptions(years: number, options: AuthorityOptions): CertificateOptions {
  return {
    key: "P-256",
    notBefore: new Date(Date.now() - 30 * DAY),
    notAfter: new Date(Date.now() + years * 365 * DAY),
    basicConstraints: "critical,CA:TRUE",
    keyUsage: "critical,keyCertSign,cRLSign",
    extendedKeyUsage: null,
    ...options,
  };
}

// One request and one signature by `openssl ca`: of the program's several ways to issue, the only one of 3.0 that takes
// both dates.
function issue(folder: string, options: CertificateOptions, issuer: Identity | undefined): Identity {
  const files = mkdtempSync(join(folder, "cert-"));
  const keyFile = options.keyFile ?? privateKey(folder, options.key ?? "rsa:2048");
  const certFile = join(files, "cert.pem");
  const request = join(files, "request.pem");
  const extensions = join(files, "extensions.cnf");
  const config = join(folder, "ca.cnf");
  writeFileSync(extensions, extensionLines(options, issuer));
  runSync("openssl", [
    ...["req", "-new", "-utf8", "-config", config],
    ...["-key", keyFile, "-subj", subject(options), "-out", request],
  ]);
  runSync("openssl", [
    ...["ca", "-batch", "-notext", "-utf8", "-preserveDN", "-config", config],
    ...["-in", request, "-out", certFile, "-extfile", extensions, "-md", options.digest ?? "sha256"],
    ...["-startdate", asn1Time(options.notBefore ?? new Date(Date.now() - DAY))],
    ...["-enddate", asn1Time(options.notAfter ?? new Date(Date.now() + 365 * DAY))],
    ...(issuer === undefined
      ? ["-selfsign", "-keyfile", keyFile]
      : ["-cert", issuer.certFile, "-keyfile", issuer.keyFile]),
  ]);
  const pem = readFileSync(certFile, "utf8");
  const der = Buffer.from(pem.replace(/-----[A-Z ]+-----/g, ""), "base64");
  return {
    certFile,
    keyFile,
    // A root stays out of its holders' chains: a relying party has it already.
    chain: issuer === undefined || issuer.selfSigned ? [] : [issuer.certFile, ...issuer.chain],
    selfSigned: issuer === undefined,
    pem,
    der,
    sha256: createHash("sha256").update(der).digest("hex"),
  };
}

function extensionLines(options: CertificateOptions, issuer: Identity | undefined): string {
  const altNames = [
    ...(options.addresses ?? []).map((address) => `email:${address}`),
    ...(options.altNames ?? []),
  ];
  const usage = options.keyUsage === undefined ? defaultKeyUsage(options) : options.keyUsage;
  const extendedUsage = options.extendedKeyUsage === undefined ? "emailProtection" : options.extendedKeyUsage;
  const constraints = options.basicConstraints === undefined ? "critical,CA:FALSE" : options.basicConstraints;
  const lines = [
    constraints === null ? "" : `basicConstraints = ${constraints}`,
    usage === null ? "" : `keyUsage = ${usage}`,
    extendedUsage === null ? "" : `extendedKeyUsage = ${extendedUsage}`,
    altNames.length === 0 ? "" : `subjectAltName = ${altNames.join(",")}`,
    options.crlUrl === undefined ? "" : `crlDistributionPoints = URI:${options.crlUrl}`,
    options.ocspUrl === undefined ? "" : `authorityInfoAccess = OCSP;URI:${options.ocspUrl}`,
    "subjectKeyIdentifier = hash",
    issuer === undefined ? "" : "authorityKeyIdentifier = keyid",
    ...(options.extensions ?? []),
  ];
  return `${lines.filter((line) => line !== "").join("\n")}\n`;
}

// An RSA key encrypts the content key, an EC key agrees on one (RFC 8550 §4.4.2).
function defaultKeyUsage(options: CertificateOptions): string {
  const key = options.key ?? "rsa:2048";
  if (key.startsWith("rsa:")) return "critical,digitalSignature,keyEncipherment";
  return key === "ed25519" ? "critical,digitalSignature" : "critical,digitalSignature,keyAgreement";
}

function subject(options: CertificateOptions): string {
  const name = options.name ?? options.addresses?.[0] ?? "Lab";
  const email = options.emailAddress === undefined ? "" : `/emailAddress=${escaped(options.emailAddress)}`;
  return `/C=DE/O=keybot lab/CN=${escaped(name)}${email}`;
}

function escaped(value: string): string {
  return value.replace(/[\\/+]/g, "\\$&");
}

function asn1Time(date: Date): string {
  return `${date.toISOString().replace(/\..*$/, "").replace(/[-:T]/g, "")}Z`;
}

const CONFIG = `
[ca]
default_ca = lab
[lab]
database = FOLDER/index.txt
new_certs_dir = FOLDER
crlnumber = FOLDER/crlnumber
rand_serial = yes
unique_subject = no
email_in_dn = yes
default_md = sha256
policy = any
[any]
countryName = optional
organizationName = optional
commonName = optional
emailAddress = optional
[req]
string_mask = utf8only
distinguished_name = none
[none]
`;

function caFolder(parent: string): string {
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, "ca-"));
  writeFileSync(join(folder, "ca.cnf"), CONFIG.replaceAll("FOLDER", folder));
  writeFileSync(join(folder, "index.txt"), "");
  writeFileSync(join(folder, "crlnumber"), "1000\n");
  return folder;
}

let keysMade = 0;

// Every certificate of one process has a key of its own. RSA keys are slow to make, so they are kept between runs, by
// number; test keys guard nothing.
function privateKey(folder: string, type: KeyType): string {
  keysMade += 1;
  if (!type.startsWith("rsa:")) return makeKey(join(folder, `key-${keysMade}.pem`), type);
  const store = join(import.meta.dirname, "..", "..", "node_modules", ".cache", "keybot-lab");
  const kept = join(store, `${type.replace(":", "-")}-${keysMade}.pem`);
  if (existsSync(kept)) return kept;
  const made = makeKey(join(folder, `key-${keysMade}.pem`), type);
  try {
    mkdirSync(store, { recursive: true, mode: 0o700 });
    const partial = `${kept}.${process.pid}`;
    writeFileSync(partial, readFileSync(made), { mode: 0o600 });
    renameSync(partial, kept);
  } catch {
    // A read-only checkout: the key is used all the same, only not kept.
  }
  return made;
}

function makeKey(file: string, type: KeyType): string {
  runSync("openssl", ["genpkey", ...keyArguments(type), "-out", file]);
  return file;
}

function keyArguments(type: KeyType): string[] {
  if (type === "ed25519") return ["-algorithm", "ED25519"];
  if (type.startsWith("rsa:")) return ["-algorithm", "RSA", "-pkeyopt", `rsa_keygen_bits:${type.slice(4)}`];
  return [
    "-algorithm",
    "EC",
    "-pkeyopt",
    `ec_paramgen_curve:${type}`,
    "-pkeyopt",
    "ec_param_enc:named_curve",
  ];
}
