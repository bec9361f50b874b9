import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  INITIAL_POLICY_GRAPH,
  type PolicyGraph,
  userConstrainedPolicies,
  withMappings,
  withPolicies,
} from "../../src/pki/policy-graph.ts";

const ANY = "2.5.29.32.0";

/** One certificate, as far as policies see it. */
interface Level {
  readonly policies: readonly string[];
  readonly anyPolicyCounts: boolean;
  readonly mappings: readonly (readonly [string, string])[];
  readonly mappingAllowed: boolean;
}

function level(policies: readonly string[], more: Partial<Level> = {}): Level {
  return { policies, anyPolicyCounts: true, mappings: [], mappingAllowed: true, ...more };
}

function graphOf(levels: readonly Level[]): PolicyGraph | null {
  return levels.reduce<PolicyGraph | null>(
    (graph, { policies, anyPolicyCounts, mappings, mappingAllowed }) => {
      const information = policies.map((oid) => ({ oid, qualifiers: null }));
      const grown = graph === null ? null : withPolicies(graph, information, anyPolicyCounts);
      const pairs = mappings.map(([issuerDomain, subjectDomain]) => ({ issuerDomain, subjectDomain }));
      return grown === null || pairs.length === 0 ? grown : withMappings(grown, pairs, mappingAllowed);
    },
    INITIAL_POLICY_GRAPH,
  );
}

function policies(levels: readonly Level[], acceptable: readonly string[] | null = null): readonly string[] {
  return [...userConstrainedPolicies(graphOf(levels), acceptable)].sort();
}

describe("certificate policies over a path (RFC 5280 §6.1, RFC 9618 §5)", () => {
  it.each<[string, readonly Level[], readonly string[]]>([
    ["the same policy all the way holds", [level(["1.1"]), level(["1.1"])], ["1.1"]],
    ["different policies leave none", [level(["1.1"]), level(["1.2"])], []],
    ["only what all have in common holds", [level(["1.1", "1.2"]), level(["1.2", "1.3"])], ["1.2"]],
    ["no policy at all", [level([]), level(["1.1"])], []],
    ["anyPolicy above lets the CA below choose", [level([ANY]), level(["1.1"])], ["1.1"]],
    ["anyPolicy below takes over what was above", [level(["1.1"]), level([ANY])], ["1.1"]],
    ["anyPolicy all the way", [level([ANY]), level([ANY])], [ANY]],
    ["anyPolicy inhibited", [level(["1.1"]), level([ANY], { anyPolicyCounts: false })], []],
    [
      "a mapped policy keeps the name of the CA above",
      [level(["1.1"], { mappings: [["1.1", "1.9"]] }), level(["1.9"])],
      ["1.1"],
    ],
    [
      "a mapped policy is no longer its old self",
      [level(["1.1"], { mappings: [["1.1", "1.9"]] }), level(["1.1"])],
      [],
    ],
    [
      "one policy mapped to two",
      [
        level(["1.1"], {
          mappings: [
            ["1.1", "1.8"],
            ["1.1", "1.9"],
          ],
        }),
        level(["1.8", "1.9"]),
      ],
      ["1.1"],
    ],
    [
      "mapping inhibited strikes the policy out",
      [level(["1.1", "1.2"], { mappings: [["1.1", "1.9"]], mappingAllowed: false }), level(["1.9", "1.2"])],
      ["1.2"],
    ],
    ["a mapping under anyPolicy", [level([ANY], { mappings: [["1.1", "1.9"]] }), level(["1.9"])], ["1.1"]],
  ])("%s", (_, levels, expected) => {
    expect(policies(levels)).toEqual(expected);
  });

  it.each<[string, readonly string[] | null, readonly string[]]>([
    ["any-policy takes what there is", null, ["1.1", "1.2"]],
    ["anyPolicy by its OID does the same", [ANY], ["1.1", "1.2"]],
    ["a set takes its own", ["1.2", "1.3"], ["1.2"]],
  ])("user-initial-policy-set: %s", (_, acceptable, expected) => {
    expect(policies([level(["1.1", "1.2"])], acceptable)).toEqual(expected);
  });

  it("user-initial-policy-set: all of it, when the path holds for anyPolicy", () => {
    expect(policies([level([ANY])], ["1.1"])).toEqual(["1.1"]);
  });

  it("grows with the number of policies, where the tree of RFC 5280 doubles with each certificate", () => {
    const both = [
      ["1.1", "1.1"],
      ["1.1", "1.2"],
      ["1.2", "1.1"],
      ["1.2", "1.2"],
    ] as const;
    const graph = graphOf(Array.from({ length: 30 }, () => level(["1.1", "1.2"], { mappings: both })));
    expect(graph?.levels.map((nodes) => nodes.size)).toEqual([1, ...Array(30).fill(2)]);
  });

  it("holds the same policies as the tree that RFC 5280 §6.1 draws", () => {
    const oid = fc.constantFrom("1.1", "1.2", "1.3");
    const one: fc.Arbitrary<Level> = fc.record({
      policies: fc.uniqueArray(fc.constantFrom("1.1", "1.2", "1.3", ANY), { maxLength: 3 }),
      anyPolicyCounts: fc.boolean(),
      mappings: fc.array(fc.tuple(oid, oid), { maxLength: 3 }),
      mappingAllowed: fc.boolean(),
    });
    const acceptable = fc.option(fc.uniqueArray(oid, { minLength: 1 }), { nil: null });
    fc.assert(
      fc.property(fc.array(one, { minLength: 1, maxLength: 4 }), acceptable, (levels, accepted) => {
        // RFC 5280 maps nothing in the last certificate.
        const path = levels.map((each, i) => (i === levels.length - 1 ? { ...each, mappings: [] } : each));
        const holds = userConstrainedPolicies(graphOf(path), accepted).size > 0;
        expect(holds).toBe(treeHolds(path, accepted));
      }),
      { numRuns: 2_000 },
    );
  });
});

