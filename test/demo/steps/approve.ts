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
  show.say(
    "The robot sends Dora's second mail when it wakes by its schedule, within five minutes. A poll by hand, beside " +
      "it, does so at once:",
  );
  await shell.run("keybot poll");
  const [, second] = await stage.inbox(dora.address, 2);
  if (second !== undefined) show.quote(excerpt(second, "Accepted", 12));
  checks.check(
    "Dora is told",
    second?.field("Subject"),
    "Ihr Zertifikat wurde angenommen / Your certificate was accepted",
  );
}
