import { signedLetter } from "../letter.ts";
import type { Stage } from "../stage.ts";

/** A key that is lost: nobody encrypts to it any more, and it cannot come back. */
export async function revoke(stage: Stage): Promise<void> {
  const { cast, show, checks, shell } = stage;
  const { alice } = cast;
  show.heading("Alice has lost her notebook");
  await shell.run(`keybot revoke ${alice.address} --reason 'notebook lost' --yes`);
  await shell.run(`keybot lookup ${alice.address}`, { exit: 3 });
  show.say("Whoever has the notebook can still sign. It does not help him:");
  const again = signedLetter(alice, {
    subject: "Mein Schlüssel, noch einmal",
    text: "Guten Tag,\r\nbitte nehmen Sie wieder diesen Schlüssel.\r\n",
    form: "detached",
  });
  await stage.send(again);
  const [record] = await stage.ledger([again]);
  checks.check("the revoked key is rejected", record?.outcome, "rejected");
  checks.check("and there is still none to encrypt to", await shell.records(`lookup ${alice.address}`), []);
}
