import { sameAddress, withoutPlus } from "../mail/index.ts";
import type { Policy } from "../policy.ts";
import type { MessageFacts } from "../read/index.ts";
import type { ReplyContent, Template } from "./plan.ts";
import { type Reason, reason } from "./reason.ts";
import { saidIn } from "./said.ts";
import type { PastReply, View } from "./view.ts";

/** What a rule of silence looks at. */
interface Situation {
  readonly facts: MessageFacts;
  readonly content: ReplyContent;
  /** The message makes a certificate newly active or pending. */
  readonly changes: boolean;
  readonly view: View;
  readonly policy: Policy;
  readonly now: Date;
}

/** The reason for silence, or null when the rule has nothing against a reply. */
type Rule = (situation: Situation) => Reason | null;

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/**
 * Every rule that forbids a reply (RFC 3834 §2, PRODUCT §3-5), in the order in which they are asked: who must never be
 * answered, then who was told already. The first one that holds is the reason in the ledger.
 */
const RULES: readonly Rule[] = [
  // RFC 3834 §2: automatic mail, lists, bounces, robots, our own mail.
  ({ facts }) => (facts.automatic === null ? null : reason("no-reply.automatic", facts.automatic.evidence)),
  // PRODUCT §3: without exactly one From address there is nobody to answer.
  ({ facts }) => (facts.from.kind === "one" ? null : reason("no-reply.from", facts.from.kind)),
  ({ facts }) =>
    facts.from.kind === "one" && !isOrdinary(facts.from.address) ? reason("no-reply.from", "address") : null,
  // PRODUCT §5: one of our own lists in a forged From makes us write to the whole company.
  ({ facts, policy }) => (isUnprovenColleague(facts, policy) ? reason("no-reply.own-domain") : null),
  // RFC 3834 §2: a mail that names us nowhere was not meant for us.
  ({ facts }) => (facts.addressedToUs ? null : reason("no-reply.not-addressed")),
  // PRODUCT §5: nothing is sent to an address whose authentication failed; but his own signature is the better proof, and
  // what it changed he is told.
  ({ facts, content, changes }) =>
    facts.authenticated === false && !(changes && content.template === "accepted")
      ? reason("no-reply.authentication-failed")
      : null,
  // PRODUCT §5: an answer to one of our mails, a ticket system's for example.
  // A right request after our hint is what the hint asked for (PRODUCT §4).
  ({ view, changes, facts }) =>
    (view.refersToUs && !changes && !(facts.request === "exact" && view.refersToHint)) ||
    view.refersToOtherForm.some((template) => CLOSING.has(template))
      ? reason("no-reply.refers-to-us")
      : null,
  // PRODUCT §4: hints can be switched off.
  ({ content, policy }) =>
    content.template === "hint" && !policy.replies.hints ? reason("no-reply.switched-off") : null,
  // PRODUCT §3: how to do it right is told to authenticated senders only.
  ({ content, facts }) =>
    content.template === "not-usable" && facts.authenticated !== true
      ? reason("no-reply.not-authenticated")
      : null,
  // PRODUCT §3-4: what changes nothing is not told over and over.
  toldOften,
];

/** The reason why this reply must not be sent, or null. */
export function silence(situation: Situation): Reason | null {
  for (const rule of RULES) {
    const forbidden = rule(situation);
    if (forbidden !== null) return forbidden;
  }
  return null;
}

/**
 * Replies after which a person has nothing to send us. Who acknowledges one of these from another plus form of his
 * address is a program that numbers its mails: by its new address each of them would change the directory, for ever.
 */
const CLOSING: ReadonlySet<Template> = new Set(["certificate", "no-certificate", "accepted", "pending"]);

interface Limit {
  readonly times: number;
  readonly within: number;
}

/** How often one address is told of one kind when nothing has changed. */
interface Repeats {
  /** Replies that count as of the same kind. */
  readonly same: readonly Template[];
  readonly limits: readonly Limit[];
  /** Instead, for what says the same; `limits` counts all of the kind then. */
  readonly ofSame?: readonly Limit[];
}

