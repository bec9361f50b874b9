import { KeybotError } from "../errors.ts";
import type { Finding, KnownWord } from "../inspect/index.ts";
import {
  type CaWord,
  CERTIFICATE_HOLD,
  isFinal,
  joined,
  keptText,
  NO_WORD,
  type Revocation,
  standing,
} from "../pki/index.ts";
import type { AuditWriter } from "./audit.ts";
import type { BarredKeyRows, KeyNames } from "./barred-key.ts";
import type { ChangedHolding } from "./change.ts";
import { json, milliseconds, time, timeOrNull } from "./column.ts";
import type { Connection } from "./connection.ts";
import { type HoldingRows, ROBOT } from "./holding.ts";

/** What CAs have said of certificates, for good. Rows; runs inside the caller's transaction. */
export interface CaWordRows {
  /** What is known of a certificate; `NO_WORD` when nothing is. */
  get(sha256: string): CaWord;
  /** What is known of those of which anything is. */
  known(sha256s: readonly string[]): readonly KnownWord[];
  /** Joins what was said to what is known. */
  join(sha256: string, said: CaWord): void;
  /** The revocation of a certificate that stands, or null. */
  standing(sha256: string): Revocation | null;
  /**
   * A guard before a certificate becomes active.
   * @throws KeybotError `store.revoked` (usage) for one that its CA has revoked
   */
  refuse(sha256: string): void;
}

/** What CAs have said of certificates, for good. */
export interface CaWords {
  /** What is known of those certificates of which anything is. */
  caWords(sha256s: readonly string[]): Promise<readonly KnownWord[]>;
  /**
   * Joins what CAs have said to what is known. Where a hold is lifted, holdings that were revoked for it become what they
   * were, unless their key is barred or their own certificate is revoked, and mailboxes publish again what they did.
   * @returns the holdings that changed, and the mailboxes as holdings
   */
  noteCaWords(said: readonly KnownWord[], at: Date): Promise<readonly ChangedHolding[]>;
}

interface Row {
  readonly certificate: string;
  readonly revoked_by: Revocation["by"] | null;
  readonly revoked_at: number | null;
  readonly reason: number | null;
  readonly told_at: number | null;
  readonly good_at: number | null;
}

const GET =
  "SELECT certificate, revoked_by, revoked_at, reason, told_at, good_at FROM ca_word WHERE certificate = ?";
const PUT = `
  INSERT INTO ca_word (certificate, revoked_by, revoked_at, reason, told_at, good_at)
  VALUES (:certificate, :revoked_by, :revoked_at, :reason, :told_at, :good_at)
  ON CONFLICT (certificate) DO UPDATE SET revoked_by = excluded.revoked_by, revoked_at = excluded.revoked_at,
    reason = excluded.reason, told_at = excluded.told_at, good_at = excluded.good_at`;
const HELD = `
  SELECT h.address, h.certificate, h.held_from, c.sha256, c.key_identity AS keyIdentity, c.spki_sha256 AS spkiSha256
  FROM holding h JOIN certificate c ON c.id = h.certificate WHERE h.held_by = ? ORDER BY h.address, h.id`;
/** It is as revoked as by a person: nothing lifts it any more. */
const FOR_GOOD = "UPDATE holding SET held_by = NULL, held_from = NULL WHERE held_by = ?";
const WITHDRAWN_FOR_GOOD = "UPDATE mailbox_certificate SET held_by = NULL WHERE held_by = ?";
/** What a mailbox published goes out again. */
const HELD_PUBLISHED = `
  SELECT m.address, mc.mailbox, mc.certificate, c.sha256
  FROM mailbox_certificate mc JOIN mailbox m ON m.id = mc.mailbox JOIN certificate c ON c.id = mc.certificate
  WHERE mc.held_by = ? ORDER BY m.address, c.id`;
const PUBLISH = `
  UPDATE mailbox_certificate SET revoked_at = NULL, revoked_why = NULL, held_by = NULL
  WHERE mailbox = ? AND certificate = ?`;

/** Of a row `ca_word w`: the revocation stands (`standing` in SQL). */
export const IS_REVOKED = `w.revoked_by IS NOT NULL AND NOT (w.reason IS ${CERTIFICATE_HOLD} AND coalesce(w.good_at > w.told_at, 0))`;

const LIFTED = "its CA has lifted the hold";

interface HeldRow extends KeyNames {
  readonly address: string;
  readonly certificate: number;
  readonly held_from: "active" | "pending";
  readonly sha256: string;
}

interface HeldPublishedRow {
  readonly address: string;
  readonly mailbox: number;
  readonly certificate: number;
  readonly sha256: string;
}

