import { describe, expect, it } from "vitest";
import { Budget, NobodyAsked } from "../../src/revocation/budget.ts";
import { askInTurn, type Place } from "../../src/revocation/in-turn.ts";
import { ASK_LIMITS } from "../../src/revocation/limits.ts";

/** What a place does: nothing that helps, an answer, silence until it is ended, an answer after some silence. */
type Manner = "useless" | "answers" | "silent" | "late" | "broken";

const LIMITS = { ...ASK_LIMITS, silenceMilliseconds: 40 };

/** Asks places in turn; tells in order what was begun, answered and ended, and who was silent. */
async function course(manners: readonly Manner[], limits = LIMITS): Promise<readonly string[]> {
  const events: string[] = [];
  let enough = false;
  const places = manners.map((manner, index): Place => {
    const name = `${index + 1}`;
    return {
      url: name,
      async ask({ deadline }) {
        events.push(`ask ${name}`);
        if (manner === "broken") throw new Error("disk");
        if (manner === "silent" || manner === "late") {
          await new Promise<void>((resolve) => {
            deadline.addEventListener("abort", () => resolve(), { once: true });
            if (manner === "late") setTimeout(resolve, 150);
          });
        }
        if (deadline.aborted) events.push(`end ${name}`);
        else if (manner === "answers" || manner === "late") enough = true;
      },
    };
  });
  const budget = new Budget(limits, undefined, () => new Date());
  try {
    await askInTurn(
      places,
      budget,
      () => enough,
      (url) => events.push(`silent ${url}`),
    );
  } finally {
    budget.close();
  }
  return events;
}

describe("places that are asked in turn", () => {
  it.each<{ rule: string; manners: readonly Manner[]; events: readonly string[] }>([
    { rule: "nobody is asked after an answer", manners: ["answers", "answers"], events: ["ask 1"] },
    {
      rule: "the next is asked when one was of no use",
      manners: ["useless", "useless", "answers"],
      events: ["ask 1", "ask 2", "ask 3"],
    },
    {
      rule: "all are asked when none is of use",
      manners: ["useless", "useless"],
      events: ["ask 1", "ask 2"],
    },
    {
      rule: "beside silent ones the next is asked, and they are ended when it answers",
      manners: ["silent", "silent", "answers"],
      events: ["ask 1", "ask 2", "ask 3", "silent 1", "silent 2", "end 1", "end 2"],
    },
    {
      rule: "one of no use does not wait for a silent one",
      manners: ["silent", "useless", "answers"],
      events: ["ask 1", "ask 2", "ask 3", "silent 1", "end 1"],
    },
  ])("$rule", async ({ manners, events }) => expect(await course(manners)).toEqual(events));

  it("one that answers late still counts, beside others that are silent", async () => {
    const events = await course(["late", "silent"]);
    expect(events.filter((event) => !event.startsWith("silent"))).toEqual(["ask 1", "ask 2", "end 2"]);
  });

  it("a silent one is waited for until the message has no more time, and was silent then", async () => {
    const events = await course(["silent"], { ...LIMITS, milliseconds: 200 });
    expect(events).toEqual(["ask 1", "end 1", "silent 1"]);
  });

  it("the time that is left is shared, so that the last place is asked too", async () => {
    const events = await course(["silent", "silent", "silent", "silent", "answers"], {
      ...LIMITS,
      milliseconds: 600,
      silenceMilliseconds: 3_000,
    });
    expect(events).toContain("ask 5");
    expect(events).toContain("end 1");
  });

  it("a fault of our own surroundings passes, and ends the others", async () => {
    await expect(course(["silent", "broken"])).rejects.toThrow("disk");
  });

  it("where nobody may be asked, the first that would have to be asked ends it", async () => {
    const budget = new NobodyAsked();
    const asked: string[] = [];
    const place = (url: string): Place => ({
      url,
      async ask({ asksNobody }) {
        asked.push(url);
        if (asksNobody) budget.miss();
      },
    });
    await askInTurn(
      [place("1"), place("2")],
      budget,
      () => false,
      () => {},
    );
    expect(asked).toEqual(["1"]);
  });
});
