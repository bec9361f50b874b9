import type {
  Action,
  BarAction,
  Folder,
  MessageNews,
  Plan,
  StoreAction,
  View,
  ViewQuery,
  Waited,
} from "../decide/index.ts";
import type { CertificateReport } from "../inspect/index.ts";
import type { NewsRows } from "./admin-notice.ts";
import type { KeyBar } from "./bar.ts";
import type { BucketRows } from "./bucket.ts";
import type { CaWordRows } from "./ca-word.ts";
import type { CertificateRows } from "./certificate.ts";
import { time } from "./column.ts";
import type { Connection } from "./connection.ts";
import { guarded } from "./connection.ts";
import { isOfDatabase } from "./error.ts";
import { decisive, type HoldingRows, ROBOT } from "./holding.ts";
import type { InHandRows, MailMark } from "./in-hand.ts";
import type { LedgerMessage, LedgerRow, LedgerRows, Outcome } from "./ledger.ts";
import type { OutboxRows, RenderedReply } from "./outbox.ts";
import type { StoredStatus } from "./transition.ts";
import type { ViewReader } from "./view.ts";

/** One message, read and inspected: all that a commit needs beside the decision. */
export interface CommitInput {
  /** The ledger key (PRODUCT §2). */
  readonly key: string;
  readonly query: ViewQuery;
  readonly message: LedgerMessage;
  /** Every certificate that the plan may name. */
  readonly certificates: readonly CertificateReport[];
  readonly at: Date;
  /** Where it was in hand until now; left out by who took nothing in hand. */
  readonly mark?: MailMark;
}

/** What was decided, with the replies as final bytes. */
export interface Decision {
  readonly plan: Plan;
  /** `waiting`: the plan ends with `wait`. */
  readonly outcome: Outcome | "waiting";
  /** Null while it is waiting. */
  readonly folder: Folder | null;
  readonly replies: readonly RenderedReply[];
  /** What of it the admin is to be told. */
  readonly news: readonly MessageNews[];
}

/** Decides and renders, synchronously, inside the transaction. What it throws undoes this message alone. */
export type Decide = (view: View) => Decision;

export type CommitResult =
  /** It was dealt with before: nothing was decided and nothing written. */
  | { readonly known: true; readonly folder: Folder; readonly outcome: Outcome }
  | {
      readonly known: false;
      readonly folder: Folder;
      readonly outcome: Outcome;
      readonly plan: Plan;
      /** Certificates that became active with this message. */
      readonly newlyActive: number;
      readonly newlyPending: number;
    }
  /** It stays in the mailbox, to be decided again then. */
  | { readonly known: false; readonly outcome: "waiting"; readonly until: Date; readonly plan: Plan };

/** One message's part in a shared transaction. */
export type CommitAttempt =
  | { readonly done: true; readonly result: CommitResult }
  | { readonly done: false; readonly error: unknown };

export interface Commit {
  /**
   * Deals with one message in one transaction: reads the view, has it decided, and writes ledger, directory, audit
   * trail, budget and outbox, or nothing at all. A message whose key is known changes nothing.
   * @throws what `decide` throws; KeybotError `temporary` for a lock or a full disk
   */
  commitMessage(input: CommitInput, decide: Decide): Promise<CommitResult>;
  /**
   * The same for several messages that share one transaction, in order. A message that fails leaves no trace and does
   * not harm the others; when the environment fails (a lock, a full disk), nothing of any is written and it rejects.
   */
  commitMessages(
    list: readonly { readonly input: CommitInput; readonly decide: Decide }[],
  ): Promise<readonly CommitAttempt[]>;
  /** What `decide` would see of a message that did not wait, for `keybot inspect`; changes nothing. */
  view(query: ViewQuery, at: Date): Promise<View>;
}

export interface CommitRooms {
  readonly certificates: CertificateRows;
  readonly holdings: HoldingRows;
  readonly bar: KeyBar;
  readonly words: CaWordRows;
  readonly buckets: BucketRows;
  readonly ledger: LedgerRows;
  readonly outbox: OutboxRows;
  readonly news: NewsRows;
  readonly view: ViewReader;
  readonly inHand: InHandRows;
}

