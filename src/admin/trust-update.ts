import { KeybotError } from "../errors.ts";
import { isProblem, parseCertificate } from "../pki/index.ts";
import type { Store, TrustEntry, TrustReplacement } from "../store/index.ts";
import type { Change } from "./change.ts";
import type { ListedRoot, RootList } from "./root-list.ts";

/** What a list of public CAs would change, before it does. */
export interface TrustUpdate {
  readonly list: RootList;
  /** CAs that are not trusted yet. */
  readonly coming: readonly ListedRoot[];
  /** Public CAs whose last day the list tells otherwise. */
  readonly changing: readonly { readonly root: ListedRoot; readonly before: Date | null }[];
  /** Public CAs that the list does not trust. */
  readonly going: readonly GoingRoot[];
  /** Public CAs that stay as they are. */
  readonly staying: number;
  /** CAs of the list that somebody added by hand, with his domains: they stay as he said. */
  readonly own: readonly ListedRoot[];
  /** What a person should know before he says yes, in sentences. */
  readonly warnings: readonly string[];
}

export interface GoingRoot {
  readonly sha256: string;
  readonly subject: string;
}

/**
 * Holds a list of public CAs against the trust store. Changes nothing.
 * @param options.force take a list also when it would throw out more than half of the public CAs
 * @throws KeybotError `usage` when it would: a list that was cut off, or somebody's own, must not pass for Mozilla's
 */
export async function planTrustUpdate(
  store: Store,
  list: RootList,
  options: { readonly force: boolean },
): Promise<TrustUpdate> {
  const entries = new Map((await store.listTrust()).map((entry) => [entry.sha256, entry]));
  const present = [...entries.values()].filter(({ origin }) => origin === "public");
  const listed = new Set(list.roots.map(({ certificate }) => certificate.sha256));
  const going = present.filter(({ sha256 }) => !listed.has(sha256));
  if (!options.force && going.length * 2 > present.length) throw tooFew(list, present.length, going.length);
  const known = list.roots.flatMap((root) => {
    const entry = entries.get(root.certificate.sha256);
    return entry === undefined ? [] : [{ root, entry }];
  });
  const shared = known.filter(({ entry }) => entry.origin === "public");
  const changing = shared.filter(({ root, entry }) => !sameTime(root.distrustAfter, entry.distrustAfter));
  return {
    list,
    coming: list.roots.filter(({ certificate }) => !entries.has(certificate.sha256)),
    changing: changing.map(({ root, entry }) => ({ root, before: entry.distrustAfter })),
    going: going.map(({ sha256, der }) => ({
      sha256,
      subject: certificatesIn([der])[0]?.subject.text ?? "",
    })),
    staying: shared.length - changing.length,
    own: known.filter(({ entry }) => entry.origin === "own").map(({ root }) => root),
    warnings: warningsAbout(list, present),
  };
}

/**
 * Makes the public CAs be those of the list. Own CAs stay as they are, and what was switched off stays off. The audit
 * trail keeps each CA that comes, changes and goes, and the list, also when it changes nothing.
 */
export async function applyTrustUpdate(
  store: Store,
  { list }: Pick<TrustUpdate, "list">,
  change: Change,
): Promise<TrustReplacement> {
  const items = list.roots.map(({ certificate, distrustAfter }) => ({
    der: certificate.der,
    kind: "anchor" as const,
    origin: "public" as const,
    domains: null,
    distrustAfter,
  }));
  return store.replaceTrust("public", items, change, list.list);
}

function warningsAbout({ roots, unreadable }: RootList, present: readonly TrustEntry[]): readonly string[] {
  const [theirs, ours] = [
    newest(roots.map(({ certificate }) => certificate)),
    newest(certificatesIn(present.map(({ der }) => der))),
  ];
  return [
    ...unreadable.map((label) => `${label} is left out: its certificate cannot be read`),
    // certdata.txt tells no date; when its last CA was made does.
    ...(theirs !== null && ours !== null && theirs < ours
      ? [
          `this list looks older than the one that is loaded: its newest CA is of ${day(theirs)}, there it is of ${day(ours)}`,
        ]
      : []),
  ];
}

function newest(certificates: readonly { readonly notBefore: Date }[]): Date | null {
  return certificates.reduce<Date | null>(
    (latest, { notBefore }) => (latest === null || notBefore > latest ? notBefore : latest),
    null,
  );
}

function certificatesIn(ders: readonly Uint8Array[]) {
  return ders.flatMap((der) => {
    const certificate = parseCertificate(der);
    return isProblem(certificate) ? [] : [certificate];
  });
}

function sameTime(a: Date | null, b: Date | null): boolean {
  return a?.getTime() === b?.getTime();
}

function day(time: Date): string {
  return time.toISOString().slice(0, 10);
}

function tooFew({ roots }: RootList, present: number, going: number): KeybotError {
  return new KeybotError(
    "usage",
    "admin.root-list",
    `the list names ${roots.length} and would throw out ${going} of the ${present} public CAs; nothing was changed`,
    { hint: "it may be cut off or another list; --force takes it all the same" },
  );
}
