/**
 * Answers of CAs about revocation, made for this project with certificates, keys and clocks of their own: what each is to be
 * taken for, and what OpenSSL, the JDK and Bouncy Castle make of it (`expect.json`). They expire, so they are judged at the
 * time of their `expect.json`, by the code of `keybot inspect --ocsp --crl`.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { TrustStore } from "../../src/inspect/index.ts";
import {
  type Certificate,
  type Crl,
  isProblem,
  parseCertificate,
  parseCrl,
  readCrls,
} from "../../src/pki/index.ts";
import { DEFAULT_POLICY } from "../../src/policy.ts";
import { explainCertificates } from "../../src/robot/index.ts";

/** What comes out for the certificate. `weak`: signed too weakly to clear it; `bad`: nothing was said that counts. */
export type Verdict = "good" | "revoked" | "unknown" | "weak" | "bad";

/** The other judges, as OpenSSL 3.0, JDK 17 and Bouncy Castle 1.72 were asked when the corpus was made. */
export const JUDGES = ["openssl", "jdk", "bc"] as const;

/** One certificate and the answers about it. */
export interface Case {
  readonly id: string;
  readonly cls: string;
  /** Which verdicts are right. */
  readonly want: readonly Verdict[];
  readonly folder: string;
  readonly at: string;
  readonly certificate: string;
  readonly issuer: string;
  readonly anchor: string;
  /** Files with what was answered, and with certificates that came along. */
  readonly ocsp: readonly string[];
  readonly crls: readonly string[];
  readonly others: readonly string[];
  /** What the other judges say, where they were asked. */
  readonly theirs: Partial<Record<(typeof JUDGES)[number], Verdict>>;
}

interface Row {
  readonly id: string;
  readonly cls: string;
  readonly certificate: string;
  readonly issuer: string;
  readonly anchor?: string;
  readonly response?: string;
  readonly crls?: readonly string[];
  readonly served?: readonly string[];
  readonly want: string;
  readonly openssl: string;
  readonly jdk: string;
  readonly bc?: string;
}

interface Expected {
  readonly at: string;
  readonly anchor?: string;
  readonly cases: readonly Row[];
}

/** The words of the tables; a `!` behind one tells that the judge ended with an exception. */
const WORDS: Readonly<Record<string, readonly Verdict[]>> = {
  good: ["good"],
  crlgood: ["good"],
  revoked: ["revoked"],
  unknown: ["unknown"],
  weak: ["weak"],
  bad: ["bad"],
  either: ["good", "revoked", "unknown", "weak", "bad"],
  any: ["good", "revoked", "unknown", "weak", "bad"],
};

/** The cases of a part of the corpus. */
export function casesOf(part: "ocsp" | "crl"): readonly Case[] {
  const folder = join(import.meta.dirname, "revocation", part);
  const {
    at,
    anchor = "root.crt",
    cases,
  } = JSON.parse(readFileSync(join(folder, "expect.json"), "utf8")) as Expected;
  return cases.map((row): Case => {
    const { id, cls, certificate, issuer, served = [], want } = row;
    const theirs = JUDGES.flatMap((judge) => {
      const [word] = WORDS[(row[judge] ?? "").replace("!", "")] ?? [];
      return word === undefined ? [] : [[judge, word] as const];
    });
    return {
      id,
      cls,
      want: WORDS[want] ?? [],
      folder,
      at,
      certificate,
      issuer,
      anchor: row.anchor ?? anchor,
      ocsp: [...(row.response === undefined ? [] : [row.response]), ...served.filter(endsIn(".ors"))],
      crls: [...(row.crls ?? []).map((name) => `${name}.crl`), ...served.filter(endsIn(".crl"))],
      // Of a CA that changed its key, the certificate of the new key came along.
      others: [...served.filter(endsIn(".crt")), ...(cls === "key rollover" ? ["twin.crt"] : [])],
      theirs: Object.fromEntries(theirs),
    };
  });
}

function endsIn(suffix: string): (name: string) => boolean {
  return (name) => name.endsWith(suffix);
}

const VERDICTS = new WeakMap<Case, Verdict>();

/** What keybot makes of a case. */
export function verdictOn(of: Case): Verdict {
  const known = VERDICTS.get(of) ?? judged(of);
  VERDICTS.set(of, known);
  return known;
}

function judged(of: Case): Verdict {
  const policy = DEFAULT_POLICY.certificates;
  const trust: TrustStore = {
    anchors: [{ certificate: certificateOf(of, of.anchor), domains: null, distrustAfter: null }],
    intermediates: [of.issuer, ...of.others].map((name) => certificateOf(of, name)),
    crls: null,
  };
  const inspection = explainCertificates(read(of, of.certificate), {
    policy: { ...DEFAULT_POLICY, certificates: { ...policy, revocation: "hard-fail" } },
    trust,
    at: new Date(of.at),
    answers: {
      ocsp: of.ocsp.map((name) => read(of, name)),
      crls: of.crls.flatMap((name) => crlsOf(of, name)),
    },
  });
  return verdictIn(inspection.certificates[0]?.findings ?? []);
}

/** The verdict that the findings of a certificate mean. */
export function verdictIn(findings: readonly { readonly code: string; readonly detail: string }[]): Verdict {
  const codes = findings.map(({ code }) => code);
  if (codes.includes("revocation.revoked")) return "revoked";
  const doubt = findings.find(({ code }) => code === "revocation.unknown")?.detail;
  if (doubt === undefined) return codes.some((code) => code.startsWith("path.")) ? "bad" : "good";
  if (doubt.startsWith("the CA's OCSP responder does not know the certificate")) return "unknown";
  return /is signed (with|by way of) /.test(doubt) ? "weak" : "bad";
}

/** A file of the corpus. */
export function read({ folder }: Case, name: string): Buffer {
  return readFileSync(join(folder, name));
}

function certificateOf(of: Case, name: string): Certificate {
  const certificate = parseCertificate(read(of, name));
  if (isProblem(certificate)) throw new Error(`${name}: ${certificate.detail}`);
  return certificate;
}

function crlsOf(of: Case, name: string): readonly Crl[] {
  return readCrls(read(of, name)).flatMap((der) => {
    const crl = parseCrl(der);
    return isProblem(crl) ? [] : [crl];
  });
}
