import type {
  HeldCertificate,
  PastReply,
  PublishedCertificate,
  PublishedMailbox,
  Template,
  View,
  ViewQuery,
} from "../decide/index.ts";
import type { BarredKeyRows } from "./barred-key.ts";
import type { BucketRows } from "./bucket.ts";
import { CERTIFICATE_COLUMNS, type CertificateRow, type CertificateRows, summary } from "./certificate.ts";
import { bit, milliseconds, time } from "./column.ts";
import type { Connection } from "./connection.ts";
import { ROBOT, statusAt } from "./holding.ts";
import { folded, type MailTemplate } from "./outbox.ts";
import type { StoredStatus } from "./transition.ts";

const DAY = 86_400_000;
/** PRODUCT §3: pending certificates are capped per domain and day. */
const PENDING_WINDOW = DAY;
/** PRODUCT §3: the longest memory of what a person was told, "three in 30 days". */
const TOLD_WINDOW = 30 * DAY;

/** Reads what `decide` has to know; runs inside the caller's transaction, so that it is still true when the plan is carried out. */
export type ViewReader = (query: ViewQuery, at: Date) => Omit<View, "waited">;

/** Published certificates of a mailbox or an alias that are valid at a time and not revoked by their CA, the one with the latest notBefore first. */
export type PublishedReader = (address: string, at: Date) => readonly PublishedCertificate[];

export const HELD = `
  SELECT c.sha256, c.key_identity, c.issuer, c.not_before, c.not_after, h.status, h.approved, h.decided_by, h.decided_at
  FROM holding h JOIN certificate c ON c.id = h.certificate WHERE h.address = ?`;
const OURS = "SELECT recipient, template FROM outbox WHERE message_id = ?";
/** What answers nobody, or did so before this was noted, counts for both kinds of senders. */
const TOLD = `
  SELECT recipient, template, created_at, said FROM outbox
  WHERE recipient_folded = :recipient AND created_at > :after AND state IN ('waiting', 'sent') AND template <> 'notice'
    AND (authenticated IS NULL OR authenticated = :authenticated)
  ORDER BY created_at DESC, id DESC`;
/** What is newly pending, and what waits for room among it: in one cap, and in all. */
export const ROOM = `
  SELECT
    (SELECT count(*) FROM holding
      WHERE pending_authenticated = :authenticated AND pending_of = :of AND pending_at > :after) AS pendingOfDomain,
    (SELECT count(*) FROM holding
      WHERE pending_authenticated = :authenticated AND pending_at > :after) AS pendingOfAll,
    (SELECT count(*) FROM ledger WHERE outcome = 'waiting' AND waiting_of = :of) AS waitingOfDomain,
    (SELECT count(*) FROM ledger WHERE outcome = 'waiting' AND waiting_of IS NOT NULL) AS waitingOfAll`;
export const PUBLISHED = `
  SELECT ${CERTIFICATE_COLUMNS}, m.id AS mailbox_id
  FROM mailbox m JOIN mailbox_certificate mc ON mc.mailbox = m.id JOIN certificate c ON c.id = mc.certificate
  WHERE m.id = coalesce((SELECT id FROM mailbox WHERE address = :address),
                        (SELECT mailbox FROM mailbox_alias WHERE alias = :address))
    AND mc.revoked_at IS NULL AND c.not_before <= :at AND c.not_after >= :at
  ORDER BY c.not_before DESC, c.id DESC`;

interface HeldRow {
  readonly sha256: string;
  readonly key_identity: string;
  readonly issuer: string;
  readonly not_before: number;
  readonly not_after: number;
  readonly status: StoredStatus;
  readonly approved: number;
  readonly decided_by: string;
  readonly decided_at: number;
}

interface OursRow {
  readonly recipient: string;
  readonly template: MailTemplate;
}

type Room = Pick<View, "pendingOfDomain" | "pendingOfAll" | "waitingOfDomain" | "waitingOfAll">;

interface ToldRow {
  readonly recipient: string;
  readonly template: Template;
  readonly created_at: number;
  readonly said: string | null;
}

function toldOf(row: ToldRow): PastReply {
  return { template: row.template, at: time(row.created_at), said: row.said };
}

export function publishedReader({ db }: Connection, certificates: CertificateRows): PublishedReader {
  const published = db.prepare<[object], CertificateRow & { readonly mailbox_id: number }>(PUBLISHED);
  return (address, at) =>
    published.all({ address, at: milliseconds(at) }).map((row) => ({
      ...summary(row),
      chain: certificates.publishedChain(row.mailbox_id, row.certificate_id),
    }));
}

export function viewReader(
  { db }: Connection,
  barred: BarredKeyRows,
  buckets: BucketRows,
  published: PublishedReader,
): ViewReader {
  const held = db.prepare<[string], HeldRow>(HELD);
  const ours = db.prepare<[string], OursRow>(OURS);
  const told = db.prepare<[object], ToldRow>(TOLD);
  const room = db.prepare<[object], Room>(ROOM);

  return (query, at) => {
    const now = milliseconds(at);
    const { from } = query;
    const referred = query.references.flatMap((id) => ours.get(id) ?? []);
    const authenticated = bit(query.authenticated);
    const toldRows =
      from === null ? [] : told.all({ recipient: folded(from), after: now - TOLD_WINDOW, authenticated });
    const isSamePerson = (row: { readonly recipient: string }) =>
      from !== null && folded(row.recipient) === folded(from);
    const isOtherForm = (row: { readonly recipient: string }) =>
      isSamePerson(row) && row.recipient.toLowerCase() !== from?.toLowerCase();
    return {
      held: from === null ? [] : held.all(from).map((row) => heldCertificate(row, now)),
      barred: new Set(query.spkis.filter((name) => barred.has({ keyIdentity: name, spkiSha256: name }))),
      mailboxes: query.mailboxes.map(
        (address): PublishedMailbox => ({ address, certificates: published(address, at) }),
      ),
      refersToUs: referred.length > 0,
      refersToHint:
        referred.length > 0 && referred.every((row) => row.template === "hint" && isSamePerson(row)),
      refersToOtherForm: referred
        .filter(isOtherForm)
        .flatMap(({ template }) => (template === "notice" ? [] : [template])),
      returned: query.returned.flatMap((messageId) => {
        const row = ours.get(messageId);
        return row === undefined ? [] : [{ messageId, to: row.recipient }];
      }),
      told: toldRows.map(toldOf),
      toldOtherForms: toldRows.filter(isOtherForm).map(toldOf),
      // A SELECT of counts alone always has one row.
      ...(room.get({ authenticated, of: query.pendingOf, after: now - PENDING_WINDOW }) as Room),
      buckets: buckets.get(query.buckets),
    };
  };
}

function heldCertificate(row: HeldRow, now: number): HeldCertificate {
  return {
    sha256: row.sha256,
    keyIdentity: row.key_identity,
    issuer: row.issuer,
    notBefore: time(row.not_before),
    notAfter: time(row.not_after),
    status: statusAt(row.status, row.not_after, now),
    since: time(row.decided_at),
    approved: row.approved === 1,
    decidedByPerson: row.decided_by !== ROBOT,
  };
}
