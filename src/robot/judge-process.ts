/**
 * The judge process: strangers' bytes are read and inspected here, in a child that can be ended.
 *
 * It gets a trust store and a policy once, then one message, or what CAs or URLs have answered about one, at a time, and answers each. It opens no file, no
 * connection and no database; what it costs is watched from outside (`judge.ts`).
 */
import { readSync } from "node:fs";
import {
  decodeTrust,
  issuersAmong,
  judgeRevocation,
  type PathHelp,
  type PathToAsk,
  type RevocationEvidence,
  type RevocationJudgement,
  type TrustMaterial,
  type TrustStore,
} from "../inspect/index.ts";
import {
  type CrlFile,
  isProblem,
  parseCertificate,
  readableCertificates,
  readCrlFile,
} from "../pki/index.ts";
import type { Policy } from "../policy.ts";
import { type Gathered, gather } from "./gather.ts";
import { RAW_DESCRIPTOR } from "./raw-descriptor.ts";

export type ToJudge =
  | { readonly type: "bench"; readonly policy: Policy; readonly trust: TrustMaterial }
  | {
      readonly type: "message";
      /** The message, or the number of its octets, when they come through `RAW_DESCRIPTOR`. */
      readonly raw: Uint8Array | number;
      readonly at: Date;
      readonly internalDate: Date | null;
      readonly help: PathHelp;
    }
  | {
      readonly type: "answers";
      readonly paths: readonly PathToAsk[];
      readonly answers: Omit<RevocationEvidence, "crls" | "unreadableCrls">;
      /** DER of certificates that came along: one of them may have signed a CRL. */
      readonly beside: readonly Uint8Array[];
      /** SHA-256 of the CRLs among the answers. */
      readonly crls: readonly string[];
      readonly shelf: ShelfChange;
      readonly at: Date;
    }
  | {
      readonly type: "issuers";
      /** What a stranger's URL has given. */
      readonly bytes: Uint8Array;
      /** DER of the certificate whose issuer is looked for. */
      readonly certificate: Uint8Array;
    };

/** CRLs are large and speak of many certificates: each comes once and stays decoded, until the robot says otherwise. */
export interface ShelfChange {
  /** Forget all that came before. */
  readonly clear: boolean;
  readonly add: readonly { readonly sha256: string; readonly der: Uint8Array }[];
}

export type FromJudge =
  | { readonly type: "ready" }
  | { readonly type: "gathered"; readonly gathered: Gathered }
  | { readonly type: "judged"; readonly judgements: readonly RevocationJudgement[] }
  | { readonly type: "issuers"; readonly certificates: readonly Uint8Array[] };

let bench: { readonly policy: Policy; readonly trust: TrustStore } | null = null;
const shelf = new Map<string, CrlFile>();

function receive(message: ToJudge): void {
  if (message.type === "bench") {
    bench = { policy: message.policy, trust: decodeTrust(message.trust) };
    answer({ type: "ready" });
    return;
  }
  if (bench === null) throw new Error("a message came before the bench");
  if (message.type === "issuers") {
    const certificate = parseCertificate(message.certificate);
    const certificates = isProblem(certificate) ? [] : issuersAmong(message.bytes, certificate);
    answer({ type: "issuers", certificates });
    return;
  }
  const { policy, trust } = bench;
  if (message.type === "answers") {
    restock(message.shelf);
    const held = message.crls.flatMap((sha256) => shelf.get(sha256) ?? []);
    const crls = held.flatMap((file) => file.crls);
    const unreadableCrls = held.flatMap(({ unreadable }) => unreadable);
    const evidence = { ...message.answers, crls, unreadableCrls };
    const { paths, at } = message;
    const others = [...trust.intermediates, ...readableCertificates(message.beside)];
    const judgements = judgeRevocation(paths, evidence, others, policy.certificates, at);
    answer({ type: "judged", judgements });
    return;
  }
  const { raw, at, internalDate, help } = message;
  const inspected = { policy: policy.certificates, trust, at, internalDate };
  const gathered = gather(typeof raw === "number" ? readRaw(raw) : raw, policy, inspected, help);
  answer({ type: "gathered", gathered });
}

/** Waits for the bytes: there is nothing else to do meanwhile, and whoever waits too long for us ends us. */
function readRaw(size: number): Buffer {
  const raw = Buffer.allocUnsafeSlow(size);
  for (let at = 0; at < size; ) {
    const count = readSync(RAW_DESCRIPTOR, raw, at, size - at, null);
    // The robot has gone in the midst of it.
    if (count === 0) process.exit(0);
    at += count;
  }
  return raw;
}

function restock({ clear, add }: ShelfChange): void {
  if (clear) shelf.clear();
  for (const { sha256, der } of add) shelf.set(sha256, readCrlFile(der));
}

function answer(message: FromJudge): void {
  process.send?.(message);
}

if (process.send !== undefined) {
  process.on("message", receive);
  // The robot has gone: nobody is left to answer.
  process.on("disconnect", () => process.exit(0));
  // A terminal's Ctrl-C reaches the whole process group; the robot decides when the judge ends.
  process.on("SIGINT", () => {});
}
