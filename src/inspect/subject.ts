import type { Computing } from "../pki/index.ts";
import type { Policy } from "../policy.ts";
import type { Finding } from "./finding.ts";
import type { KeysSent } from "./private-keys.ts";
import type { TrustStore } from "./trust.ts";

/** What a message is judged by, beside its own bytes: all of it arguments, so that judging twice gives the same. */
export interface Bench {
  readonly policy: Policy["certificates"];
  readonly trust: TrustStore;
  /** The time to judge at. */
  readonly at: Date;
  /** When the IMAP server took the message in, or null. */
  readonly internalDate: Date | null;
}

/** Whose certificates are judged, and what holds for each of them. */
export interface Subject extends Bench {
  /** The single From address, or null when there is none. */
  readonly address: string | null;
  /** Findings on the mail that bear on every certificate in it. */
  readonly about: readonly Finding[];
  /** What the mail may still compute: one budget for all that it holds. */
  readonly computing: Computing;
  /** The private keys that came along. */
  readonly keys: KeysSent;
}
