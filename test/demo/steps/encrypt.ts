import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { decryptMail } from "../../lab/openssl.ts";
import { handOver } from "../../lab/smtp-client.ts";
import type { Stage } from "../stage.ts";

const SECRET = "your claim 4711 is settled: 1,250.00 EUR.";

/** What it is all for: a mail that only the partner can read. */
export async function encrypt(stage: Stage): Promise<void> {
  const { cast, site, show, checks, shell } = stage;
  const { alice, bob, dora, claims } = cast;
  show.heading("The company writes to Alice, encrypted");
  show.say("These are the partners' certificates now:");
  await shell.run("keybot list");
  const active = addressesOf(await shell.records("list --status active"));
  checks.check(
    "three partners can be written to",
    active,
    [alice, bob, dora].map(({ address }) => address),
  );

  show.say("Any program can ask keybot for a certificate to encrypt with. Here OpenSSL does:");
  writeFileSync(join(shell.folder, "letter.txt"), `Dear Alice,\n${SECRET}\n`);
  await shell.run(`keybot lookup ${alice.address} > alice.pem`);
  await shell.run(
    "openssl cms -encrypt -aes256 -in letter.txt -out letter.eml " +
      `-from ${claims.address} \\\n-to ${alice.address} -subject 'Your claim' alice.pem`,
  );
  await shell.run("head -9 letter.eml");

  const mail = shell.file("letter.eml");
  const before = (await site.partnerInbox(alice.address)).length;
  await submit(stage, claims.address, alice.address, mail);
  const inbox = await site.partnerInbox(alice.address);
  const arrived = inbox.at(-1)?.raw ?? Buffer.alloc(0);
  show.say("It goes out through the company's own server.");
  checks.check("it lies in Alice's inbox", inbox.length, before + 1);
  checks.check("and does not show what it says", !arrived.includes("4711"));
  show.say("Alice opens it with her private key:");
  writeFileSync(join(shell.folder, "inbox.eml"), arrived);
  copyFileSync(alice.identity.keyFile, join(shell.folder, "alice.key"));
  const read = await shell.run("openssl cms -decrypt -in inbox.eml -inkey alice.key");
  checks.check("she reads what was written", read.includes(SECRET));
  checks.check(
    "Bob cannot",
    opens(() => decryptMail(arrived, bob.identity)),
    false,
  );
}

// As a colleague's mail program would: by submission, with STARTTLS and AUTH.
async function submit({ site }: Stage, from: string, to: string, raw: Buffer): Promise<void> {
  const port = site.postfix?.submissionPort ?? site.sink?.port ?? 0;
  const login = { user: from, password: site.passwordOf(from) };
  const crlf = raw.toString("latin1").replace(/\r?\n/g, "\r\n");
  const [reply] = await handOver({
    port,
    from,
    to: [to],
    raw: Buffer.from(crlf, "latin1"),
    startTls: true,
    login,
  });
  if (reply?.code !== 250) throw new Error(`refused at submission: ${reply?.code} ${reply?.text}`);
}

function opens(decrypt: () => Buffer): boolean {
  try {
    decrypt();
    return true;
  } catch {
    return false;
  }
}

function addressesOf(records: readonly unknown[]): readonly string[] {
  return records.flatMap((record) => (record as { addresses: readonly string[] }).addresses).sort();
}
