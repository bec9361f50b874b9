/** `npm run attacks -- FOLDER`: the forged mails and their table as files, made afresh with OpenSSL. */
import { openFolder } from "../lab/folder.ts";
import { openStage } from "./stage.ts";
import { writeAttacks } from "./write-attacks.ts";

const [target] = process.argv.slice(2);
if (target === undefined) {
  process.stderr.write("usage: npm run attacks -- FOLDER\n");
  process.exitCode = 2;
} else {
  const folder = openFolder();
  const { rows } = writeAttacks(target, openStage(folder.path));
  folder.remove();
  process.stdout.write(`${rows.length} mails and table.json in ${target}\n`);
}
