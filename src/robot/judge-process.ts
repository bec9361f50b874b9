/**
 * The judge process: strangers' bytes are read and inspected here, in a child that can be ended.
 *
 * It gets a trust store and a policy once, then one message at a time, and answers each. It opens no file, no
 * connection and no database; what it costs is watched from outside (`judge.ts`).
 */
import { decodeTrust, type TrustMaterial, type TrustStore } from "../inspect/index.ts";
import type { Policy } from "../policy.ts";
import { type Gathered, gather } from "./gather.ts";

export type ToJudge =
  | { readonly type: "bench"; readonly policy: Policy; readonly trust: TrustMaterial }
  | {
      readonly type: "message";
      readonly raw: Uint8Array;
      readonly at: Date;
      readonly internalDate: Date | null;
    };

export type FromJudge =
  | { readonly type: "ready" }
  | { readonly type: "gathered"; readonly gathered: Gathered };

let bench: { readonly policy: Policy; readonly trust: TrustStore } | null = null;

function receive(message: ToJudge): void {
  if (message.type === "bench") {
    bench = { policy: message.policy, trust: decodeTrust(message.trust) };
    answer({ type: "ready" });
    return;
  }
  if (bench === null) throw new Error("a message came before the bench");
  const { policy, trust } = bench;
  const gathered = gather(message.raw, policy, {
    policy: policy.certificates,
    trust,
    at: message.at,
    internalDate: message.internalDate,
  });
  answer({ type: "gathered", gathered });
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
