/**
 * robot: the core, which joins the rooms.
 *
 * Subject: one message's way through read, inspect, decide, commit, deliver and file; one round over the mailbox and
 * the outbox; the daemon that makes rounds. It holds no rule of the product: what happens to a message is `decide`'s,
 * what a certificate is worth is `inspect`'s. Strangers' bytes are read in a child process (`judge.ts`), never here.
 */

export { type Letter, renderLetter, type Voice, voiceOf } from "./answer.ts";
export { askOnce, type Stored } from "./ask-stored.ts";
export { runDaemon, type Watch } from "./daemon.ts";
export { type ExplainBench, type Explanation, explainCertificates, explainMessage } from "./explain.ts";
export { type Check, checkHealth, fault, ok } from "./health.ts";
export { thisHolder } from "./holder.ts";
export { putBackNow } from "./in-hand.ts";
export { type Judge, type JudgeLimits, startJudge } from "./judge.ts";
export { type PollSummary, poll } from "./poll.ts";
export { recheck } from "./recheck.ts";
export { FOLDERS, type Inquirer, type Robot, type Summary } from "./robot.ts";
export { trustMaterialOf } from "./trust-material.ts";
