/**
 * Sends the mail on standard input as a host outside the company would, to the people in its From and To:
 *
 *     … | node --import tsx test/demo/send.ts PORT
 *
 * PORT of 127.0.0.1 is where a kept demo takes mail from outside (`npm run demo -- --keep` says it).
 */
import { randomUUID } from "node:crypto";
import { buffer } from "node:stream/consumers";
import {
  fieldsNamed,
  formatDateTime,
  type Header,
  parseAddressList,
  parseHeader,
  toCrlf,
} from "../../src/mail/index.ts";
import { handOver } from "../lab/smtp-client.ts";

process.exitCode = await send(Number(process.argv[2]), toCrlf(await buffer(process.stdin)));

async function send(port: number, mail: Buffer): Promise<number> {
  const header = parseHeader(mail, 0, mail.length);
  const [from] = addresses(header, "From");
  const to = addresses(header, "To");
  if (!Number.isInteger(port) || from === undefined || to.length === 0) {
    process.stderr.write("usage: … | node --import tsx test/demo/send.ts PORT; the mail needs From and To\n");
    return 2;
  }
  const raw = Buffer.concat([Buffer.from(missingFields(header)), mail]);
  const replies = await handOver({ port, localAddress: "127.0.0.2", from, to, raw });
  for (const [index, { code, text }] of replies.entries()) {
    process.stdout.write(`${from} to ${to[index]}: ${code} ${text}\n`);
  }
  return replies.every(({ code }) => code === 250) ? 0 : 1;
}

function addresses(header: Header, name: string): readonly string[] {
  return fieldsNamed(header.fields, name).flatMap(({ body }) =>
    parseAddressList(body).mailboxes.map(({ address }) => address),
  );
}

// A mail program adds them; without them keybot could not tell a second mail from a copy of the first.
function missingFields(header: Header): string {
  const fields = { Date: formatDateTime(new Date()), "Message-ID": `<${randomUUID()}@mail.partner.example>` };
  return Object.entries(fields)
    .filter(([name]) => fieldsNamed(header.fields, name).length === 0)
    .map(([name, body]) => `${name}: ${body}\r\n`)
    .join("");
}
