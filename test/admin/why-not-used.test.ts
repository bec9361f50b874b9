import { describe, expect, it } from "vitest";
import { type Usable, whyNotUsed } from "../../src/admin/why-not-used.ts";
import { finding } from "../../src/inspect/index.ts";

const NOW = new Date("2026-06-01T12:00:00Z");

const good: Usable = {
  status: "active",
  notBefore: new Date("2026-01-01T00:00:00Z"),
  notAfter: new Date("2027-01-01T00:00:00Z"),
  usage: { sign: true, encrypt: true },
  barred: false,
  reason: null,
  findings: [finding("revocation.unnamed")],
};

const ROWS: readonly (readonly [name: string, differs: Partial<Usable>, why: string | null])[] = [
  ["active, valid and for encryption", {}, null],
  ["approved by hand, with a reason", { reason: "compared by telephone" }, null],
  ["valid to this second (RFC 5280 §4.1.2.5: the end belongs to it)", { notAfter: NOW }, null],
  ["from this second on", { notBefore: NOW }, null],
  ["expired", { status: "expired", notAfter: new Date("2026-05-31T23:59:59Z") }, "expired on 2026-05-31"],
  ["not valid yet", { notBefore: new Date("2026-06-02T00:00:00Z") }, "not valid before 2026-06-02"],
  ["sign-only", { usage: { sign: true, encrypt: false } }, "its key cannot encrypt"],
  ["active under a barred key", { barred: true }, "its public key is barred"],
  [
    "revoked by key",
    { status: "revoked", barred: true, reason: "key lost" },
    "revoked: its public key is barred (key lost)",
  ],
  ["revoked, the bar lifted since", { status: "revoked", reason: null }, "revoked"],
  [
    "pending for a finding",
    { status: "pending", findings: [finding("path.unknown-ca", "the path ends in CN=X")] },
    "pending: a person must decide (path.unknown-ca: the path ends in CN=X)",
  ],
  [
    "rejected for a finding",
    { status: "rejected", findings: [finding("signature.none"), finding("cert.expired", "over")] },
    "rejected (cert.expired: over)",
  ],
  [
    "rejected by a person",
    { status: "rejected", reason: "nobody by that name" },
    "rejected (nobody by that name)",
  ],
  ["rejected without a reason", { status: "rejected", findings: [] }, "rejected"],
];

describe("why a certificate is not used", () => {
  it.each(ROWS)("%s", (_name, differs, why) => {
    expect(whyNotUsed({ ...good, ...differs }, NOW)).toBe(why);
  });
});
