import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROBOT } from "../lab/site.ts";
import type { Stage } from "./stage.ts";

/** Prints what to do in a second terminal while everything runs; each line works as it stands. */
export function invite({ site, show, shell, cast }: Stage): void {
  const { alice, bob, claims } = cast;
  const send = `node --import tsx test/demo/send.ts ${site.postfix?.port ?? site.sink?.port}`;
  writeFileSync(join(shell.folder, "bob.pem"), bob.identity.pem);
  copyFileSync(bob.identity.keyFile, join(shell.folder, "bob.key"));
  const block = (title: string, ...lines: readonly string[]): void => {
    show.gap();
    for (const line of [`# ${title}`, ...lines]) show.output(line);
  };

  show.say("Everything runs on, until Ctrl-C. In a second terminal, in this folder:");
  block(
    "what the robot knows, and what it did",
    `export KEYBOT_CONFIG=${site.configFile}`,
    "bin/keybot list",
    "bin/keybot log",
  );
  block(
    "ask for a certificate",
    `printf 'From: ${alice.address}\\nTo: ${claims.address}\\nSubject: [AXAZERTIFIKAT]\\n\\n' |`,
    `  ${send}`,
  );
  block(
    "send a signed mail",
    `W=${shell.folder}`,
    "echo 'My key is in the signature.' |",
    "  openssl cms -sign -text -signer $W/bob.pem -inkey $W/bob.key -certfile $W/issuing-ca.pem \\",
    `    -from ${bob.address} -to ${ROBOT} -subject 'My key' |`,
    `  ${send}`,
  );
  block(
    "read a partner's inbox, and the robot's folders",
    `D=${site.dovecot.configFile}`,
    `doveadm -c $D fetch -u ${alice.address} text all`,
    `doveadm -c $D fetch -u ${ROBOT} 'mailbox hdr.subject' all`,
  );
  show.say("What the robot says:");
}
