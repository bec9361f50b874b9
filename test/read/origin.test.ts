import { expect, it } from "vitest";
import { ALICE, border, FROM_OUTSIDE, factsOf, LMTP, POLICY, REINJECTED } from "./kit.ts";

const FROM_A_DESK =
  "Received: from desk.company.example (desk.company.example [10.0.0.9])\r\n\tby mx.company.example (Postfix) with ESMTPS id 7; Mon, 1 Jun 2026 12:00:00 +0200";
const FOREIGN =
  "Received: from a.example (a.example [10.0.0.9])\r\n\tby gateway.elsewhere.example with ESMTP id 8; Mon, 1 Jun 2026 12:00:00 +0200";

it.each([
  ["own servers alone handled it", [LMTP, FROM_A_DESK], POLICY, true],
  ["handed back inside", [LMTP, REINJECTED, FROM_A_DESK], POLICY, true],
  ["an own server took it in from outside", [LMTP, FROM_OUTSIDE], POLICY, false],
  ["the sender wrote a line of ours below the border", [FROM_OUTSIDE, FROM_A_DESK], POLICY, false],
  ["a server that is not named as ours", [LMTP, FOREIGN, FROM_A_DESK], POLICY, false],
  ["a foreign server on top", [FOREIGN, FROM_A_DESK], POLICY, false],
  ["no Received at all", [], POLICY, false],
  ["no own hosts", [LMTP, FROM_A_DESK], border({ ownHosts: [] }), false],
  ["every header believed (keybot inspect)", [LMTP, FROM_A_DESK], border({ ownHosts: null }), false],
] as const)("whether a mail is known to come from inside (PRODUCT §5): %s", (_, lines, policy, expected) => {
  expect(factsOf([...lines, ...ALICE], policy).fromInside).toBe(expected);
});
