import { KeybotError } from "../errors.ts";
import type { CertificateRole, CertificateSummary, Finding } from "../inspect/index.ts";
import { keptText } from "../pki/index.ts";
import type { AuditAction, AuditWriter } from "./audit.ts";
import type { KeyBar } from "./bar.ts";
import type { BarredKeyRows, KeyNames } from "./barred-key.ts";
import type { CaWordRows } from "./ca-word.ts";
import type { CertificateRows } from "./certificate.ts";
import type { Connection } from "./connection.ts";
import { decisive, type HoldingRow, type HoldingRows, type Offer } from "./holding.ts";
import type { OutboxRows, RenderedReply } from "./outbox.ts";
import { checkHolding, type StoredStatus } from "./transition.ts";

/** A person's decision on a certificate. */
export interface HoldingChange {
  /** SHA-256 in full. */
  readonly certificate: string;
  /** One address that holds it, or null: all of them. */
  readonly address: string | null;
  readonly status: StoredStatus;
  /** Pins the address to this key. Left out: as it was when it stays active, else false. */
  readonly approved?: boolean;
  readonly actor: string;
  readonly reason: string | null;
  readonly at: Date;
  /** What the partners are told, sent only if the change is made. */
  readonly mails: readonly RenderedReply[];
}

/** What one holding was and is. */
export interface ChangedHolding {
  readonly certificate: string;
  readonly address: string;
  readonly from: StoredStatus;
  readonly to: StoredStatus;
}

/** What became of a certificate that was judged again when its key was released. */
export interface Rejudged {
  readonly certificate: string;
  readonly address: string;
  readonly status: "active" | "pending" | "rejected";
  readonly findings: readonly Finding[];
}

/** A certificate that a person brings in, as it was judged. */
export interface ImportItem {
  readonly certificate: CertificateSummary;
  readonly chain: readonly Uint8Array[];
  readonly address: string;
  readonly status: "active" | "pending" | "rejected";
  readonly role: CertificateRole;
  readonly findings: readonly Finding[];
}

export interface ImportRequest {
  readonly items: readonly ImportItem[];
  readonly actor: string;
  /** Where they came from, for `keybot list`. */
  readonly source: string;
  readonly reason: string | null;
  readonly at: Date;
}

export type ImportCount = Readonly<Record<"active" | "pending" | "rejected" | "known" | "barred", number>>;

/** What persons change in the directory; each call is one transaction with its audit rows. */
export interface Changes {
  /**
   * Decides on a certificate under one address or all.
   * @returns the holdings whose status or approval changed; those that stood so already are left out
   * @throws KeybotError `store.no-holding` (not-found), `store.transition` or `store.barred` (usage); then nothing changes
   */
  changeHolding(change: HoldingChange): Promise<readonly ChangedHolding[]>;
  /** Bars a public key, named by one of its spellings, for every address and revokes every holding of it; returns those. */
  barKey(request: {
    readonly spkiSha256: string;
    readonly actor: string;
    readonly reason: string;
    readonly at: Date;
  }): Promise<readonly ChangedHolding[]>;
  /**
   * Lifts the bar; revoked holdings stay revoked but for those that were judged again.
   * @throws KeybotError `store.not-barred` (not-found)
   */
  unbarKey(request: {
    readonly spkiSha256: string;
    readonly actor: string;
    readonly reason: string | null;
    readonly at: Date;
    readonly judged: readonly Rejudged[];
  }): Promise<readonly ChangedHolding[]>;
  /**
   * Stores certificates that a person brings. Known ones only ever improve: an import never brings back what was
   * revoked or rejected by a person, and leaves out what is barred.
   * @returns how many are new in which status, were known, and were left out
   */
  importCertificates(request: ImportRequest): Promise<ImportCount>;
}

export interface ChangeRooms {
  readonly certificates: CertificateRows;
  readonly holdings: HoldingRows;
  readonly keys: BarredKeyRows;
  readonly bar: KeyBar;
  readonly words: CaWordRows;
  readonly outbox: OutboxRows;
  readonly record: AuditWriter;
}

interface Found {
  readonly id: number;
  readonly keyIdentity: string;
  readonly spkiSha256: string;
}

const NAMES = "key_identity AS keyIdentity, spki_sha256 AS spkiSha256";
const BY_SHA256 = `SELECT id, ${NAMES} FROM certificate WHERE sha256 = ?`;
const BY_SPKI = `SELECT ${NAMES} FROM certificate WHERE spki_sha256 = ? LIMIT 1`;

