import { setImmediate as turn } from "node:timers/promises";
import { checkAgainAt } from "../decide/index.ts";
import { decodeTrust, type RevocationJudgement, type TrustStore, unansweredText } from "../inspect/index.ts";
import type { Certificate, PathResult } from "../pki/index.ts";
import type { CertificateToCheck, CheckNote } from "../store/index.ts";
import { revokeIfRevoked } from "./ask-revocation.ts";
import { type Climbing, climberOf, climbing, judgedTogether, questionsOf, silence } from "./ask-stored.ts";
import { brokenBy, intermediatesOf, pathToAnchor } from "./path-to-anchor.ts";
import type { Inquirer } from "./robot.ts";
import { trustMaterialOf } from "./trust-material.ts";

/** Certificates that are taken from the database at a time; their groups are made among them. */
const TAKEN = 256;

/** For so long nobody else takes them: longer than a go may last after it has taken them. */
const TAKEN_FOR_MS = 10 * 60_000;

/** Groups that are asked about at a time: mail that comes in meanwhile wants the judge too, and a CA no crowd. */
const SIDE_BY_SIDE = 5;

/** Certificates of one CA with one CRL that are judged together: one message to the judge, and one transaction. */
const TOGETHER = 64;

/**
 * A go begins nothing more after this long; what is left is due at the next one. Less than the five minutes of the
 * default schedule, so that one whose work is never done still makes a go of every tick.
 */
const LONGEST_MS = 4 * 60_000;

/**
 * Asks CAs again about certificates in use, partners' and the company's own, the longest unchecked first (PRODUCT §3 6.),
 * until nothing is due or its time is over. One that its CA has revoked is revoked here, so that nobody encrypts to it any
 * more; no answer changes nothing, is noted, and is asked for again soon. One without a path is the admin's news, not
 * checked. Several processes at once share the work.
 * @returns how many certificates were revoked
 * @throws KeybotError when the database fails
 */
export async function recheck(robot: Inquirer, signal: AbortSignal): Promise<number> {
  if (robot.policy.certificates.revocation === "off") return 0;
  const { store } = robot;
  const material = await trustMaterialOf(store, robot.policy);
  const endsAt = performance.now() + LONGEST_MS;
  const goesOn = () => !signal.aborted && performance.now() < endsAt;
  await store.forgetAnswers(robot.now());
  let trust: TrustStore | null = null;
  let revoked = 0;
  while (goesOn()) {
    const now = robot.now();
    const due = await store.takeDueChecks(now, new Date(now.getTime() + TAKEN_FOR_MS), TAKEN);
    if (due.length === 0) break;
    robot.judge.bench(robot.policy, material);
    trust ??= decodeTrust(material);
    revoked += await new Go(robot, trust, signal, goesOn).check(due);
  }
  return revoked;
}

/** A certificate on its way through a go. */
interface Checking extends Climbing {
  readonly tries: number;
}

/** What was taken together. */
class Go {
  readonly #robot: Inquirer;
  readonly #trust: TrustStore;
  readonly #signal: AbortSignal;
  readonly #goesOn: () => boolean;

  constructor(robot: Inquirer, trust: TrustStore, signal: AbortSignal, goesOn: () => boolean) {
    this.#robot = robot;
    this.#trust = trust;
    this.#signal = signal;
    this.#goesOn = goesOn;
  }

