import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { silentLog } from "../../src/log.ts";
import { encode } from "../../src/pki/der-write.ts";
import type { Certificate } from "../../src/pki/index.ts";
import { OID } from "../../src/pki/index.ts";
import { DEFAULT_POLICY } from "../../src/policy.ts";
import { startJudge } from "../../src/robot/index.ts";
import {
  basicConstraints,
  extension,
  generalName,
  issue,
  issueCa,
  issueCrl,
  NOW,
} from "../pki/path-authority.ts";
import { opensslAccepts } from "../pki/path-openssl.ts";

/** Milliseconds for one certificate against a large CRL; each the median of five. */
export interface LargeCrl {
  readonly bytes: number;
  /** A judge process that has never seen it: sent there, decoded, proven, searched. */
  readonly first: number;
  /** The same process, for the next certificate. */
  readonly next: number;
  /** `openssl verify -crl_check`, the start of the program included. */
  readonly openssl: number;
}

/** The child runs what was built. */
const ENTRY = fileURLToPath(new URL("../../dist/robot/judge-process.js", import.meta.url));

const TURNS = 5;

/** One certificate, not listed, judged by a CRL of so many entries. */
export async function largeCrl(entries: number): Promise<LargeCrl> {
  const ca = issueCa({ subject: "CA" });
  const point = encode.sequence(
    encode.tagged(0xa0, encode.tagged(0xa0, generalName("uri:http://crl.example/"))),
  );
  const extensions = [basicConstraints(false), extension(OID.crlDistributionPoints, encode.sequence(point))];
  const { certificate } = issue({ subject: "Alice", issuer: ca, extensions });
  const reason = extension(OID.reasonCode, encode.tagged(0x0a, Buffer.of(4)));
  const revoked = Array.from({ length: entries }, (_, index) => ({
    // 16 octets, as public CAs write them.
    serial: `4f${index.toString(16).padStart(30, "0")}`,
    extensions: [reason],
  }));
  const crl = issueCrl(ca, { revoked });
  const judge = timedJudge(ca.certificate, certificate, crl.der);
  const [first, next, openssl]: [number[], number[], number[]] = [[], [], []];
  const folder = mkdtempSync(join(tmpdir(), "keybot-bench-"));
  try {
    for (let turn = 0; turn < TURNS; turn++) {
      const [once, again] = await judge();
      first.push(once);
      next.push(again);
      const started = performance.now();
      const settings = { acceptablePolicies: null, explicitPolicy: false, inhibitAnyPolicy: false };
      const accepted = opensslAccepts(folder, {
        ...{ ...settings, inhibitPolicyMapping: false, target: certificate, intermediates: [] },
        ...{ anchors: [{ certificate: ca.certificate }], at: NOW, crls: [crl] },
      });
      openssl.push(performance.now() - started);
      if (!accepted) throw new Error("openssl does not accept the certificate");
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return { bytes: crl.der.length, first: median(first), next: median(next), openssl: median(openssl) };
}

/** Judges twice in a new process that has started before the clock does. */
function timedJudge(ca: Certificate, certificate: Certificate, crl: Uint8Array) {
  return async (): Promise<[first: number, next: number]> => {
    const judge = startJudge({ seconds: 20, memory: 512 * 1024 * 1024 }, silentLog, ENTRY);
    try {
      const anchors = [{ der: ca.der, domains: null, distrustAfter: null }];
      judge.bench(DEFAULT_POLICY, { version: 1, anchors, intermediates: [], crls: null });
      const paths = [{ certificate: certificate.sha256, path: [certificate.der, ca.der] }];
      const timed = async (crls: readonly Uint8Array[]): Promise<number> => {
        const started = performance.now();
        const result = await judge.judgeAnswers(
          paths,
          { ocsp: [], crls, unanswered: [], known: [] },
          [],
          NOW,
        );
        const took = performance.now() - started;
        const good = result.kind === "judged" && result.judgements.every(({ findings }) => !findings.length);
        if (good !== crls.length > 0) throw new Error(JSON.stringify(result));
        return took;
      };
      await timed([]);
      return [await timed([crl]), await timed([crl])];
    } finally {
      judge.close();
    }
  };
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
