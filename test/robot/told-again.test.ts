import { afterAll, beforeAll, expect, it } from "vitest";
import { NOON, Office } from "../cli/office.ts";
import { plainMail, signedMail } from "../lab/mail.ts";

// How often the same is told (PRODUCT §3-4), on a real database and with the clock moved: each row sends one mail at
// each of these days, and says at which of them it was answered.

const ROBOT = "key-management@company.example";
const DMARC = "Authentication-Results: mx.company.example; dmarc=pass header.from=partner.example";
const RECEIVED =
  "Received: from mail.partner.example (mail.partner.example [192.0.2.1]) by mx.company.example (Postfix) with ESMTPS id 1; Mon, 1 Jun 2026 12:00:00 +0000";

interface Row {
  readonly what: string;
  readonly template: string;
  /** Days after noon; a fraction is a part of a day. */
  readonly sent: readonly number[];
  readonly answered: readonly number[];
  readonly mail: (office: Office, from: string) => Buffer;
}

const nearMiss: Row["mail"] = (_, from) => plainMail({ from, to: ROBOT, subject: "axazertifikat" });
const useless: Row["mail"] = (_, from) => plainMail({ from, to: ROBOT, subject: "Hello" });
const wrong: Row["mail"] = (office, from) =>
  signedMail({ from, to: ROBOT, signer: office.certificate("somebody@partner.example") });
const right: Row["mail"] = (office, from) =>
  signedMail({ from, to: ROBOT, signer: office.certificate(from.replace("+spam", "")) });

const ROWS: readonly Row[] = [
  {
    what: "a hint: once a day",
    template: "hint",
    sent: [0, 0.5, 0.99, 1, 1.99, 2.1, 3],
    answered: [0, 1, 2.1],
    mail: nearMiss,
  },
  {
    what: "how to do it right: once in 7 days",
    template: "not-usable",
    sent: [0, 1, 6.99, 7, 13.99, 14],
    answered: [0, 7, 14],
    mail: useless,
  },
  {
    what: "a rejection: once a day, three in 30 days",
    template: "rejected",
    sent: [0, 0.5, 1, 2, 3, 29.99, 30, 30.5, 31, 31.5],
    answered: [0, 1, 2, 30, 31],
    mail: wrong,
  },
  {
    what: "an acceptance of what is known: the same",
    template: "accepted",
    sent: [0, 0.5, 1, 2, 3, 29.99, 30],
    answered: [0, 1, 2, 30],
    mail: right,
  },
];

/** Noon of the day at which a row begins: the rows share one database, and time only goes on. */
let start = NOON.getTime();

let office: Office;
beforeAll(async () => {
  office = new Office();
  await office.output(["trust", "add", office.root.identity.certFile, "--any-domain"]);
});
afterAll(() => office?.close());

it.each(ROWS)("$what", async ({ template, sent, answered, mail }) => {
  const from = `${template}@partner.example`;
  expect(await answeredDays(mail(office, from), from, template, sent)).toEqual(answered);
});

it("who writes under another plus form each time is told no oftener", async () => {
  const forms = ["folded@partner.example", "folded+a@partner.example", "Folded+b@partner.example"];
  const answered: string[] = [];
  for (const from of [...forms, ...forms]) {
    // Eight hours between them.
    const mail = plainMail({ from, to: ROBOT, subject: "axazertifikat" });
    if ((await answeredDays(mail, from, "hint", [0])).length > 0) answered.push(from);
    start += 8 * 3_600_000;
  }
  expect(answered).toEqual([forms[0], forms[0]]);
});

/** Sends the mail at each of these days; returns the days at which it was answered with this template. */
async function answeredDays(
  mail: Buffer,
  from: string,
  template: string,
  days: readonly number[],
): Promise<number[]> {
  const answered: number[] = [];
  const begin = start;
  const told = async () => (await office.outbox()).filter((one) => one === `${template} ${from}`).length;
  for (const day of days) {
    const before = await told();
    // The bytes below the border make the ledger key: a mail that differs in nothing would be the same one.
    const head = Buffer.from(`${DMARC}\r\n${RECEIVED}\r\nX-Day: ${day}\r\n`);
    await office.receive(Buffer.concat([head, mail]), new Date(begin + day * 86_400_000));
    if ((await told()) > before) answered.push(day);
  }
  start = begin + Math.ceil(days.at(-1) ?? 0) * 86_400_000;
  return answered;
}