export function caWordRows({ db }: Pick<Connection, "db">): CaWordRows {
  const get = db.prepare<[string], Row>(GET);
  const put = db.prepare<[Row]>(PUT);
  const wordOf = (sha256: string): CaWord => {
    const row = get.get(sha256);
    return row === undefined ? NO_WORD : word(row);
  };
  return {
    get: wordOf,
    known: (sha256s) =>
      [...new Set(sha256s)].flatMap((certificate) => {
        const row = get.get(certificate);
        return row === undefined ? [] : [{ certificate, word: word(row) }];
      }),
    join: (sha256, said) => {
      const before = wordOf(sha256);
      const after = joined(before, said);
      if (!isSame(before, after)) put.run(rowOf(sha256, after));
    },
    standing: (sha256) => standing(wordOf(sha256)),
    refuse: (sha256) => {
      const revocation = standing(wordOf(sha256));
      if (revocation === null) return;
      throw new KeybotError(
        "usage",
        "store.revoked",
        `its CA has revoked the certificate: ${keptText(revocation)}`,
        { hint: "the partner must send another certificate; only a hold is ever lifted, by the CA" },
      );
    },
  };
}

export function caWords(
  on: Connection,
  rows: {
    readonly words: CaWordRows;
    readonly holdings: HoldingRows;
    readonly keys: BarredKeyRows;
    readonly record: AuditWriter;
  },
): CaWords {
  const held = on.db.prepare<[string], HeldRow>(HELD);
  const forGood = on.db.prepare<[string]>(FOR_GOOD);
  const withdrawnForGood = on.db.prepare<[string]>(WITHDRAWN_FOR_GOOD);
  const heldPublished = on.db.prepare<[string], HeldPublishedRow>(HELD_PUBLISHED);
  const publish = on.db.prepare<[number, number]>(PUBLISH);

  function lift(row: HeldRow, at: Date): ChangedHolding[] {
    const { address, sha256: certificate, held_from: to } = row;
    const holding = rows.holdings.one(address, row.certificate);
    if (holding === null || rows.keys.has(row) || rows.words.standing(certificate) !== null) return [];
    const findings = json<readonly Finding[]>(holding.findings).filter(
      ({ code }) => code !== "revocation.revoked",
    );
    const approved = holding.approved === 1;
    rows.holdings.move({ holding, to, approved, actor: ROBOT, reason: LIFTED, at, findings });
    const detail = { from: "revoked", by: "CA" };
    rows.record({
      at,
      actor: ROBOT,
      action: `certificate.${to}`,
      address,
      certificate,
      reason: LIFTED,
      detail,
    });
    return [{ certificate, address, from: "revoked", to }];
  }

  function publishAgain(row: HeldPublishedRow, at: Date): ChangedHolding[] {
    const { address, sha256: certificate } = row;
    if (rows.words.standing(certificate) !== null) return [];
    publish.run(row.mailbox, row.certificate);
    const detail = { by: "CA" };
    const action = "mailbox.certificate-published";
    rows.record({ at, actor: ROBOT, action, address, certificate, reason: LIFTED, detail });
    return [{ certificate, address, from: "revoked", to: "active" }];
  }

  return {
    caWords: (sha256s) => on.read(() => rows.words.known(sha256s)),
    noteCaWords: async (said, at) => {
      const news = await on.read(() =>
        said.filter(({ certificate, word: one }) => {
          const before = rows.words.get(certificate);
          return !isSame(before, joined(before, one));
        }),
      );
      if (news.length === 0) return [];
      return on.write(() => {
        for (const { certificate, word: one } of news) rows.words.join(certificate, one);
        return news.flatMap(({ certificate }) => {
          const revocation = rows.words.standing(certificate);
          if (revocation === null) {
            return [
              ...held.all(certificate).flatMap((row) => lift(row, at)),
              ...heldPublished.all(certificate).flatMap((row) => publishAgain(row, at)),
            ];
          }
          if (isFinal(revocation)) {
            forGood.run(certificate);
            withdrawnForGood.run(certificate);
          }
          return [];
        });
      });
    },
  };
}

function word(row: Row): CaWord {
  const { revoked_by: by, revoked_at: revoked, reason, told_at: told } = row;
  const revocation =
    by === null || revoked === null || told === null
      ? null
      : { by, revocationTime: time(revoked), reason, thisUpdate: time(told) };
  return { revocation, goodAt: timeOrNull(row.good_at) };
}

function rowOf(certificate: string, { revocation, goodAt }: CaWord): Row {
  return {
    certificate,
    revoked_by: revocation?.by ?? null,
    revoked_at: revocation === null ? null : milliseconds(revocation.revocationTime),
    reason: revocation?.reason ?? null,
    told_at: revocation === null ? null : milliseconds(revocation.thisUpdate),
    good_at: goodAt === null ? null : milliseconds(goodAt),
  };
}

function isSame(one: CaWord, other: CaWord): boolean {
  return JSON.stringify(rowOf("", one)) === JSON.stringify(rowOf("", other));
}