export function commit(on: Connection, rows: CommitRooms): Commit {
  // Inside another transaction this is a savepoint.
  const savepoint = on.db.transaction((work: () => CommitResult) => work());

  function one(input: CommitInput, decide: Decide): CommitResult {
    if (input.mark !== undefined) rows.inHand.remove(input.mark);
    const before = rows.ledger.get(input.key);
    if (before !== null && before.outcome !== "waiting" && before.folder !== null) {
      return { known: true, folder: before.folder, outcome: before.outcome };
    }
    const waited = before === null ? null : waitedOf(before, rows.outbox);
    const decision = decide({ ...rows.view(input.query, input.at), waited });
    const changes = decision.plan.actions.map((action) => carryOut(action, input, rows));
    rows.buckets.put(decision.plan.buckets, input.at);
    const { key, message, at } = input;
    const { outcome, folder, plan } = decision;
    const { kind, reasons } = plan;
    const until = plan.actions.flatMap((action) => (action.action === "wait" ? [action.until] : []))[0];
    const again = until === undefined ? {} : { askAgainAt: until, waitingOf: input.query.pendingOf };
    const id = rows.ledger.put({ key, message, at, kind, reasons, outcome, folder, ...again });
    for (const reply of decision.replies) rows.outbox.insert(reply, id, at);
    rows.news.note(decision.news, id);
    if (outcome === "waiting" || folder === null) {
      if (until === undefined) throw new Error("a plan that waits must say until when");
      return { known: false, outcome: "waiting", until, plan };
    }
    const count = (status: StoredStatus) => changes.filter((change) => change === status).length;
    return {
      known: false,
      folder,
      outcome,
      plan,
      newlyActive: count("active"),
      newlyPending: count("pending"),
    };
  }

  function attempt(input: CommitInput, decide: Decide): CommitAttempt {
    try {
      return { done: true, result: guarded(on.db.name, () => savepoint(() => one(input, decide))) };
    } catch (error) {
      // After a full disk or an I/O error SQLite may have rolled back everything by itself: then nothing is left to save.
      if (isOfDatabase(error) || !on.db.inTransaction) throw error;
      return { done: false, error };
    }
  }

  return {
    commitMessage: (input, decide) => on.write(() => one(input, decide)),
    commitMessages: (list) => on.write(() => list.map(({ input, decide }) => attempt(input, decide))),
    view: (query, at) => on.read(() => ({ ...rows.view(query, at), waited: null })),
  };
}

function waitedOf({ id, seen_at, waiting_of }: LedgerRow, mails: OutboxRows): Waited {
  const told = mails.ofLedger(id).map(({ template }) => template);
  return {
    since: time(seen_at),
    told: told.filter((template) => template !== "notice"),
    forRoom: waiting_of !== null,
  };
}

/** Carries out one action; returns the status that a certificate has newly because of it. */
function carryOut(action: Action, input: CommitInput, rows: CommitRooms): StoredStatus | null {
  switch (action.action) {
    case "store":
      return store(action, input, rows);
    case "bar":
      bar(action, input, rows);
      return null;
    case "drop":
      rows.holdings.drop(action.address, action.certificate);
      return null;
    case "bounce":
      rows.outbox.bounced(action.messageId, action.error, input.at);
      return null;
    case "wait": // the ledger's row says it
    case "reply": // its rendered bytes are among the decision's replies
    case "file": // done over IMAP, after the commit
      return null;
    default: {
      const never: never = action;
      throw new Error(`unknown action ${JSON.stringify(never)}`);
    }
  }
}

function store(action: StoreAction, input: CommitInput, rows: CommitRooms): StoredStatus | null {
  const report = input.certificates.find(({ sha256 }) => sha256 === action.certificate);
  if (report === undefined)
    throw new Error(`the plan stores ${action.certificate}, which the message did not bring`);
  if (action.status === "active") {
    rows.bar.refuse(report);
    rows.words.refuse(report.sha256);
  }
  const certificateId = rows.certificates.put(report);
  // Both are shared by all who hold the certificate: who is not believed would change them for the others.
  if (action.keepsPath) rows.certificates.putChain(certificateId, report.path.intermediates);
  // A forged list could talk us into weak encryption (RFC 8551 §2.7.1).
  if (report.capabilities !== null && action.believed) {
    rows.certificates.putCapabilities(certificateId, report.capabilities, action.signedAt);
  }
  const offered = rows.holdings.offer({
    certificateId,
    sha256: report.sha256,
    address: action.address,
    status: action.status,
    role: action.role,
    findings: action.findings,
    reason: decisive(action.status, action.findings),
    pendingOf: input.query.pendingOf,
    source: input.message.messageId ?? input.key,
    messageKey: input.key,
    authenticated: input.message.authenticated ?? null,
    actor: ROBOT,
    at: input.at,
    believed: action.believed,
  });
  // Its sender is told what was decided: it must be what stands here.
  if (offered === null && action.status === "active") {
    const status = rows.holdings.one(action.address, certificateId)?.status;
    if (status !== "active")
      throw new Error(
        `the plan has ${action.certificate} in use, which is ${status} under ${action.address}`,
      );
  }
  return offered;
}

function bar(action: BarAction, input: CommitInput, rows: CommitRooms): void {
  rows.bar.bar({
    spkiSha256: action.spkiSha256,
    keyIdentity: action.keyIdentity,
    actor: ROBOT,
    reason: action.reason,
    at: input.at,
    messageKey: input.key,
  });
}
