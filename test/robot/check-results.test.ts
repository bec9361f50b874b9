import { describe, expect, it } from "vitest";
import type { ResultsPlace } from "../../src/policy.ts";
import { judgeResults } from "../../src/robot/check-results.ts";
import { ALICE, border, FROM_OUTSIDE, LMTP, mail, REINJECTED } from "../read/kit.ts";

const results = (id: string) => `Authentication-Results: ${id}; dmarc=pass header.from=partner.example`;
const OURS = results("mx.company.example");
const NAMELESS = "Authentication-Results: spf=pass smtp.mailfrom=partner.example";
const DKIM_FILTER = "DKIM-Filter: OpenDKIM Filter v2.11.0 mx.company.example 4A1B2C";
const ABOVE = mail([OURS, FROM_OUTSIDE, ...ALICE]);
const BELOW = mail([FROM_OUTSIDE, OURS, ...ALICE]);
const FAR = mail([FROM_OUTSIDE, "X-Spamd-Bar: /", OURS, ...ALICE]);
const NONE = mail([FROM_OUTSIDE, ...ALICE]);
const INSIDE = mail([LMTP, REINJECTED, OURS, ...ALICE]);

interface Row {
  readonly heads: readonly Buffer[];
  readonly place?: ResultsPlace;
  readonly ids?: readonly string[];
  readonly state: "ok" | "warning";
  readonly says: RegExp;
  readonly mend?: RegExp;
}

// FC-43: doctor counts what it sees and names the key or the filter's setting.
describe("where our filter writes its results, as doctor sees it", () => {
  it.each<[string, Row]>([
    [
      "no mail at all",
      { heads: [], state: "ok", says: /^0 of the newest 0 mails came from outside.*cannot be seen yet$/ },
    ],
    [
      "none from outside",
      { heads: [INSIDE], state: "ok", says: /^0 of the newest 1 mails .*cannot be seen yet$/ },
    ],
    [
      "above, as configured",
      {
        heads: [ABOVE, ABOVE, NONE, INSIDE],
        state: "ok",
        says: /^3 of the newest 4 .* above the border in 2, directly below it in 0, elsewhere in 0, in 1 nowhere$/,
      },
    ],
    [
      "below, and not configured",
      {
        heads: [BELOW, BELOW],
        state: "warning",
        says: /directly below it in 2, .*; below they are not believed$/,
        mend: /if it is your filter .*strip forged ones.*authentication_results = "below"$/,
      },
    ],
    [
      "OpenDKIM tells its name",
      {
        heads: [mail([FROM_OUTSIDE, DKIM_FILTER, OURS, ...ALICE])],
        state: "warning",
        says: /below it in 1/,
        mend: /OpenDKIM and OpenDMARC from May 2026 on write above/,
      },
    ],
    [
      "rspamd tells its name",
      {
        heads: [mail([FROM_OUTSIDE, OURS, "X-Rspamd-Server: mx", ...ALICE])],
        state: "warning",
        says: /below it in 1/,
        mend: /rspamd always writes below/,
      },
    ],
    [
      "below, as configured",
      {
        heads: [BELOW, NONE],
        place: "below",
        state: "ok",
        says: /below it in 1, elsewhere in 0, in 1 nowhere$/,
      },
    ],
    [
      "above, though below is configured",
      {
        heads: [ABOVE, NONE],
        place: "below",
        state: "warning",
        says: /above the border in 1/,
        mend: /authentication_results = "above"/,
      },
    ],
    [
      "above, and forged ones below",
      { heads: [ABOVE, BELOW], state: "ok", says: /in 1, directly below it in 1,/ },
    ],
    [
      "both, and below is configured",
      { heads: [ABOVE, BELOW], place: "below", state: "ok", says: /in 1, directly below it in 1,/ },
    ],
    [
      "behind another filter's field",
      {
        heads: [FAR],
        place: "below",
        state: "warning",
        says: /elsewhere in 1, .*; they are not believed there$/,
        mend: /as the first field below it \(there stands X-Spamd-Bar\)/,
      },
    ],
    ["nowhere", { heads: [NONE], state: "warning", says: /in 1 nowhere$/, mend: /let your filter write/ }],
    [
      "another id above the border",
      {
        heads: [mail([results("filter.company.example"), FROM_OUTSIDE, ...ALICE]), NONE],
        state: "warning",
        says: /in 2 nowhere$/,
        mend: /^above the border stand results of "filter.company.example" in 1: if that is your filter, name it in requests.authserv_id$/,
      },
    ],
    [
      "another id directly below",
      {
        heads: [mail([FROM_OUTSIDE, results("filter.company.example"), ...ALICE])],
        state: "warning",
        says: /in 1 nowhere$/,
        mend: /^directly below .*"filter.company.example" in 1, which any sender can write/,
      },
    ],
    [
      "another id, and none is configured",
      {
        heads: [mail([results("mx.company.example"), FROM_OUTSIDE, ...ALICE])],
        ids: [],
        state: "warning",
        says: /came from outside$/,
        mend: /"mx.company.example" in 1: if that is your filter/,
      },
    ],
    [
      "nothing, and none is configured",
      { heads: [NONE], ids: [], state: "ok", says: /none has Authentication-Results at the border$/ },
    ],
    [
      "Exchange Online's, above",
      {
        heads: [mail([NAMELESS, FROM_OUTSIDE, ...ALICE])],
        state: "warning",
        says: /in 1 nowhere$/,
        mend: /nobody's name \(authserv_id = "exchange-online"\) in 1/,
      },
    ],
    [
      "Exchange Online's, configured",
      {
        heads: [mail([NAMELESS, FROM_OUTSIDE, ...ALICE])],
        ids: ["exchange-online"],
        state: "ok",
        says: /above the border in 1/,
      },
    ],
    [
      "Exchange Online's below: anybody can leave the name out",
      {
        heads: [mail([FROM_OUTSIDE, NAMELESS, ...ALICE])],
        state: "warning",
        says: /in 1 nowhere$/,
        mend: /let your filter write/,
      },
    ],
    [
      "a sender's results among his own fields",
      {
        heads: [mail([FROM_OUTSIDE, ...ALICE, results("mx.elsewhere.example")])],
        state: "warning",
        says: /in 1 nowhere$/,
        mend: /let your filter write/,
      },
    ],
  ])("%s", (_, { heads, place = "above", ids = ["mx.company.example"], state, says, mend }) => {
    const check = judgeResults(heads, border({ authservIds: ids, authenticationResults: place }).border);
    expect(check).toMatchObject({ name: "results", state });
    expect(check.says).toMatch(says);
    if (mend === undefined) expect(check.mend).toBeNull();
    else expect(check.mend).toMatch(mend);
  });
});
