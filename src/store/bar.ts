import { KeybotError } from "../errors.ts";
import type { AuditWriter } from "./audit.ts";
import type { BarredKeyRows, KeyNames } from "./barred-key.ts";
import type { HoldingRows, KeyHolding } from "./holding.ts";
import { mayBecome } from "./transition.ts";

/** Bars a public key. */
export interface BarRequest extends KeyNames {
  readonly actor: string;
  readonly reason: string;
  readonly at: Date;
  readonly messageKey: string | null;
}

/** The bar on public keys, together with all that hangs on it; runs inside the caller's transaction. */
export interface KeyBar {
  /** Bars a key for every address and revokes every holding of it; returns the holdings that were not revoked before. */
  bar(request: BarRequest): readonly KeyHolding[];
  /**
   * The last guard before a certificate becomes active.
   * @throws KeybotError `store.barred` (usage) for a key that is barred
   */
  refuse(key: KeyNames): void;
}

export function keyBar(keys: BarredKeyRows, holdings: HoldingRows, record: AuditWriter): KeyBar {
  return {
    bar: ({ spkiSha256, keyIdentity, actor, reason, at, messageKey }) => {
      if (keys.insert({ spkiSha256, keyIdentity, actor, reason, at })) {
        record({ at, actor, action: "key.barred", messageKey, reason, detail: { spkiSha256 } });
      }
      const hit = holdings.ofKey(keyIdentity).filter(({ status }) => mayBecome("bar", status, "revoked"));
      for (const holding of hit) {
        const { address, sha256: certificate, status } = holding;
        holdings.move({ holding, to: "revoked", approved: false, actor, reason, at });
        const detail = { from: status, spkiSha256 };
        record({
          at,
          actor,
          action: "certificate.revoked",
          address,
          certificate,
          messageKey,
          reason,
          detail,
        });
      }
      return hit;
    },
    refuse: (key) => {
      if (!keys.has(key)) return;
      throw new KeybotError(
        "usage",
        "store.barred",
        "this public key is barred here, no certificate of it can be active",
        {
          hint: "`keybot restore` lifts the bar and judges it again",
        },
      );
    },
  };
}
