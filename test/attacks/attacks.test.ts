import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Plan } from "../../src/decide/index.ts";
import { emptyView } from "../../src/decide/index.ts";
import { renderReply } from "../../src/reply/index.ts";
import { type Explanation, explainMessage } from "../../src/robot/explain.ts";
import { type LabFolder, openFolder } from "../lab/folder.ts";
import { reply } from "../reply/sample.ts";
import { ATTACKS, type Attack, type Expected } from "./attacks.ts";
import { ALICE, type Cast, openStage, type Stage, WORDS } from "./stage.ts";
import { TWIN, type Twin } from "./twin.ts";

let folder: LabFolder;
let stage: Stage;
const made = new Map<Twin, Buffer>();

beforeAll(() => {
  folder = openFolder();
  stage = openStage(folder.path);
  process.stdout.write(`attacks: ${ATTACKS.length} forged mails, each with its honest twin\n`);
});
afterAll(() => folder.remove());

const twinMail = (twin: Twin): Buffer => {
  const mail = made.get(twin) ?? twin.make(stage);
  made.set(twin, mail);
  return mail;
};

const judge = (mail: Buffer, attack?: Attack): Promise<Explanation> =>
  explainMessage(mail, {
    ...stage.bench(attack?.days ?? 0),
    view: async (query) => ({ ...emptyView(query), ...attack?.view?.(stage) }),
  });

const nameOf = (sha256: string): string =>
  (Object.keys(stage) as (keyof Stage)[]).find((who) => shaOf(who) === sha256) ?? "other";
const shaOf = (who: keyof Stage): string | null => {
  const actor = stage[who];
  return typeof actor === "object" && "sha256" in actor ? actor.sha256 : null;
};

/** The plan in the words of the table. */
function outcome({ evidence, plan }: Explanation) {
  const judged = plan.judged.map(({ certificate, verdict, findings }) => [
    nameOf(certificate),
    [verdict, ...serious(findings)],
  ]);
  const signature = evidence.kind === "read" ? evidence.inspection.signature : null;
  return {
    judged: Object.fromEntries(judged),
    folder: plan.actions.flatMap((action) => (action.action === "file" ? [action.folder] : []))[0],
    reply: repliesOf(plan)[0]?.template ?? null,
    signature:
      judged.length > 0 || signature === null
        ? []
        : serious([...signature.findings, ...signature.signers.flatMap(({ findings }) => findings)]),
    bars: plan.actions.flatMap((action) => (action.action === "bar" ? [nameOf(action.certificate)] : [])),
  };
}

function serious(findings: readonly { readonly code: string; readonly severity: string }[]): string[] {
  return [...new Set(findings.filter(({ severity }) => severity !== "info").map(({ code }) => code))].sort();
}

const repliesOf = (plan: Plan) =>
  plan.actions.flatMap((action) => (action.action === "reply" ? [action] : []));
const storesOf = (plan: Plan) =>
  plan.actions.flatMap((action) => (action.action === "store" ? [action] : []));

function expected({ judged, folder, reply: template, signature = [], bars = [] }: Expected) {
  return { judged, folder, reply: template, signature, bars };
}

/** What Alice really has: nothing else may ever be active under her address. */
const HERS: readonly (keyof Cast)[] = ["alice", "aliceRsa", "aliceSpare", "aliceSigns", "aliceEncrypts"];

describe("an honest mail is accepted, so that no attack is refused for a wrong reason:", () => {
  const twins = [
    ...new Map([...Object.values(TWIN), ...ATTACKS.map(({ twin }) => twin)].map((twin) => [twin.name, twin])),
  ];
  it.each(twins)("%s", async (_name, twin) => {
    const { plan } = await judge(twinMail(twin));
    const active = storesOf(plan).filter(({ status }) => status === "active");
    expect(active.map(({ certificate, address }) => [nameOf(certificate), address])).toEqual(
      twin.stores.map((who) => [who, twin.from]),
    );
  });
});

const classes = [...new Set(ATTACKS.map((attack) => attack.class))];

describe.each(classes)("%s:", (wanted) => {
  const attacks = ATTACKS.filter((attack) => attack.class === wanted);
  it.each(attacks.map((attack) => [attack.id, attack.made, attack] as const))(
    "%s: %s",
    async (_id, _made, attack) => {
      const explanation = await judge(attack.forge(twinMail(attack.twin), stage), attack);
      const { plan } = explanation;
      expect(outcome(explanation)).toEqual(expected(attack.expect));

      const address = attack.expect.address ?? ALICE;
      for (const action of [
        ...repliesOf(plan).map(({ to }) => to),
        ...storesOf(plan).map((store) => store.address),
      ]) {
        expect(action).toBe(address);
      }
      const active = storesOf(plan).filter((store) => store.address === ALICE && store.status === "active");
      for (const { certificate } of active) expect(HERS).toContain(nameOf(certificate));
      for (const { content, to } of repliesOf(plan)) {
        const { messageId, references } = { messageId: null, references: [], ...factsOf(explanation) };
        const rendered = renderReply(reply({ content, to, inReplyTo: messageId, references }));
        expect(readable(rendered)).not.toContain(WORDS);
      }
    },
  );
});

function factsOf({ evidence }: Explanation) {
  return evidence.facts ?? {};
}

/** Quoted-printable undone as far as words need it, blanks as one. */
function readable(mail: Buffer): string {
  return mail.toString("utf8").replace(/=\r\n/g, "").replace(/=3D/g, "=").replace(/\s+/g, " ");
}

it("every attack has an id of its own", () => {
  const ids = ATTACKS.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
});
