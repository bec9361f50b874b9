import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Stage } from "../stage.ts";

/** The admin tells keybot whom to trust and what the company publishes. */
export async function publish({ site, cast, show, shell, checks }: Stage): Promise<void> {
  show.heading("What the admin tells keybot");
  show.say(
    "A public CA issues certificates for e-mail; keybot is to trust it for every domain. Two mailboxes of the " +
      "company have a certificate to hand out.",
  );
  copyFileSync(site.root.identity.certFile, join(shell.folder, "public-root.pem"));
  await shell.run("keybot trust add public-root.pem --any-domain");
  for (const { name, address, identity, chain } of [cast.anna, cast.claims]) {
    const file = `${name.split(" ")[0]?.toLowerCase()}.pem`;
    writeFileSync(join(shell.folder, file), identity.pem);
    const issuers = chain.length === 0 ? "" : " issuing-ca.pem";
    for (const issuer of chain) copyFileSync(issuer, join(shell.folder, "issuing-ca.pem"));
    await shell.run(`keybot mailbox add ${address} ${file}${issuers}`);
  }
  await shell.run("keybot mailbox list");
  const mailboxes = await shell.records("mailbox list");
  checks.check("two mailboxes publish a certificate", mailboxes.length, 2);
}
