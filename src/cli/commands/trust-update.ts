import type { Command } from "commander";
import {
  applyTrustUpdate,
  type ListedRoot,
  planTrustUpdate,
  type RootList,
  readRootList,
  type TrustUpdate,
} from "../../admin/index.ts";
import { escapeControl } from "../../log.ts";
import type { TrustList } from "../../store/index.ts";
import { changeNow } from "../actor.ts";
import type { Context } from "../context.ts";
import { examples } from "../examples.ts";
import { notConfirmed } from "../exit.ts";
import { fetchList, isUrl, shownUrl } from "../fetch-list.ts";
import { readInputFile } from "../input-file.ts";
import { day, printChange, short } from "../result.ts";
import { shippedRoots } from "../shipped-roots.ts";
import { withStore } from "../with-store.ts";

interface UpdateOptions {
  readonly force?: boolean;
  readonly reason?: string;
  readonly yes?: boolean;
}

/** `keybot trust update [FILE|URL]`: the public CAs become those of a list. */
export function defineUpdate(trust: Command, context: Context): void {
  trust
    .command("update")
    .argument(
      "[file|url]",
      "Mozilla's certdata.txt, a file or an https URL; without it the list that is shipped",
    )
    .description("make the public CAs be those that Mozilla trusts for e-mail; own ones stay as they are")
    .option("--force", "also when more than half of the public CAs would go")
    .option("--reason <text>", "why, for the audit trail")
    .option("--yes", "do not ask")
    .addHelpText(
      "after",
      examples(
        ["keybot trust update certdata.txt", "shows what comes and goes, and asks"],
        ["keybot trust update https://…/certdata.txt", "the same from a URL; docs/TRUST.md says which"],
        ["keybot trust update", "the list that came with keybot"],
      ),
    )
    .action((list: string | undefined, options: UpdateOptions) => update(list, options, context));
}

async function update(name: string | undefined, options: UpdateOptions, context: Context): Promise<void> {
  const list = await readList(name, context);
  await withStore(context, "make", async (store, { policy }) => {
    const planned = await planTrustUpdate(store, list, { force: options.force === true });
    if (!context.options.json)
      for (const line of preview(planned)) context.terminal.out(`${escapeControl(line)}\n`);
    for (const warning of planned.warnings)
      context.terminal.err(`keybot: warning: ${escapeControl(warning)}\n`);
    const { coming, changing, going } = planned;
    if (coming.length + changing.length + going.length > 0) {
      const yes = options.yes === true;
      if (!(await context.terminal.confirm("trust these?", { yes }))) throw notConfirmed();
    }
    await applyTrustUpdate(store, planned, changeNow(context, options.reason));
    printChange(context, resultOf(planned), recordOf(planned));
    if (!policy.certificates.publicRoots) {
      context.note("trust.public_roots is false in the configuration: no public CA vouches for anybody");
    }
  });
}

async function readList(name: string | undefined, context: Context): Promise<RootList> {
  if (name === undefined) return readRootList(await shippedRoots());
  if (!isUrl(name)) return readRootList(await readInputFile(name, context));
  return readRootList(await fetchList(name, context), shownUrl(name));
}

/** What is to be confirmed: which list it is, and each CA that comes (+), changes (~) or goes (-). */
function preview({ list, coming, changing, going }: TrustUpdate): readonly string[] {
  return [
    `${listName(list.list)} names ${counted(list.roots.length, "CA")} for e-mail`,
    ...coming.map((root) => {
      const { distrustAfter } = root;
      return `+ ${nameOf(root)}${distrustAfter === null ? "" : `, ${limitOf(distrustAfter)}`}`;
    }),
    ...changing.map(
      ({ root, before }) => `~ ${nameOf(root)}, ${limitOf(root.distrustAfter)}; was ${limitOf(before)}`,
    ),
    ...going.map(({ sha256, subject }) => `- ${subject} (${short(sha256)})`),
  ];
}

function resultOf({ coming, changing, going, staying, own }: TrustUpdate): string {
  const kept = own.length === 0 ? "" : `; ${counted(own.length, "CA")} of the list stay as added by hand`;
  if (coming.length + changing.length + going.length === 0) {
    return `nothing to change: ${counted(staying, "public CA")} trusted${kept}`;
  }
  const total = coming.length + changing.length + staying;
  return (
    `${counted(total, "public CA")} trusted: ` +
    `${coming.length} added, ${changing.length} changed, ${going.length} removed, ${staying} as before${kept}`
  );
}

function recordOf({ list, coming, changing, going, staying, own }: TrustUpdate): object {
  const changed = coming.length + changing.length + going.length > 0;
  return {
    action: changed ? "updated" : "unchanged",
    list: list.list,
    added: coming.map(rootRecord),
    changed: changing.map(({ root, before }) => ({ ...rootRecord(root), before })),
    removed: going,
    unchanged: staying,
    own: own.map(rootRecord),
  };
}

function rootRecord({ certificate, label, distrustAfter }: ListedRoot): object {
  return { sha256: certificate.sha256, label, distrustAfter };
}

function nameOf({ certificate, label }: ListedRoot): string {
  return `${label} (${short(certificate.sha256)})`;
}

function limitOf(distrustAfter: Date | null): string {
  return distrustAfter === null ? "for whatever it issues" : `for what it issued until ${day(distrustAfter)}`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** What a list calls itself, and how old it is, for a person. */
export function listName({ name, dated, sha256 }: TrustList): string {
  return dated === null ? `${name} (SHA-256 ${short(sha256)})` : `${name}, dated ${day(dated)},`;
}
