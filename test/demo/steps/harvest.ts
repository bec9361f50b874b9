import { signedLetter } from "../letter.ts";
import { excerpt } from "../received.ts";
import type { Stage } from "../stage.ts";

/** A partner's signed mail: the robot takes the certificate and says so. */
export async function harvest(stage: Stage): Promise<void> {
  const { cast, show, checks, shell } = stage;
  const { alice } = cast;
  show.heading("Alice sends a signed mail");
  const letter = signedLetter(alice, {
    subject: "Mein öffentlicher Schlüssel",
    text: "Guten Tag,\r\nanbei mein Schlüssel.\r\nAlice Archer\r\n",
    form: "detached",
  });
  const sent = performance.now();
  await stage.send(letter);
  const [reply] = await stage.replies(letter);
  const seconds = ((performance.now() - sent) / 1000).toFixed(1);
  if (reply === undefined) return;
  show.say(`${seconds} seconds later the answer lies in Alice's own inbox:`);
  show.quote(excerpt(reply, "Guten Tag", 13));

  checks.check("the robot did not wait for its schedule, every five minutes", Number(seconds) < 10);
  const used = await shell.records(`lookup ${alice.address}`);
  checks.check(
    "her certificate is the one to encrypt to now",
    used.map((each) => (each as { sha256: string }).sha256),
    [alice.identity.sha256],
  );
  checks.check("the answer says it is one (RFC 3834)", reply.field("Auto-Submitted"), "auto-replied");
  checks.check("it has the null sender, so that nothing answers it", reply.field("Return-Path"), "<>");
  checks.check("it refers to her mail", reply.field("In-Reply-To"), letter.messageId);
  const hex = reply.text.replace(/[^0-9A-F]/g, "");
  checks.check("it names her fingerprint", hex.includes(alice.identity.sha256.toUpperCase()));
}
