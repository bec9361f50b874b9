import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { requestLetter } from "../letter.ts";
import { excerpt } from "../received.ts";
import type { Stage } from "../stage.ts";

/** One mail asks for two mailboxes' certificates. */
export async function request(stage: Stage): Promise<void> {
  const { cast, show, checks, shell } = stage;
  const mailboxes = [cast.anna, cast.claims];
  show.heading("Alice asks for two mailboxes' certificates");
  show.say(
    "She writes one empty mail to both. Dovecot gives the robot a copy of each mailbox's mail (a Sieve script); " +
      "to the robot these are two requests, and each is answered with that mailbox's certificate.",
  );
  const letter = requestLetter(
    cast.alice,
    mailboxes.map(({ address }) => address),
  );
  await stage.send(letter);
  const replies = await stage.replies(letter, mailboxes.length);
  checks.check("two answers", replies.length, 2);
  for (const { address, identity } of mailboxes) {
    const reply = replies.find(({ text }) => text.includes(address));
    if (reply !== undefined && address === cast.anna.address) show.quote(excerpt(reply, "Guten Tag", 16));
    const names = reply?.files.map(({ name }) => name);
    const certificate = reply?.files.find(({ name }) => name.endsWith(".cer"))?.bytes;
    checks.check(
      `one brings the files of ${address} and no others`,
      names,
      ["p7b", "pem", "cer"].map((kind) => `${fileName(address)}.${kind}`),
    );
    checks.check("the certificate is the published one, byte for byte", certificate?.equals(identity.der));
    for (const { name, bytes } of reply?.files ?? []) writeFileSync(join(shell.folder, name), bytes);
  }
  show.say("OpenSSL takes what came, and finds the path to the public CA:");
  const file = fileName(cast.anna.address);
  await shell.run(`openssl pkcs7 -inform DER -in ${file}.p7b -print_certs -out path.pem`);
  const verified = await shell.run(
    `openssl verify -purpose smimeencrypt -CAfile public-root.pem \\\n-untrusted path.pem ${file}.pem`,
  );
  checks.check("it is good for encrypting mail", verified, `${file}.pem: OK\n`);
}

/** What keybot calls the files of a mailbox. */
function fileName(address: string): string {
  return address.replace("@", "_at_");
}
