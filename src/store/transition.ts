import { KeybotError } from "../errors.ts";

/** `waiting` for the SMTP server, taken by it (`sent`), given up (`failed`), or taken and come back (`bounced`). */
export type OutboxState = "waiting" | "sent" | "failed" | "bounced";

/** How a certificate stands under one address. `expired` is not stored: it is `active` seen later. */
export type StoredStatus = "active" | "pending" | "rejected" | "revoked";

/** Who wants the change: a mail (through the robot's verdict), a person, the bar on a public key, or its CA. */
export type Mover = "mail" | "person" | "bar" | "ca";

/**
 * Every change of a holding's status that is allowed; staying as it is always is.
 * A mail only ever improves what a mail brought: it never worsens, and never leads out of `revoked`.
 */
const HOLDING: Record<Mover, Record<StoredStatus, readonly StoredStatus[]>> = {
  mail: { active: [], pending: ["active"], rejected: ["pending", "active"], revoked: [] },
  person: {
    active: ["revoked"],
    pending: ["active", "rejected", "revoked"],
    rejected: ["active", "pending", "revoked"],
    revoked: ["active", "pending", "rejected"],
  },
  bar: { active: ["revoked"], pending: ["revoked"], rejected: ["revoked"], revoked: [] },
  // What is rejected may become better again by a mail, when the CA lifts a suspension (certificateHold).
  ca: { active: ["revoked"], pending: ["revoked"], rejected: [], revoked: [] },
};

/**
 * Every change of an outbox row's state that is allowed. A mail that was sent is never sent again, not even when it
 * bounced; a person may try a failed one again.
 */
const OUTBOX: Record<OutboxState, readonly OutboxState[]> = {
  waiting: ["waiting", "sent", "failed"],
  failed: ["waiting"],
  sent: ["bounced"],
  bounced: [],
};

/** Whether `mover` may change a holding from one status to another. */
export function mayBecome(mover: Mover, from: StoredStatus, to: StoredStatus): boolean {
  return HOLDING[mover][from].includes(to);
}

/**
 * Refuses a change of a holding that a person may not make.
 * @throws KeybotError `store.transition` (usage)
 */
export function checkHolding(from: StoredStatus, to: StoredStatus): void {
  if (from === to || mayBecome("person", from, to)) return;
  throw new KeybotError("usage", "store.transition", `the certificate is ${from}, it cannot become ${to}`);
}

/** Whether an outbox row may change from one state to another. */
export function mailMayBecome(from: OutboxState, to: OutboxState): boolean {
  return OUTBOX[from].includes(to);
}

/**
 * Refuses a change of an outbox row that the table does not allow: a bug of the caller, or a second deliverer.
 * @throws KeybotError `store.transition` (fault)
 */
export function checkOutbox(from: OutboxState, to: OutboxState): void {
  if (mailMayBecome(from, to)) return;
  throw new KeybotError("fault", "store.transition", `an outbox mail that is ${from} cannot become ${to}`);
}
