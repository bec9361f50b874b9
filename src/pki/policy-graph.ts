import type { Extensions } from "./extensions.ts";
import { OID } from "./oid.ts";

/**
 * The certificate policies of a path (RFC 5280 §6.1), kept as RFC 9618 §5 has it, which updates RFC 5280: a
 * valid_policy_graph with one node for each policy at each depth, in place of a valid_policy_tree with one node for each
 * way there. Both give the same user-constrained policies, but the tree grows with the power of the depth. Qualifiers are
 * left out: keybot shows none, and they decide nothing.
 */
export interface PolicyGraph {
  /** The nodes at depth 0 … i, each by its valid_policy. The last level is the one that is built on. */
  readonly levels: readonly PolicyLevel[];
}

type PolicyLevel = ReadonlyMap<string, PolicyNode>;

interface PolicyNode {
  readonly expected_policy_set: ReadonlySet<string>;
  /** The valid_policy of each parent, one level up. */
  readonly parents: ReadonlySet<string>;
}

/** RFC 9618 §5.2: a single node anyPolicy at depth 0. */
export const INITIAL_POLICY_GRAPH: PolicyGraph = {
  levels: [
    new Map([[OID.anyPolicy, { expected_policy_set: new Set([OID.anyPolicy]), parents: new Set<string>() }]]),
  ],
};

/**
 * RFC 9618 §5.3 (d): one level more, for the policies of the next certificate.
 * @param anyPolicyCounts inhibit_anyPolicy is above 0, or the certificate is self-issued and not the last
 * @returns null is the NULL graph: no policy holds over the whole path
 */
export function withPolicies(
  graph: PolicyGraph,
  policies: NonNullable<Extensions["certificatePolicies"]>,
  anyPolicyCounts: boolean,
): PolicyGraph | null {
  const above = graph.levels.at(-1) ?? new Map<string, PolicyNode>();
  const expecting = parentsByExpectedPolicy(above);
  const level = new Map<string, PolicyNode>();
  for (const { oid } of policies) {
    if (oid === OID.anyPolicy) continue;
    // RFC 9618 §5.3 (d)(1)(i), else (ii)
    const parents = expecting.get(oid) ?? (above.has(OID.anyPolicy) ? new Set([OID.anyPolicy]) : null);
    if (parents !== null) level.set(oid, { expected_policy_set: new Set([oid]), parents });
  }
  if (anyPolicyCounts && policies.some(({ oid }) => oid === OID.anyPolicy)) {
    // RFC 9618 §5.3 (d)(2): anyPolicy stands for each policy that is expected and not named
    for (const [oid, parents] of expecting) {
      if (!level.has(oid)) level.set(oid, { expected_policy_set: new Set([oid]), parents });
    }
  }
  return pruned([...graph.levels, level]);
}

/**
 * RFC 9618 §5.4 (b): the policy mappings of a CA, for the level of that CA.
 * @param allowed policy_mapping is above 0; else each mapped policy is struck out
 */
export function withMappings(
  graph: PolicyGraph,
  mappings: NonNullable<Extensions["policyMappings"]>,
  allowed: boolean,
): PolicyGraph | null {
  const subjectDomains = new Map<string, Set<string>>();
  for (const { issuerDomain, subjectDomain } of mappings) {
    const known = subjectDomains.get(issuerDomain);
    if (known === undefined) subjectDomains.set(issuerDomain, new Set([subjectDomain]));
    else known.add(subjectDomain);
  }
  const level = new Map(graph.levels.at(-1));
  const any = level.get(OID.anyPolicy);
  for (const [issuerDomain, expected_policy_set] of subjectDomains) {
    const node = level.get(issuerDomain);
    if (!allowed)
      level.delete(issuerDomain); // RFC 9618 §5.4 (b)(2)(i)
    else if (node !== undefined)
      level.set(issuerDomain, { ...node, expected_policy_set }); // (b)(1)
    else if (any !== undefined)
      level.set(issuerDomain, { expected_policy_set, parents: new Set([OID.anyPolicy]) });
  }
  return pruned([...graph.levels.slice(0, -1), level]);
}

/**
 * RFC 9618 §5.5 (g): the policies that hold over the whole path and that the user accepts.
 * @param acceptable user-initial-policy-set; null: any-policy
 * @returns may hold anyPolicy itself
 */
export function userConstrainedPolicies(
  graph: PolicyGraph | null,
  acceptable: readonly string[] | null,
): ReadonlySet<string> {
  const authority = graph === null ? new Set<string>() : authorityConstrainedPolicies(graph);
  if (acceptable === null || acceptable.includes(OID.anyPolicy)) return authority;
  return new Set(authority.has(OID.anyPolicy) ? acceptable : acceptable.filter((oid) => authority.has(oid)));
}

/** How many nodes a graph has: what it costs to go over it once. */
export function sizeOf(graph: PolicyGraph): number {
  return graph.levels.reduce((nodes, level) => nodes + level.size, 0);
}

/** RFC 9618 §5.5 (g)(2)(3): policies in the words of the first CA that named them, that is, below anyPolicy only. */
function authorityConstrainedPolicies(graph: PolicyGraph): Set<string> {
  const policies = new Set<string>();
  for (const level of graph.levels.slice(1)) {
    for (const [oid, { parents }] of level) {
      if (oid !== OID.anyPolicy && parents.has(OID.anyPolicy)) policies.add(oid);
    }
  }
  if (graph.levels.at(-1)?.has(OID.anyPolicy)) policies.add(OID.anyPolicy);
  return policies;
}

function parentsByExpectedPolicy(level: PolicyLevel): Map<string, Set<string>> {
  const parents = new Map<string, Set<string>>();
  for (const [valid_policy, { expected_policy_set }] of level) {
    for (const expected of expected_policy_set) {
      const known = parents.get(expected);
      if (known === undefined) parents.set(expected, new Set([valid_policy]));
      else known.add(valid_policy);
    }
  }
  return parents;
}

/** RFC 9618 §5.3 (d)(3): nodes without children go, from the bottom up; an empty graph is NULL. */
function pruned(levels: readonly PolicyLevel[]): PolicyGraph | null {
  const kept = [...levels];
  for (let depth = kept.length - 1; depth > 0; depth--) {
    const wanted = new Set<string>();
    for (const { parents } of kept[depth]?.values() ?? []) for (const parent of parents) wanted.add(parent);
    kept[depth - 1] = new Map([...(kept[depth - 1] ?? [])].filter(([oid]) => wanted.has(oid)));
  }
  return kept[0]?.size === 0 ? null : { levels: kept };
}
