/**
 * What our own environment can do to us, as one typed error.
 *
 * A stranger's mail never causes an error: what it can cause is a value (a finding, a reason, a problem).
 * The kind decides what happens next: `temporary` is retried, `permanent` is marked and told, `config` and
 * `usage` end the command with exit code 2, `not-found` with 3, all others with 1.
 */
export type ErrorKind = "temporary" | "permanent" | "config" | "usage" | "not-found" | "fault";

export class KeybotError extends Error {
  readonly kind: ErrorKind;
  /** Stable, dotted, e.g. `imap.authentication`; never changes its meaning. */
  readonly code: string;
  /** One sentence that says what to do about it, or null when the message says it all. */
  readonly hint: string | null;

  constructor(
    kind: ErrorKind,
    code: string,
    message: string,
    more: { readonly hint?: string; readonly cause?: unknown } = {},
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.name = "KeybotError";
    this.kind = kind;
    this.code = code;
    this.hint = more.hint ?? null;
  }
}

/** The text of anything that was thrown, for a log line. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
