import { excerpt } from "../received.ts";
import type { Stage } from "../stage.ts";

/** What waited for a person is decided by one. */
export async function approve(stage: Stage): Promise<void> {
  const { cast, show, checks, shell } = stage;
  const { dora } = cast;
  show.heading("An admin decides about Dora's certificate");
  show.say("They have compared the fingerprint by telephone.");
  await shell.run("keybot list --status pending");
  await shell.run(`keybot approve ${dora.identity.sha256.slice(0, 16)} --reason 'compared by telephone'`);
  show.say("The running robot notices that there is something to send:");
  const mails = await stage.inbox(dora.address, 2);
  const second = mails[1];
  if (second !== undefined) show.quote(excerpt(second, "Accepted", 12));
  checks.check(
    "Dora is told that her certificate is accepted",
    second?.field("Subject"),
    "Ihr Zertifikat wurde angenommen / Your certificate was accepted",
  );
  checks.check("and told once", mails.length, 2);
}
