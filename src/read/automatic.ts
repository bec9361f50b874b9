import { fieldsNamed, type HeaderField, parseMediaType, sameAddress, withoutPlus } from "../mail/index.ts";
import type { Policy } from "../policy.ts";
import type { AutomaticMark, AutomaticRule, From, ReturnPath } from "./facts.ts";

/** What the rules look at. */
export interface AutomaticEvidence {
  readonly header: readonly HeaderField[];
  readonly from: From;
  readonly returnPath: ReturnPath;
  readonly policy: Policy;
}

interface Rule {
  readonly rule: AutomaticRule;
  /** The header or rule in words, or null when it does not apply. */
  readonly applies: (evidence: AutomaticEvidence) => string | null;
}

/** RFC 2919, RFC 2369 §3: what list programs write, PRODUCT's four and the three others of the same standard. */
const LIST_FIELDS = [
  "List-Id",
  "List-Post",
  "List-Unsubscribe",
  "List-Help",
  "List-Subscribe",
  "List-Owner",
  "List-Archive",
];

/**
 * Every mark that makes a mail one that is never answered (RFC 3834 §2, PRODUCT §5), the plainest first.
 * A forged mark only silences its forger, so the whole header counts, not the trusted block alone.
 */
const RULES: readonly Rule[] = [
  // RFC 3834 §5: any value but `no`.
  {
    rule: "auto-submitted",
    applies: ({ header }) => field(header, "Auto-Submitted", (value) => token(value) !== "no"),
  },
  // RFC 3834 §2: the null reverse-path marks bounces; a missing Return-Path says nothing.
  {
    rule: "null-return-path",
    applies: ({ returnPath }) => (returnPath.kind === "null" ? "Return-Path: <>" : null),
  },
  // RFC 6522: delivery and disposition notifications.
  {
    rule: "multipart-report",
    applies: ({ header }) =>
      field(header, "Content-Type", (value) => parseMediaType(value)?.type === "multipart/report"),
  },
  // RFC 3834 §2: not standard, but what lists and bulk mailers write.
  {
    rule: "precedence",
    applies: ({ header }) =>
      field(header, "Precedence", (value) => ["bulk", "junk", "list"].includes(token(value))),
  },
  ...LIST_FIELDS.map(
    (name): Rule => ({ rule: "list-header", applies: ({ header }) => field(header, name, () => true) }),
  ),
  // [MS-OXCMAIL] §2.1.3.2.14: Exchange's own word for the same wish.
  {
    rule: "x-auto-response-suppress",
    applies: ({ header }) =>
      field(header, "X-Auto-Response-Suppress", (value) =>
        value.split(",").some((item) => ["all", "oof", "autoreply"].includes(token(item))),
      ),
  },
  { rule: "loop-mark", applies: ({ header }) => field(header, "X-Keybot-Loop", () => true) },
  { rule: "own-address", applies: ({ from, policy }) => ownAddress(from, policy) },
  {
    rule: "system-sender",
    applies: ({ from, returnPath, policy }) => systemSender(from, returnPath, policy),
  },
];

/** The first mark that makes the mail automatic, or null when a person may have written it. */
export function automaticMark(evidence: AutomaticEvidence): AutomaticMark | null {
  for (const { rule, applies } of RULES) {
    const found = applies(evidence);
    if (found !== null) return { rule, evidence: found };
  }
  return null;
}

function field(
  header: readonly HeaderField[],
  name: string,
  test: (value: string) => boolean,
): string | null {
  const hit = fieldsNamed(header, name).find((candidate) => test(candidate.body));
  return hit === undefined ? null : `${name}: ${hit.body.slice(0, 200)}`;
}

/** The first word of a value, without parameters and comments, lower case. */
function token(value: string): string {
  return (
    value
      .trim()
      .split(/[\s;(]/, 1)[0]
      ?.toLowerCase() ?? ""
  );
}

function ownAddress(from: From, policy: Policy): string | null {
  if (from.kind !== "one") return null;
  const address = withoutPlus(from.address);
  const ours = policy.robot.some((own) => sameAddress(withoutPlus(own), address, { exactLocalPart: false }));
  return ours ? `From: ${from.address}` : null;
}

/** RFC 3834 §2: MAILER-DAEMON, owner-*, *-request and the like are programs. */
function systemSender(from: From, returnPath: ReturnPath, policy: Policy): string | null {
  if (from.kind === "one" && isRobotLocalPart(from.address, policy)) return `From: ${from.address}`;
  if (
    returnPath.kind === "address" &&
    (isRobotLocalPart(returnPath.address, policy) || isListAddress(returnPath.address))
  ) {
    return `Return-Path: <${returnPath.address}>`;
  }
  return null;
}

/** `noreply`, and `noreply-1234` or `bounce+alice=example.com`: some senders number their robots. */
const NUMBERED = /reply|bounce/;

function isRobotLocalPart(address: string, policy: Policy): boolean {
  const local = localPartOf(address);
  return policy.replies.robotLocalParts.some(
    (name) =>
      local === name ||
      (NUMBERED.test(name) && local.startsWith(name) && /^[-+=_]/.test(local.slice(name.length))),
  );
}

function isListAddress(address: string): boolean {
  return /^owner-|-(owner|request|bounces)$/.test(localPartOf(address));
}

function localPartOf(address: string): string {
  return address.slice(0, address.lastIndexOf("@")).toLowerCase();
}
