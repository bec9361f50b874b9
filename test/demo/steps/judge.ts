import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { alter } from "../../lab/openssl.ts";
import { signedLetter, vacationLetter } from "../letter.ts";
import { excerpt } from "../received.ts";
import type { Letter, Stage } from "../stage.ts";

/** Four mails of four kinds: taken, waiting for a person, refused, and not answered at all. */
export async function judge(stage: Stage): Promise<void> {
  const { cast, show, checks, shell } = stage;
  show.heading("Others write as well");
  show.say(
    "Bob's program signs in the other form. Dora's certificate comes from a private CA that nobody here knows. " +
      "Carol's mail was changed on its way. And Bob's vacation responder writes, with the tag as its subject.",
  );
  const bob = signedLetter(cast.bob, {
    subject: "My key",
    text: "Hello,\r\nplease find my public key in the signature.\r\nBob\r\n",
    form: "opaque",
  });
  const dora = signedLetter(cast.dora, {
    subject: "Certificate of our clinic",
    text: "Good morning,\r\nthis is my certificate.\r\nDora Doctor\r\n",
    form: "detached",
  });
  const carol = alteredOnTheWay(
    signedLetter(cast.carol, {
      subject: "Our new certificate",
      text: "Hello,\r\nplease use this certificate from now on.\r\nCarol Cooper\r\n",
      form: "detached",
    }),
  );
  const vacation = vacationLetter(cast.bob, cast.claims.address);
  for (const letter of [bob, dora, carol, vacation]) await stage.send(letter);
  const [toBob] = await stage.replies(bob);
  const [toDora] = await stage.replies(dora);
  const [toCarol] = await stage.replies(carol);
  const records = await stage.ledger([bob, dora, carol, vacation]);

  show.say("What the ledger says of them:");
  await shell.run("keybot log");
  checks.check(
    "Bob's key is stored, Dora's waits for a person, Carol's is rejected",
    records.slice(0, 3).map(({ outcome }) => outcome),
    ["stored", "pending", "rejected"],
  );
  checks.check("the vacation responder's request is filed away", records[3]?.folder, "Unhandled");
  const bobsInbox = await stage.site.partnerInbox(cast.bob.address);
  checks.check("and never answered: Bob has one mail, about his key", bobsInbox.length, 1);
  checks.check(
    "Bob is told in both languages",
    toBob?.field("Subject"),
    "Ihr Zertifikat wurde angenommen / Your certificate was accepted",
  );

  if (toDora === undefined || toCarol === undefined) return;
  show.say("Dora reads:");
  show.quote(excerpt(toDora, "Our staff", 12));
  checks.check("no word of her unproven certificate is repeated", !/Clinic Private CA/.test(toDora.text));
  show.say("Carol reads:");
  show.quote(excerpt(toCarol, "This certificate was not accepted", 20));

  show.say("Why exactly, an admin sees without any effect on anything:");
  const { Rejected = [] } = await stage.site.robotFolders();
  writeFileSync(join(shell.folder, "carol.eml"), Rejected[0]?.raw ?? "");
  await shell.run("keybot inspect carol.eml --trust-anchor public-root.pem --domain company.example");
  checks.check("one mail lies in Rejected", Rejected.length, 1);
}

function alteredOnTheWay(letter: Letter): Letter {
  return { ...letter, raw: alter(letter.raw), form: `${letter.form}, one letter changed since` };
}
