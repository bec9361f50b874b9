import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openVoice } from "../../src/cli/installation.ts";
import { loadConfig } from "../../src/config/index.ts";
import { viewQuery } from "../../src/decide/index.ts";
import { decodeTrust } from "../../src/inspect/index.ts";
import { decideAndRender } from "../../src/robot/answer.ts";
import { gather } from "../../src/robot/gather.ts";
import { ledgerMessage } from "../../src/robot/ledger-message.ts";
import { connection } from "../../src/store/connection.ts";
import { openDatabase } from "../../src/store/driver.ts";
import { assemble, databaseFile } from "../../src/store/open.ts";
import { NOON, Office, validity } from "../cli/office.ts";
import { requestMail } from "../lab/mail.ts";

/** What is asked for, all of one length, so that no line breaks elsewhere. */
const ASKED = {
  "an address that does not exist": "nobody@company.example",
  "another one": "no-one@company.example",
  "a mailbox whose only certificate has lapsed": "lapsed@company.example",
  "a mailbox whose certificate begins tomorrow": "future@company.example",
  "a mailbox whose certificate was withdrawn": "undone@company.example",
  "an alias of the lapsed one": "old-un@company.example",
} as const;
const HAS_ONE = "claims@company.example";

interface Answer {
  /** The reply's bytes, with `ADDRESS` for what was asked and `ID` for its Message-ID. */
  readonly mail: string;
  /** Every statement that the database executed, its values left out. */
  readonly statements: readonly string[];
}

describe("an unknown address and one without a certificate (PRODUCT §4)", () => {
  let office: Office;
  let asks = 0;
  const answers = new Map<string, Answer>();

  beforeAll(async () => {
    office = new Office();
    const publish = async (address: string, from: number, to: number) => {
      const signer = office.certificate(address, validity(from * 86_400_000, to * 86_400_000));
      await office.output(["mailbox", "add", address, office.file(`${address}.pem`, signer.pem), "--force"], {
        // A certificate that lapsed was good when it was published.
        now: new Date(NOON.getTime() + (from + 1) * 86_400_000),
      });
      return signer.sha256;
    };
    await publish("lapsed@company.example", -30, -1);
    await publish("future@company.example", 1, 30);
    await publish(HAS_ONE, -1, 30);
    const undone = await publish("undone@company.example", -1, 30);
    await office.output(["mailbox", "remove", "undone@company.example", undone, "--yes"]);
    await office.output(["mailbox", "alias", "lapsed@company.example", "old-un@company.example"]);
    // The first one fills tables that were empty; it is not compared.
    await ask("warmup@company.example");
    for (const address of [...Object.values(ASKED), HAS_ONE]) answers.set(address, await ask(address));
  });
  afterAll(() => office?.close());

  /** One request through reading, deciding, rendering and the commit, on a database that tells what it does. */
  async function ask(...mailboxes: readonly string[]): Promise<Answer> {
    asks += 1;
    const statements: string[] = [];
    const db = openDatabase(databaseFile(join(office.folder, "state")), {
      verbose: (sql) => statements.push(String(sql)),
    });
    const store = assemble(connection(db));
    try {
      const config = await loadConfig(join(office.folder, "keybot.toml"), {});
      const raw = requestMail({
        from: `asks-${asks}@partner.example`,
        to: mailboxes.join(", "),
        messageId: "<1@partner.example>",
        date: NOON,
      });
      const trust = decodeTrust({ version: 0, anchors: [], intermediates: [], crls: null });
      const bench = { policy: config.policy.certificates, trust, at: NOON, internalDate: NOON };
      const { evidence, key } = gather(raw, config.policy, bench);
      const voice = await openVoice(config, store);
      statements.length = 0;
      let mail = "";
      await store.commitMessage(
        {
          key,
          query: viewQuery(evidence, config.policy),
          message: ledgerMessage(evidence),
          certificates: [],
          at: NOON,
        },
        (view) => {
          const decision = decideAndRender(evidence, key, view, config.policy, voice, NOON);
          for (const { bytes, messageId } of decision.replies) {
            mail += Buffer.from(bytes).toString("latin1").replaceAll(messageId, "ID");
          }
          return decision;
        },
      );
      const [address = ""] = mailboxes;
      return {
        mail: mail.replaceAll(address, "ADDRESS").replaceAll(`asks-${asks}@`, "asks@"),
        statements: statements.map(withoutValues),
      };
    } finally {
      await store.close();
    }
  }

  it.each(Object.entries(ASKED))("%s: the same bytes but for the address", (_, address) => {
    const { mail } = answers.get(address) ?? { mail: "" };
    expect(mail).toContain("ADDRESS");
    expect(mail).toBe(answers.get(ASKED["an address that does not exist"])?.mail);
  });

  it.each(Object.entries(ASKED))("%s: the same look-ups, in the same order", (_, address) => {
    const { statements } = answers.get(address) ?? { statements: [] };
    expect(statements.length).toBeGreaterThan(5);
    expect(statements).toEqual(answers.get(ASKED["an address that does not exist"])?.statements);
  });

  it("a mailbox that has one is another matter: other bytes, and its issuers are looked up", () => {
    const one = answers.get(HAS_ONE);
    const none = answers.get(ASKED["an address that does not exist"]);
    expect(one?.mail).not.toBe(none?.mail);
    expect(one?.statements.length).toBeGreaterThan(none?.statements.length ?? 0);
  });

  it("at most five mailboxes of a request are looked up and answered", async () => {
    const many = Array.from({ length: 7 }, (_, n) => `mbox-${n}@company.example`);
    const { mail, statements } = await ask(...many);
    const named = many.filter((address, n) => mail.includes(n === 0 ? "ADDRESS" : address));
    expect(named).toEqual(many.slice(0, 5));
    const one = answers.get(ASKED["an address that does not exist"])?.statements ?? [];
    expect(statements.length - one.length).toBe(4);
  });
});

/** The driver tells statements with the values that were bound. */
function withoutValues(sql: string): string {
  return sql
    .replace(/'(?:[^']|'')*'/g, "?")
    .replace(/x'[0-9a-f]*'/gi, "?")
    .replace(/\b\d+(\.\d+)?\b/g, "?")
    .replace(/\s+/g, " ")
    .trim();
}
