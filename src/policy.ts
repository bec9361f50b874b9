/**
 * Policy: what one installation accepts and how it answers, as frozen data.
 *
 * `config/` makes it from `keybot.toml`, `keybot inspect` from its options. Every rule that an installation can
 * turn is here; a rule that is not here is the same everywhere.
 */

/** How much of something may happen: `limit` per `seconds`, as in `"5/day"`. */
export interface Rate {
  readonly limit: number;
  readonly seconds: number;
}

export interface Budget {
  readonly perAddress: Rate;
  readonly perDomain: Rate;
  readonly total: Rate;
  readonly unauthenticated: Rate;
}

/** What a switchable doubt does: `pending` asks a person, `accept` only notes it, `reject` refuses. */
export type Doubt = "accept" | "pending" | "reject";

/** Where our filter writes Authentication-Results, seen from the border's `Received`. */
export type ResultsPlace = "above" | "below";

export type MailboxSource = "auto" | "x-original-to" | "delivered-to" | "to";
export type Revocation = "off" | "soft-fail" | "hard-fail";
export type Pinning = "approved" | "first" | "off";

/** RFC 5280 §6.1.1 (c)-(g): what the path validation starts from. */
export interface InitialPolicies {
  /** Policy OIDs, or null for any-policy. */
  readonly acceptable: readonly string[] | null;
  readonly explicitPolicy: boolean;
  readonly inhibitAnyPolicy: boolean;
  readonly inhibitPolicyMapping: boolean;
}

export interface Policy {
  /** The subject that makes a mail a request, e.g. `[AXAZERTIFIKAT]`. */
  readonly tag: string;
  /** Marks of our own gateway in subjects (`[EXTERN]`), taken off at both ends before the subject is compared. */
  readonly subjectMarks: readonly string[];
  /** Own mail domains, lower case, A-labels. */
  readonly domains: readonly string[];
  /** The robot's own addresses (bare, domain in lower case). */
  readonly robot: readonly string[];
  readonly border: {
    /** Host names whose `Received` lines are ours; null believes every delivery header (`inspect` only). */
    readonly ownHosts: readonly string[] | null;
    /** CIDR networks of our own clients. */
    readonly ownNetworks: readonly string[];
    /** The authserv-ids whose Authentication-Results count; `exchange-online`: a field without one; empty: none does. */
    readonly authservIds: readonly string[];
    readonly authenticationResults: ResultsPlace;
    readonly mailboxSource: MailboxSource;
  };
  readonly certificates: {
    /** The public e-mail CAs of the trust store vouch too, not only what was added by hand. */
    readonly publicRoots: boolean;
    readonly revocation: Revocation;
    /** Days without an answer of its CA after which the admin is told of a certificate in use. */
    readonly unansweredDays: number;
    /** Issuers that a mail lacks are fetched from where its certificates say (RFC 5280 §4.2.2.1, caIssuers). */
    readonly fetchIssuers: boolean;
    readonly pin: Pinning;
    /** RFC 8550 §3 compares local parts exactly; S/MIME clients ignore ASCII case. True: exact. */
    readonly exactLocalPart: boolean;
    /** Smallest RSA modulus, in bits. */
    readonly minimumRsaBits: number;
    /** A signed part that is not the whole mail. */
    readonly partialSignature: Doubt;
    /** A signing time too far from the arrival of the mail. */
    readonly replay: Doubt;
    /** Days between signing time and arrival that are still ordinary. */
    readonly replayDays: number;
    /** New pending certificates of one organisation, or freemail address, in 24 hours before more wait or are turned away. */
    readonly pendingPerDomain: number;
    /** The same of all senders together. Who is authenticated counts apart in both. */
    readonly pendingTotal: number;
    readonly initialPolicies: InitialPolicies;
  };
  readonly replies: {
    /** Hints for near misses of the tag. */
    readonly hints: boolean;
    readonly budget: Budget;
    /** Local parts that no person reads (`mailer-daemon`, `noreply` …), lower case. */
    readonly robotLocalParts: readonly string[];
    /** Mailboxes answered in one request at most. */
    readonly mailboxesPerRequest: number;
  };
}

const DAY = 86_400;
const HOUR = 3_600;

/** The shipped defaults (PRODUCT.md §3-5); `domains` and `robot` are what an installation must name. */
export const DEFAULT_POLICY: Policy = {
  tag: "[AXAZERTIFIKAT]",
  subjectMarks: [],
  domains: [],
  robot: [],
  border: {
    ownHosts: [],
    ownNetworks: ["127.0.0.0/8", "::1/128"],
    authservIds: [],
    authenticationResults: "above",
    mailboxSource: "auto",
  },
  certificates: {
    publicRoots: true,
    revocation: "hard-fail",
    unansweredDays: 3,
    fetchIssuers: true,
    pin: "approved",
    exactLocalPart: false,
    minimumRsaBits: 2048,
    partialSignature: "pending",
    replay: "pending",
    replayDays: 14,
    pendingPerDomain: 20,
    pendingTotal: 500,
    initialPolicies: {
      acceptable: null,
      explicitPolicy: false,
      inhibitAnyPolicy: false,
      inhibitPolicyMapping: false,
    },
  },
  replies: {
    hints: true,
    budget: {
      perAddress: { limit: 5, seconds: DAY },
      perDomain: { limit: 200, seconds: HOUR },
      total: { limit: 2000, seconds: HOUR },
      unauthenticated: { limit: 100, seconds: HOUR },
    },
    robotLocalParts: [
      "mailer-daemon",
      "postmaster",
      "noreply",
      "no-reply",
      "no_reply",
      "donotreply",
      "do-not-reply",
      "do_not_reply",
      "bounce",
      "bounces",
      "listserv",
      "majordomo",
      "daemon",
      "root",
      "abuse",
      "nobody",
      "autoreply",
      "auto-reply",
    ],
    mailboxesPerRequest: 5,
  },
};
