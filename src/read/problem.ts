/** Why a message cannot be read; it is filed under `Unhandled` with this in its ledger row. */
export type ReadProblem =
  | "mime.too-deep"
  | "mime.too-many-parts"
  | "mime.header-too-large"
  | "mime.too-many-fields"
  | "mime.no-boundary"
  | "mime.ambiguous"
  | "mime.empty"
  | "message.too-large"
  | "message.poisoned"
  | "judge.time-limit"
  | "judge.memory-limit"
  | "judge.died";

export const READ_PROBLEMS: Record<ReadProblem, string> = {
  "mime.too-deep": "its MIME parts are nested too deeply",
  "mime.too-many-parts": "it has too many MIME parts",
  "mime.header-too-large": "its header is too large",
  "mime.too-many-fields": "its header has too many fields",
  "mime.ambiguous": "its Content-Type can be read in two ways",
  "mime.no-boundary": "it is multipart but names no boundary",
  "mime.empty": "it has no header at all",
  "message.too-large": "it is larger than limits.message_size",
  "message.poisoned":
    "three times the robot died while it had this mail and no other in hand; it was not read again",
  "judge.time-limit": "reading it took longer than limits.judge_seconds",
  "judge.memory-limit": "reading it took more memory than limits.judge_memory",
  "judge.died": "three processes that read it ended without an answer",
};
