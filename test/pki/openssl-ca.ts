/** A certificate authority that OpenSSL runs: it issues, revokes, lists and answers OCSP requests, by this machine's clock. */
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { type Certificate, parseCertificate } from "../../src/pki/index.ts";
import { good, Scratch } from "./openssl-scratch.ts";

export class OpensslCa {
  readonly scratch = new Scratch();
  readonly certificate: Certificate;
  readonly #key: readonly string[];
  #serial = 0x1000;

  /** @param key as `openssl req` takes it; see `KEYS` */
  constructor(key: readonly string[], name = "OpenSSL CA") {
    this.#key = key;
    const { scratch } = this;
    const usage = ["-addext", "keyUsage=critical,keyCertSign,cRLSign,digitalSignature"];
    const der = scratch.selfSigned("ca", key, ["-subj", `/CN=${name}`, ...usage]);
    this.certificate = good(parseCertificate(der));
    scratch.write("index.txt", "");
    scratch.write("index.txt.attr", "unique_subject = no\n");
    scratch.write("crlnumber", "01\n");
  }

  /** Issues a certificate, `NAME.crt` and `NAME.key`. @param extensions lines of an extension section of OpenSSL's */
  issue(name: string, extensions: readonly string[] = ["keyUsage=digitalSignature"]): Certificate {
    const { scratch } = this;
    const serial = (this.#serial++).toString(16).toUpperCase();
    scratch.openssl("req", "-new", "-nodes", ...this.#key, "-subj", `/CN=${name}`, ...files(name, "csr"));
    scratch.write(`${name}.ext`, `basicConstraints=CA:false\n${extensions.join("\n")}\n`);
    const signing = ["-CA", "ca.crt", "-CAkey", "ca.key", "-set_serial", `0x${serial}`, "-days", "90"];
    scratch.openssl(
      "x509",
      "-req",
      "-in",
      `${name}.csr`,
      ...signing,
      "-extfile",
      `${name}.ext`,
      "-out",
      `${name}.crt`,
    );
    scratch.openssl("x509", "-in", `${name}.crt`, "-outform", "DER", "-out", `${name}.der`);
    appendFileSync(scratch.path("index.txt"), `V\t491231235959Z\t\t${serial}\tunknown\t/CN=${name}\n`);
    return good(parseCertificate(scratch.read(`${name}.der`)));
  }

  /** A delegated OCSP responder. */
  issueResponder(name: string, nocheck = true): Certificate {
    const extensions = ["keyUsage=digitalSignature", "extendedKeyUsage=OCSPSigning"];
    return this.issue(name, nocheck ? [...extensions, "noCheck=ignored"] : extensions);
  }

  /** Puts a certificate on the list of the revoked. @param reason as OpenSSL writes it, `keyCompromise` */
  revoke(name: string, reason: string): void {
    const stamp = `${new Date().toISOString().slice(2, 19).replace(/[-:T]/g, "")}Z`;
    this.#rewrite(name, (line) => line.replace(/^V\t(\w+)\t/, `R\t$1\t${stamp},${reason}`));
  }

  /** Another reason for one that is on the list. */
  revokeAgain(name: string, reason: string): void {
    this.#rewrite(name, (line) => line.replace(/^(R\t\w+\t\w+),\w+/, `$1,${reason}`));
  }

  /** Puts so many certificates that were never issued on the list of the revoked. */
  revokeStrangers(count: number): void {
    const lines = Array.from({ length: count }, (_, index) => {
      const serial = (0x50000000 + index * 7).toString(16).toUpperCase();
      return `R\t491231235959Z\t250101000000Z\t${serial}\tunknown\t/CN=stranger ${index}\n`;
    });
    appendFileSync(this.scratch.path("index.txt"), lines.join(""));
  }

  /** Takes a certificate out of the database: the responder does not know it any more. */
  forget(name: string): void {
    this.#rewrite(name, () => "");
  }

  /** The DER of a new CRL. @param days until its nextUpdate @param extensions lines of an extension section of OpenSSL's */
  crl(days = 1, extensions: readonly string[] = []): Buffer {
    const { scratch } = this;
    const database = "[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\ndefault_md=sha256\ncrlnumber=crlnumber\n";
    scratch.write(
      "ca.cnf",
      `${database}[crl]\n${["authorityKeyIdentifier=keyid", ...extensions].join("\n")}\n`,
    );
    const ca = ["-config", "ca.cnf", "-keyfile", "ca.key", "-cert", "ca.crt"];
    scratch.openssl("ca", ...ca, "-gencrl", "-crldays", String(days), "-crlexts", "crl", "-out", "crl.pem");
    scratch.openssl("crl", "-in", "crl.pem", "-outform", "DER", "-out", "crl.der");
    return scratch.read("crl.der");
  }

  /** The DER of the response to a request. @param signer whose certificate and key sign it */
  ocspResponse(request: Uint8Array, signer: string, more: readonly string[]): Buffer {
    this.scratch.write("request.der", request);
    const output = ["-reqin", "request.der", "-respout", "response.der"];
    this.scratch.openssl("ocsp", ...this.responderOptions(signer), ...output, ...more);
    return this.scratch.read("response.der");
  }

  /** What `openssl ocsp` must be told to answer for this CA. */
  responderOptions(signer: string): readonly string[] {
    return ["-index", "index.txt", "-CA", "ca.crt", "-rsigner", `${signer}.crt`, "-rkey", `${signer}.key`];
  }

  #rewrite(name: string, change: (line: string) => string): void {
    const file = this.scratch.path("index.txt");
    const lines = readFileSync(file, "utf8")
      .split("\n")
      .filter((line) => line !== "");
    const changed = lines.map((line) => (line.endsWith(`/CN=${name}`) ? change(line) : line));
    writeFileSync(
      file,
      changed
        .filter((line) => line !== "")
        .map((line) => `${line}\n`)
        .join(""),
    );
  }
}

function files(name: string, kind: string): readonly string[] {
  return ["-keyout", `${name}.key`, "-out", `${name}.${kind}`];
}