  /** @returns how many certificates were revoked */
  async check(due: readonly CertificateToCheck[]): Promise<number> {
    const climbed: Checking[] = [];
    await this.#each(due, async (one) => {
      const checking = await this.#climb(one);
      if (checking !== null) climbed.push(checking);
    });
    let revoked = 0;
    await this.#each(groupsOf(climbed), async (group) => {
      // Not in one statement: others add to it while this one waits.
      const more = await this.#ask(group);
      revoked += more;
    });
    return revoked;
  }

  /** A few at a time, in order; none is begun after the end. */
  async #each<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
    const left = [...items].reverse();
    const worker = async () => {
      for (let item = left.pop(); item !== undefined && this.#goesOn(); item = left.pop()) {
        // A path is computed in one piece: between two of them mail has its turn.
        await turn();
        await work(item);
      }
    };
    await Promise.all(Array.from({ length: SIDE_BY_SIDE }, worker));
  }

  /** The path of a certificate; null without one, which is noted. */
  async #climb({
    certificate: { der, sha256 },
    chain,
    address,
    noPath,
    tries,
  }: CertificateToCheck): Promise<Checking | null> {
    const robot = this.#robot;
    const climber = climberOf({ sha256, der, chain, address });
    if (climber === null) {
      await noteNobody(robot, sha256);
      return null;
    }
    const strangers = robot.desk.strangersBudget(this.#signal);
    try {
      const { result, beside } = await pathToAnchor(robot, this.#trust, climber, strangers);
      // The database may be closed by now.
      if (this.#signal.aborted) return null;
      const found = climbing({ ...climber, beside }, result);
      if (found === null) {
        await noteNoPath(robot, climber.certificate, result, noPath);
        return null;
      }
      const above = intermediatesOf(result);
      if (noPath || (above.length > 0 && !isSame(above, chain))) await robot.store.notePath(sha256, above);
      return { ...found, tries };
    } finally {
      strangers.close();
    }
  }

  /** @returns how many certificates were revoked */
  async #ask(group: readonly Checking[]): Promise<number> {
    const robot = this.#robot;
    const asked = group.filter((one) => questionsOf(one).some(({ named }) => named));
    const budget = robot.desk.budget(this.#signal);
    try {
      const judged = asked.length === 0 ? [] : await judgedTogether(robot, this.#trust, asked, budget);
      if (this.#signal.aborted) return 0;
      const said = new Map((judged ?? []).map((one) => [one.certificate, one]));
      const notes: CheckNote[] = [];
      let revoked = 0;
      for (const one of group) {
        const judgement = asked.includes(one)
          ? (said.get(one.certificate.sha256) ?? silence(one))
          : nobodyNamed(one);
        if (await revokeIfRevoked(robot, judgement)) revoked += 1;
        notes.push(this.#noteOn(one, judgement));
      }
      await robot.store.noteChecks(notes, robot.now());
      return revoked;
    } finally {
      budget.close();
    }
  }

  #noteOn({ tries }: Checking, judgement: RevocationJudgement): CheckNote {
    const { certificate, answer } = judgement;
    const unanswered = unansweredText(judgement);
    const next = checkAgainAt(this.#robot.now(), unanswered === null ? 0 : tries + 1);
    return { certificate, answer, unanswered, next };
  }
}

/** Nobody on the path is named whom one could ask: nothing is known, and nobody is silent. */
function nobodyNamed(one: Climbing): RevocationJudgement {
  return { ...silence(one), silent: [] };
}

/**
 * Certificates of one CA that name the same CRLs and no OCSP responder are asked about together: one list tells of all of
 * them. A responder is asked about each certificate by itself, and each has the requests of a message for it.
 */
function groupsOf(climbed: readonly Checking[]): readonly (readonly Checking[])[] {
  const open = new Map<string, Checking[]>();
  const groups: Checking[][] = [];
  for (const one of climbed) {
    const [question] = questionsOf(one);
    const alone = question !== undefined && question.ocsp.length > 0;
    const above = one.path.slice(1).map(({ sha256 }) => sha256);
    const name = JSON.stringify([above, question?.crls ?? [], question?.deltas ?? []]);
    const group = alone ? undefined : open.get(name);
    if (group !== undefined && group.length < TOGETHER) {
      group.push(one);
      continue;
    }
    const begun = [one];
    groups.push(begun);
    if (!alone) open.set(name, begun);
  }
  return groups;
}

function isSame(a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean {
  return (
    a.length === b.length &&
    a.every((der, index) => Buffer.compare(der, b[index] ?? der.subarray(0, 0)) === 0)
  );
}

/** A certificate for which no path was found is looked at again sooner: its CA's server may have been out of reach. */
const WITHOUT_PATH_MS = 6 * 60 * 60 * 1000;

/** Without a path there is no CA whose word counts, and a certificate that is used is not checked: the admin must know. */
async function noteNoPath(
  robot: Inquirer,
  { sha256 }: Certificate,
  result: PathResult,
  before: boolean,
): Promise<void> {
  const broken = brokenBy(result);
  // Nobody stands above one who issued his own certificate, and a person has decided about it.
  if (broken === null || broken.code === "path.self-signed") return noteNobody(robot, sha256);
  const at = robot.now();
  await robot.store.noteNoPath(sha256, broken.code, at, new Date(at.getTime() + WITHOUT_PATH_MS));
  robot.log[before ? "debug" : "warn"]("recheck.no-path", {
    certificate: sha256,
    code: broken.code,
    detail: broken.detail,
  });
}

/** There is nobody to ask: looked at again in a day. */
async function noteNobody({ store, now }: Inquirer, certificate: string): Promise<void> {
  const at = now();
  await store.noteChecks([{ certificate, answer: null, unanswered: null, next: checkAgainAt(at, 0) }], at);
}
