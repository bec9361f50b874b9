/** Chains with random defects, judged by keybot and by OpenSSL; every difference must be one that the table explains. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { type CertificateReport, reportOn } from "../../src/inspect/index.ts";
import { OID } from "../../src/pki/index.ts";
import { DEFAULT_POLICY } from "../../src/policy.ts";
import { type Random, randomNumbers } from "../long/mutate.ts";
import { DEFECTS, type Defect, PURPOSES, type Purpose, refuserOf } from "./chain-defects.ts";
import { type Chain, goodChain, keyPool, type Made, make, shuffled } from "./chain-draft.ts";
import { NOW } from "./path-authority.ts";
import { opensslAccepts } from "./path-openssl.ts";

/** The same chains each time, unless `KEYBOT_SEED` says otherwise. The keys differ from run to run. */
export const SEED = Number(process.env.KEYBOT_SEED ?? 20_261_123);

/** What came of one chain, for one purpose. */
interface Answer {
  readonly purpose: Purpose;
  readonly keybot: boolean;
  readonly openssl: boolean;
}

/** What came of one chain. */
export interface Compared {
  readonly report: CertificateReport;
  readonly answers: readonly Answer[];
  /** As the table of defects has it. */
  readonly expected: readonly Answer[];
}

export interface Tally {
  chains: number;
  questions: number;
  accepted: number;
  refused: number;
  otherwise: number;
}

export class Comparison {
  readonly tally: Tally = { chains: 0, questions: 0, accepted: 0, refused: 0, otherwise: 0 };
  readonly #pool = keyPool();
  readonly #folder = mkdtempSync(join(tmpdir(), "keybot-chains-"));

  constructor() {
    afterAll(() => rmSync(this.#folder, { recursive: true, force: true }));
  }

  /** A chain with these defects. */
  compare(defects: readonly Defect[], random: Random): Compared {
    const chain = this.#drafted(defects, random);
    for (const { where, change } of defects) change(where(chain, random), chain, random);
    const made = make(chain, random);
    const report = judged(made);
    const answers = PURPOSES.map((purpose) => ({
      purpose,
      keybot: accepts(report, purpose),
      openssl: opensslAccepts(this.#folder, inputOf(made), purpose),
    }));
    this.#count(answers);
    return { report, answers, expected: PURPOSES.map((purpose) => expectedOf(defects, purpose)) };
  }

  /** One line for who runs the tests. */
  get summary(): string {
    const { chains, questions, accepted, refused, otherwise } = this.tally;
    return (
      `openssl chains: ${chains} chains (seed ${SEED}), ${questions} questions, ${accepted} accepted by both, ` +
      `${refused} refused by both, ${otherwise} answered otherwise, each with its reason`
    );
  }

  /** A good chain whose end entity has the kind of key that the defects need. */
  #drafted(defects: readonly Defect[], random: Random): Chain {
    const kind = defects.find(({ leafKey }) => leafKey !== undefined)?.leafKey;
    for (;;) {
      const chain = goodChain(this.#pool, random);
      if (kind === undefined || chain.drafts[chain.drafts.length - 1]?.key.kind === kind) return chain;
    }
  }

  #count(answers: readonly Answer[]): void {
    this.tally.chains += 1;
    this.tally.questions += answers.length;
    this.tally.accepted += answers.filter(({ keybot, openssl }) => keybot && openssl).length;
    this.tally.refused += answers.filter(({ keybot, openssl }) => !keybot && !openssl).length;
    this.tally.otherwise += answers.filter(({ keybot, openssl }) => keybot !== openssl).length;
  }
}

/** Generated chains that are not as the table of defects has them; each with what it takes to make it again. */
export function surprises(comparison: Comparison, count: number): string[] {
  const wrong: string[] = [];
  for (let number = 0; number < count; number++) {
    const random = randomNumbers(SEED + number);
    const defects = drawn(random);
    const { answers, expected } = comparison.compare(defects, random);
    if (JSON.stringify(answers) === JSON.stringify(expected)) continue;
    const what = defects.map(({ id }) => id).join(", ");
    wrong.push(`KEYBOT_SEED=${SEED + number}, first chain: ${what}: ${JSON.stringify(answers)}`);
  }
  return wrong;
}

/** None to four defects, no two that share a field; the kinds of key that they need must agree. */
function drawn(random: Random): readonly Defect[] {
  const wanted = [0, 1, 1, 1, 2, 2, 3, 4][Math.floor(random() * 8)] ?? 0;
  const chosen: Defect[] = [];
  for (const defect of shuffled(DEFECTS, random)) {
    if (chosen.length >= wanted) break;
    const kinds = [...chosen, defect].flatMap(({ leafKey }) => leafKey ?? []);
    const taken = chosen.flatMap(({ fields }) => fields);
    const isFree = defect.fields.every((field) => !taken.includes(field));
    if (isFree && new Set(kinds).size < 2) chosen.push(defect);
  }
  return chosen;
}

function expectedOf(defects: readonly Defect[], purpose: Purpose): Answer {
  const refusers = defects.map((defect) => refuserOf(defect, purpose));
  return {
    purpose,
    keybot: !refusers.some((refuser) => refuser === "both" || refuser === "keybot"),
    openssl: !refusers.some((refuser) => refuser === "both" || refuser === "openssl"),
  };
}

function judged({ target, root, intermediates }: Made): CertificateReport {
  return reportOn(target, {
    role: "signer",
    address: null,
    beside: intermediates,
    encryptionBeside: false,
    trust: {
      anchors: [{ certificate: root, domains: null, distrustAfter: null }],
      intermediates: [],
      crls: null,
    },
    policy: { ...DEFAULT_POLICY.certificates, revocation: "off" },
    at: NOW,
    findings: [],
    capabilities: null,
  });
}

/** What OpenSSL calls a purpose: our path and our rules of usage together. */
function accepts({ path, findings, usage }: CertificateReport, purpose: Purpose): boolean {
  const unfit = findings.some(({ code }) => ["cert.usage", "path.usage", "cert.ca"].includes(code));
  return path.valid && !unfit && (purpose === "smimesign" ? usage.sign : usage.encrypt);
}

function inputOf({ target, root, intermediates }: Made) {
  return {
    target,
    intermediates,
    anchors: [{ certificate: root }],
    at: NOW,
    // Keybot is told none, which is any; OpenSSL wants to hear it.
    acceptablePolicies: [OID.anyPolicy],
    explicitPolicy: false,
    inhibitAnyPolicy: false,
    inhibitPolicyMapping: false,
    crls: null,
  };
}
