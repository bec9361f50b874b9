import { type Crowd, crowd } from "../bench/partner.ts";
import { alter, plainMail, requestMail } from "../lab/openssl.ts";
import { ROBOT, type Site } from "../lab/site.ts";

/** What is to become of a mail. */
export interface Expected {
  readonly folder: "Processed" | "Rejected" | "Unhandled";
  /** The partner whose certificate is stored, or null. */
  readonly partner: number | null;
  readonly answered: boolean;
}

/** One mail of the mix, named by an `X-Lab` field of its own. */
export interface MixedMail {
  readonly id: string;
  readonly raw: Buffer;
  readonly expected: Expected;
}

export const MAILBOX = "anna@company.example";

/**
 * A robot's day, as often as is asked for: signed mails of ever new partners (of persons and of programs), one that was
 * altered on the way, requests, ordinary and automatic mail.
 */
export function* mixedMails(site: Site, count: number): Generator<MixedMail> {
  const keys = Array.from({ length: 4 }, () => site.ca.issue({ name: "key" }).keyFile);
  const partners = crowd(site.ca, keys);
  for (let number = 0; number < count; number++) {
    const id = `lab-${number}`;
    const kind = KINDS[number % KINDS.length];
    if (kind === undefined) return;
    const { mail, expected } = kind(partners, number);
    const named = Buffer.concat([Buffer.from(`X-Lab: ${id}\r\n`), mail]);
    yield { id, raw: named, expected };
  }
}

type Kind = (partners: Crowd, number: number) => { readonly mail: Buffer; readonly expected: Expected };

const stored = (number: number, answered: boolean): Expected => ({
  folder: "Processed",
  partner: number,
  answered,
});

const unhandled: Expected = { folder: "Unhandled", partner: null, answered: false };

const fromProgram: Kind = (partners, number) => ({
  mail: partners.mail(number),
  expected: stored(number, false),
});

const fromPerson: Kind = (partners, number) => ({
  mail: partners.mail(number, { automatic: false }),
  expected: stored(number, true),
});

const altered: Kind = (partners, number) => ({
  mail: alter(partners.mail(number)),
  expected: { folder: "Rejected", partner: null, answered: false },
});

const requested: Kind = (partners, number) => ({
  mail: requestMail({ from: partners.address(number), to: MAILBOX }),
  expected: { folder: "Processed", partner: null, answered: true },
});

const automatic: Kind = (partners, number) => ({
  mail: requestMail({
    from: partners.address(number),
    to: ROBOT,
    extraHeaders: [["Auto-Submitted", "auto-replied"]],
  }),
  expected: unhandled,
});

const ordinary: Kind = (partners, number) => ({
  mail: plainMail({
    from: partners.address(number),
    to: ROBOT,
    subject: "Hallo",
    extraHeaders: [["Precedence", "list"]],
  }),
  expected: unhandled,
});

const KINDS: readonly Kind[] = [
  fromProgram,
  fromPerson,
  requested,
  altered,
  fromProgram,
  ordinary,
  fromPerson,
  automatic,
];
