import type { Stage } from "../stage.ts";

/** Says what runs. */
export async function introduce({ site, show }: Stage): Promise<void> {
  show.title("keybot: a company, its mail servers, four partners and the robot");
  const border =
    site.postfix === undefined
      ? "An SMTP receiver in Postfix's place (its master process needs root) and a real Dovecot"
      : "A real Postfix (mx.company.example) and a real Dovecot (imap.company.example)";
  show.say(
    `${border} run on ports of 127.0.0.1, with all their files in one temporary folder. No mail configuration of ` +
      "this machine is read or changed, and no mail leaves it. OpenSSL makes the CA, the certificates and the mails.",
  );
}
