import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { handOver } from "../../lab/smtp-client.ts";
import { received } from "../received.ts";
import type { Stage } from "../stage.ts";

const SECRET = "Your claim 4711 is settled: 1,250.00 EUR.";

/** What it is all for: a mail that only the partner can read. */
export async function encrypt(stage: Stage): Promise<void> {
  const { cast, site, show, checks, shell } = stage;
  const { alice, bob, claims } = cast;
  show.heading("The company writes to Alice, encrypted");
  await shell.run("keybot list");
  const active = await shell.records("list --status active");
  checks.check("two partners can be written to now, Alice and Bob", addressesOf(active), [
    alice.address,
    bob.address,
  ]);

  show.say("Any program can ask keybot for the certificate; here it is OpenSSL that encrypts.");
  writeFileSync(join(shell.folder, "letter.txt"), `Dear Alice,\n${SECRET}\n`);
  await shell.run(`keybot lookup ${alice.address} > alice.pem`);
  const headers = `-from ${claims.address} -to ${alice.address} -subject 'Your claim'`;
  await shell.run(
    `openssl cms -encrypt -aes256 -in letter.txt ${headers} -out letter.eml alice.pem && grep -v : letter.eml | head -3`,
  );
  const before = (await site.partnerInbox(alice.address)).length;
  await submit(stage, "letter.eml");
  const inbox = await site.partnerInbox(alice.address);
  const arrived = inbox.at(-1)?.raw ?? Buffer.alloc(0);
  checks.check("it lies in Alice's inbox", inbox.length, before + 1);
  checks.check("nobody can read it on the way", !received(arrived).raw.includes("4711"));

  show.say("Alice opens it with her private key:");
  writeFileSync(join(shell.folder, "inbox.eml"), arrived);
  copyKeys(stage);
  const read = await shell.run("openssl cms -decrypt -in inbox.eml -inkey alice.key");
  checks.check("she reads what was written", read.includes(SECRET));
}

function addressesOf(records: readonly unknown[]): readonly string[] {
  return records.flatMap((record) => (record as { addresses: readonly string[] }).addresses).sort();
}