/** PRODUCT §3: the same once a day and three times in 30 days; a second, different failure is told, a few times. */
const SUBMISSION = {
  ofSame: [
    { times: 1, within: DAY },
    { times: 3, within: 30 * DAY },
  ],
  limits: [
    { times: 3, within: DAY },
    { times: 10, within: 30 * DAY },
  ],
};

/**
 * Pending and rejected count together: anybody can provoke them in another's name. An acceptance he cannot, so it does
 * not keep the partner from being told of a first failure. Templates that are not here have no limit.
 */
const REPEATS: Readonly<Partial<Record<Template, Repeats>>> = {
  hint: { same: ["hint"], limits: [{ times: 1, within: DAY }] },
  "not-usable": { same: ["not-usable"], limits: [{ times: 1, within: 7 * DAY }] },
  accepted: { same: ["accepted"], ...SUBMISSION },
  pending: { same: ["pending", "rejected"], ...SUBMISSION },
  rejected: { same: ["pending", "rejected"], ...SUBMISSION },
};

/**
 * An address that somebody may write from: a name with a dot behind the `@`. An address literal, a bare host
 * (RFC 5321 §4.1.3, §2.3.5) or a number that some resolvers take for an IP address (`10.0.0.5`, `0x7f.1`; no top-level
 * domain has a digit, RFC 3696 §2, but in an A-label) is a machine near us, which must not be written to for a stranger. A
 * quoted local part, or one over its 64 octets (RFC 5321 §4.5.3.1.1), holds words, which our reply would repeat to a
 * catch-all mailbox.
 */
function isOrdinary(address: string): boolean {
  const at = address.lastIndexOf("@");
  const [local, domain] = [address.slice(0, at), address.slice(at + 1)];
  return !local.startsWith('"') && Buffer.byteLength(local) <= 64 && NAMED_HOST.test(domain);
}

const NAMED_HOST = /^[^[.][^[]*\.(?:[a-z]+|xn--[a-z0-9-]+)$/i;

/**
 * A sender of an own domain whom nothing vouches for: he is not authenticated, and the mail is not known to come from
 * inside.
 */
function isUnprovenColleague({ from, authenticated, fromInside }: MessageFacts, policy: Policy): boolean {
  if (from.kind !== "one" || authenticated === true || fromInside) return false;
  return policy.domains.includes(from.address.slice(from.address.lastIndexOf("@") + 1));
}

/**
 * What changes the directory is told, however often. But a new plus form makes a change of anything, so what was told to
 * another form of the address counts all the same. An acceptance or a doubt alone can be new.
 */
function toldOften({ content, changes, view, now }: Situation): Reason | null {
  const repeats = REPEATS[content.template];
  if (repeats === undefined) return null;
  const counted = changes ? view.toldOtherForms : view.told;
  const told = counted.filter((reply) => repeats.same.includes(reply.template));
  // To other forms of the address all of it was the same: whatever a program numbers, it may number that too.
  const said = changes ? null : saidIn(content);
  const same = told.filter((reply) => said === null || (reply.said ?? said) === said);
  const isOver = (replies: readonly PastReply[], limits: readonly Limit[]) =>
    limits.some(
      ({ times, within }) =>
        replies.filter(({ at }) => now.getTime() - at.getTime() < within).length >= times,
    );
  const over = isOver(told, repeats.limits) || isOver(same, repeats.ofSame ?? []);
  return over ? reason("no-reply.told-before", `${told.length} in 30 days`) : null;
}

/** Whether an address is the robot's own, plus form or not, in any ASCII case. */
export function isRobot(address: string, policy: Policy): boolean {
  const bare = withoutPlus(address);
  return policy.robot.some((own) => sameAddress(withoutPlus(own), bare, { exactLocalPart: false }));
}
