import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../lab/command.ts";
import { ROBOT, type Site } from "../lab/site.ts";
import { connectTo } from "./imap.ts";

/**
 * What an admin would write instead of keybot: one file a mail, then for each `openssl cms -verify`, `openssl x509` for
 * the address and the fingerprint, and one row by the database's command. No revocation, no policy, no reply, no MOVE.
 */
const SCRIPT = `set -eu
sqlite3 "$1/keys.db" "CREATE TABLE certificate (address TEXT, fingerprint TEXT PRIMARY KEY, pem TEXT)"
for mail in "$1"/mails/*; do
  openssl cms -verify -inform SMIME -in "$mail" -CAfile "$2" -purpose smimesign -signer "$1/signer.pem" -out /dev/null 2> "$1/errors" || continue
  address=$(openssl x509 -in "$1/signer.pem" -noout -email)
  fingerprint=$(openssl x509 -in "$1/signer.pem" -noout -fingerprint -sha256)
  sqlite3 "$1/keys.db" "INSERT OR IGNORE INTO certificate VALUES ('$address', '$fingerprint', readfile('$1/signer.pem'))"
done
sqlite3 "$1/keys.db" "SELECT count(*) FROM certificate"
`;

/** Mails a second that the glue script does with the first `sample` mails of the robot mailbox, fetching included. */
export async function glueRate(site: Site, sample: number): Promise<number> {
  const folder = join(site.folder, "glue");
  mkdirSync(join(folder, "mails"), { recursive: true });
  const start = performance.now();
  const client = await connectTo(site, ROBOT);
  for await (const { uid, source } of client.fetch(`1:${sample}`, { uid: true, source: true })) {
    writeFileSync(join(folder, "mails", `${uid}.eml`), source ?? "");
  }
  await client.logout();
  const { stdout } = await run("/bin/sh", ["-c", SCRIPT, "glue", folder, site.root.identity.certFile], {
    timeout: 300_000,
  });
  const seconds = (performance.now() - start) / 1000;
  const stored = Number(stdout.toString());
  if (stored !== sample) throw new Error(`the glue script stored ${stored} certificates of ${sample}`);
  return sample / seconds;
}