/** The valid_policy_tree of RFC 5280 §6.1, drawn node by node as the text says: the second opinion of the test above. */
interface TreeNode {
  readonly policy: string;
  expected: readonly string[];
  readonly parent: TreeNode | null;
  readonly depth: number;
}

function treeHolds(path: readonly Level[], acceptable: readonly string[] | null): boolean {
  let tree: TreeNode[] = [{ policy: ANY, expected: [ANY], parent: null, depth: 0 }];
  const childless = (node: TreeNode, depth: number) =>
    node.depth < depth && !tree.some(({ parent }) => parent === node);
  const prune = (depth: number) => {
    while (tree.some((node) => childless(node, depth))) tree = tree.filter((node) => !childless(node, depth));
  };
  path.forEach(({ policies: named, anyPolicyCounts, mappings, mappingAllowed }, index) => {
    const depth = index + 1;
    const above = tree.filter((node) => node.depth === index);
    const add = (policy: string, parent: TreeNode) =>
      tree.push({ policy, expected: [policy], parent, depth });
    for (const policy of named.filter((each) => each !== ANY)) {
      const matching = above.filter(({ expected }) => expected.includes(policy)); // §6.1.3 (d)(1)(i)
      const any = above.find((node) => node.policy === ANY);
      if (matching.length > 0) for (const parent of matching) add(policy, parent);
      else if (any !== undefined) add(policy, any); // (ii)
    }
    if (named.includes(ANY) && anyPolicyCounts) {
      for (const parent of above) {
        for (const policy of parent.expected) {
          if (!tree.some((node) => node.parent === parent && node.policy === policy)) add(policy, parent); // (d)(2)
        }
      }
    }
    prune(depth); // (d)(3)
    for (const from of new Set(mappings.map(([each]) => each))) {
      const to = mappings.filter(([each]) => each === from).map(([, each]) => each);
      const own = tree.filter((node) => node.depth === depth && node.policy === from);
      const any = tree.find((node) => node.depth === depth && node.policy === ANY);
      if (!mappingAllowed)
        tree = tree.filter((node) => !own.includes(node)); // §6.1.4 (b)(2)
      else if (own.length > 0)
        for (const node of own) node.expected = to; // (b)(1)
      else if (any?.parent != null) tree.push({ policy: from, expected: to, parent: any.parent, depth });
    }
    prune(depth);
  });
  if (acceptable !== null) {
    // §6.1.5 (g)(iii)
    const dropped = tree.filter(
      ({ policy, parent }) => parent?.policy === ANY && policy !== ANY && !acceptable.includes(policy),
    );
    const isBelow = (node: TreeNode | null): boolean =>
      node !== null && (dropped.includes(node) || isBelow(node.parent));
    tree = tree.filter((node) => !isBelow(node));
  }
  return tree.some(({ depth }) => depth === path.length);
}