export function changes(on: Connection, rows: ChangeRooms): Changes {
  const bySha256 = on.db.prepare<[string], Found>(BY_SHA256);
  const bySpki = on.db.prepare<[string], KeyNames>(BY_SPKI);

  /** People name keys by the spelling that they are shown. */
  function keyOf(spkiSha256: string): KeyNames {
    return bySpki.get(spkiSha256) ?? { keyIdentity: spkiSha256, spkiSha256 };
  }

  function held(
    certificate: string,
    address: string | null,
  ): { found: Found; holdings: readonly HoldingRow[] } {
    const found = bySha256.get(certificate);
    const holdings = found === undefined ? [] : under(found.id, address);
    if (found === undefined || holdings.length === 0) {
      const where = address === null ? "" : ` under ${address}`;
      throw new KeybotError(
        "not-found",
        "store.no-holding",
        `no certificate ${certificate} is stored${where}`,
      );
    }
    return { found, holdings };
  }

  function under(id: number, address: string | null): readonly HoldingRow[] {
    if (address === null) return rows.holdings.ofCertificate(id);
    const one = rows.holdings.one(address, id);
    return one === null ? [] : [one];
  }

  function change(
    wanted: Omit<HoldingChange, "mails">,
    findings?: readonly Finding[],
  ): readonly ChangedHolding[] {
    const { certificate, status: to, actor, reason, at } = wanted;
    const { found, holdings } = held(certificate, wanted.address);
    if (to === "active") {
      rows.bar.refuse(found);
      rows.words.refuse(certificate);
    }
    const changed: ChangedHolding[] = [];
    for (const holding of holdings) {
      const { address, status: from } = holding;
      checkHolding(from, to);
      const approved = to === "active" && (wanted.approved ?? (from === to && holding.approved === 1));
      if (from === to && approved === (holding.approved === 1)) continue;
      rows.holdings.move({ holding, to, approved, actor, reason, at, findings });
      const action: AuditAction = `certificate.${to}`;
      rows.record({ at, actor, action, address, certificate, reason, detail: { from, approved } });
      changed.push({ certificate, address, from, to });
    }
    return changed;
  }

  function take(item: ImportItem, { actor, source, reason, at }: ImportRequest): Offer["status"] | null {
    const certificateId = rows.certificates.put(item.certificate);
    const { address, role } = item;
    const { findings } = item;
    // What its CA has revoked is not in use, whoever brings it.
    const revocation = rows.words.standing(item.certificate.sha256);
    const status = revocation === null ? item.status : "rejected";
    // Accepted: the chain is its valid path.
    if (status === "active") rows.certificates.putChain(certificateId, item.chain);
    const offer = { certificateId, sha256: item.certificate.sha256, address, status, role, findings };
    const why = revocation === null ? (reason ?? decisive(status, findings)) : keptText(revocation);
    return rows.holdings.offer({
      ...offer,
      reason: why,
      pendingOf: null,
      source,
      messageKey: null,
      authenticated: null,
      actor,
      at,
      believed: true,
    });
  }

  return {
    changeHolding: (wanted) =>
      on.write(() => {
        const changed = change(wanted);
        for (const mail of wanted.mails) rows.outbox.insert(mail, null, wanted.at);
        return changed;
      }),
    barKey: (request) =>
      on.write(() => {
        const revoked = rows.bar.bar({ ...request, ...keyOf(request.spkiSha256), messageKey: null });
        return revoked.map(({ sha256, address, status }) => ({
          certificate: sha256,
          address,
          from: status,
          to: "revoked" as const,
        }));
      }),
    unbarKey: ({ spkiSha256, actor, reason, at, judged }) =>
      on.write(() => {
        if (!rows.keys.remove(keyOf(spkiSha256))) {
          throw new KeybotError(
            "not-found",
            "store.not-barred",
            `the public key ${spkiSha256} is not barred`,
          );
        }
        rows.record({ at, actor, action: "key.unbarred", reason, detail: { spkiSha256 } });
        return judged.flatMap(({ certificate, address, status, findings }) =>
          change({ certificate, address, status, actor, reason, at }, findings),
        );
      }),
    importCertificates: (request) =>
      on.write(() => {
        const count = { active: 0, pending: 0, rejected: 0, known: 0, barred: 0 };
        for (const item of request.items) {
          if (rows.keys.has(item.certificate)) count.barred += 1;
          else count[take(item, request) ?? "known"] += 1;
        }
        return count;
      }),
  };
}
