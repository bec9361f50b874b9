import { KeybotError } from "../errors.ts";

/** Who changes something, why and when: what the audit trail keeps of a person's command. */
export interface Change {
  readonly actor: string;
  readonly reason: string | null;
  readonly at: Date;
}

/** The actor that the store writes for what no person decided. */
const ROBOT = "robot";
/** A reason is a sentence, and stands in tables and in the audit trail for ever. */
const LONGEST_REASON = 1_000;

/**
 * A person's change. The user name `robot` is written so that it cannot be taken for the robot's own decisions, which
 * a later mail may overrule.
 * @throws KeybotError `usage` for a reason that is longer than 1,000 characters
 */
export function changeBy(user: string, reason: string | null, at: Date): Change {
  if (reason !== null && reason.length > LONGEST_REASON) {
    throw new KeybotError(
      "usage",
      "admin.reason",
      `the reason has ${reason.length} characters, more than ${LONGEST_REASON}`,
    );
  }
  const text = reason?.trim() ?? "";
  return { actor: user === ROBOT ? `user ${user}` : user, reason: text === "" ? null : text, at };
}
