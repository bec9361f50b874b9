/**
 * Basic path validation, RFC 5280 §6.1, over one path. The state variables have the names that the RFC gives them, each
 * step is one function, and validation goes on after a problem, so that all of them are found.
 */
import type { Certificate } from "./certificate.ts";
import { inheritedKey } from "./dsa-inheritance.ts";
import { type NameConstraints, NO_NAME_CONSTRAINTS, nameViolations, narrowed } from "./name-constraints.ts";
import { OID } from "./oid.ts";
import { type PathBudget, signatureVerdict, spend } from "./path-budget.ts";
import { isCa, isSelfIssued, profileBreaches, unknownCriticalExtensions } from "./path-profile.ts";
import type { PathInput, PathProblem, PathRule } from "./path-result.ts";
import {
  INITIAL_POLICY_GRAPH,
  type PolicyGraph,
  sizeOf,
  userConstrainedPolicies,
  withMappings,
  withPolicies,
} from "./policy-graph.ts";
import type { PublicKey } from "./public-key.ts";

/** What RFC 5280 §6.1.1 (b) to (g) gives to every path. */
export type PathSettings = Pick<
  PathInput,
  "at" | "acceptablePolicies" | "explicitPolicy" | "inhibitAnyPolicy" | "inhibitPolicyMapping"
>;

/** What came out for one path. */
export interface Validation {
  readonly problems: readonly PathProblem[];
  /** The key of each certificate of the path, in the path's order, DSA parameters filled in (§6.1.4 (d) to (f)). */
  readonly keys: readonly PublicKey[];
}

/** RFC 5280 §6.1.2. */
interface State {
  /** (a), as RFC 9618 has it. null: NULL. */
  valid_policy_graph: PolicyGraph | null;
  /** (b) permitted_subtrees and (c) excluded_subtrees. */
  name_constraints: NameConstraints;
  explicit_policy: number; // (d)
  inhibit_anyPolicy: number; // (e)
  policy_mapping: number; // (f)
  /** (g), with working_public_key_algorithm (h) and working_public_key_parameters (i), which are part of it. */
  working_public_key: PublicKey;
  working_issuer_name: string; // (j), canonical
  max_path_length: number; // (k)
  /** Not of the RFC: the lack of a policy is told once, where it first shows. */
  policy_missed: boolean;
}

/** Certificate i of n, and where to put what is wrong with it. */
interface Step {
  readonly certificate: Certificate;
  readonly i: number;
  readonly n: number;
  readonly settings: PathSettings;
  readonly budget: PathBudget;
  readonly report: (rule: PathRule, section: string, detail: string) => void;
}

/**
 * Validates one path. Revocation (§6.1.3 (a)(3)) is not part of it: it needs the whole path, see `crl-check.ts`.
 * @param path target first; the last certificate is the trust anchor, or, for a path that reaches none, stands in for
 *   it so that the certificates below it can be judged all the same. At least one certificate.
 */
export function validatePath(
  path: readonly Certificate[],
  settings: PathSettings,
  budget: PathBudget,
): Validation {
  const problems: PathProblem[] = [];
  const n = path.length - 1;
  const step = (depth: number, certificate: Certificate): Step => ({
    certificate,
    i: n - depth,
    n,
    settings,
    budget,
    report: (rule, section, detail) =>
      problems.push({ rule, section, certificate: certificate.sha256, depth, detail }),
  });
  const [anchor, ...below] = [...path].reverse();
  if (anchor === undefined) return { problems, keys: [] };
  checkAnchor(step(n, anchor));
  const state = initialState(anchor, n, settings);
  const keys = [state.working_public_key];
  below.forEach((certificate, index) => {
    const at = step(n - 1 - index, certificate);
    processCertificate(state, at);
    if (at.i < n) prepareForNext(state, at);
    else wrapUp(state, at);
    keys.push(
      at.i < n ? state.working_public_key : inheritedKey(certificate.publicKey, state.working_public_key),
    );
  });
  return { problems, keys: keys.reverse() };
}

/** RFC 5280 §6.1.2. */
function initialState(anchor: Certificate, n: number, settings: PathSettings): State {
  const { nameConstraints, basicConstraints } = anchor.extensions;
  return {
    valid_policy_graph: INITIAL_POLICY_GRAPH,
    // Departs from RFC 5280 §6.1.2 (b)(c)(k), which start with no limit, because an anchor given as a certificate carries
    // the limits that its owner set; RFC 5937 §3.2 takes them over in the same way.
    name_constraints: narrowed(NO_NAME_CONSTRAINTS, nameConstraints),
    max_path_length: Math.min(n, basicConstraints?.pathLength ?? n),
    explicit_policy: settings.explicitPolicy ? 0 : n + 1,
    inhibit_anyPolicy: settings.inhibitAnyPolicy ? 0 : n + 1,
    policy_mapping: settings.inhibitPolicyMapping ? 0 : n + 1,
    working_public_key: anchor.publicKey,
    working_issuer_name: anchor.subject.canonical,
    policy_missed: false,
  };
}

/**
 * The trust anchor itself. Departs from RFC 5280 §6.1.1 (d), which takes a name and a key and nothing else from it,
 * because a certificate that has run out, or that its owner did not make for a CA, is not one that he stands by;
 * OpenSSL judges it in the same way. Its policies stay out of it.
 */
function checkAnchor(step: Step): void {
  const { certificate, n } = step;
  checkValidity(step);
  checkProfile(step);
  checkCriticalExtensions(step, n === 0 ? "RFC 5280 §6.1.5 (f)" : "RFC 5280 §6.1.4 (o)");
  if (n === 0) return; // It is judged by itself; nothing hangs below it.
  // Old roots are of version 1, which has no basicConstraints: trusting one as a CA is the out-of-band means of (k).
  if (certificate.version === 3) checkIsCa(step);
  checkKeyUsage(step);
}

/** RFC 5280 §6.1.3. */
function processCertificate(state: State, step: Step): void {
  checkSignature(state, step);
  checkValidity(step);
  if (step.certificate.issuer.canonical !== state.working_issuer_name) {
    step.report(
      "names",
      "RFC 5280 §6.1.3 (a)(4)",
      "the issuer's name is not the subject's name of the certificate above",
    );
  }
  checkProfile(step);
  checkNames(state, step);
  processPolicies(state, step);
}

/** RFC 5280 §6.1.3 (a)(1). */
function checkSignature(state: State, { certificate, budget, report }: Step): void {
  const verdict = signatureVerdict(certificate, state.working_public_key, budget);
  if (verdict === "valid") return;
  const algorithm = certificate.signatureAlgorithm.oid;
  const [rule, detail] = {
    invalid: ["signature", "the signature was not made by the key of the certificate above"] as const,
    unsupported: ["algorithm", `signature algorithm ${algorithm} cannot be checked`] as const,
    refused: [
      "algorithm",
      `the key ${state.working_public_key.name} above it is of no accepted kind`,
    ] as const,
    budget: ["budget", "the signature was not checked: too many checks for one certificate"] as const,
  }[verdict];
  report(rule, "RFC 5280 §6.1.3 (a)(1)", detail);
}

/** RFC 5280 §6.1.3 (a)(2); both ends belong to the period (§4.1.2.5), which counts whole seconds. */
function checkValidity({ certificate, settings, report }: Step): void {
  const second = Math.floor(settings.at.getTime() / 1000) * 1000;
  const { notBefore, notAfter } = certificate;
  const section = "RFC 5280 §6.1.3 (a)(2)";
  if (second < notBefore.getTime()) report("not-yet-valid", section, `valid from ${timeText(notBefore)}`);
  if (second > notAfter.getTime()) report("expired", section, `valid until ${timeText(notAfter)}`);
}

/** RFC 5280 §4: what the algorithm of §6 takes for granted. */
function checkProfile({ certificate, report }: Step): void {
  for (const { section, detail } of profileBreaches(certificate)) report("malformed", section, detail);
}

/** RFC 5280 §6.1.3 (b)(c). */
function checkNames({ name_constraints }: State, { certificate, i, n, budget, report }: Step): void {
  if (isSelfIssued(certificate) && i < n) return;
  const section = "RFC 5280 §6.1.3 (b)(c)";
  const violations = nameViolations(certificate, name_constraints, () => spend(budget, "nameComparisons"));
  if (violations === "budget") report("budget", section, "too many names and name constraints");
  else for (const violation of violations) report("name-constraints", section, violation);
}

/** RFC 5280 §6.1.3 (d) to (f). */
function processPolicies(state: State, step: Step): void {
  const { certificate, i, n, report } = step;
  const { certificatePolicies } = certificate.extensions;
  const graph = affordable(state.valid_policy_graph, certificatePolicies?.length ?? 0, step);
  const anyPolicyCounts = state.inhibit_anyPolicy > 0 || (i < n && isSelfIssued(certificate));
  state.valid_policy_graph =
    graph === null || certificatePolicies === null
      ? null // (e)
      : withPolicies(graph, certificatePolicies, anyPolicyCounts); // (d)
  if (state.explicit_policy === 0 && state.valid_policy_graph === null && !state.policy_missed) {
    state.policy_missed = true;
    report(
      "policy",
      "RFC 5280 §6.1.3 (f)",
      "a policy is required, and none holds from the trust anchor down to here",
    );
  }
}

/** RFC 5280 §6.1.4. */
function prepareForNext(state: State, step: Step): void {
  mapPolicies(state, step);
  const { certificate } = step;
  state.working_issuer_name = certificate.subject.canonical; // (c)
  state.working_public_key = inheritedKey(certificate.publicKey, state.working_public_key); // (d) to (f)
  state.name_constraints = narrowed(state.name_constraints, certificate.extensions.nameConstraints); // (g)
  countDown(state, certificate);
  checkIsCa(step);
  checkLength(state, step);
  checkKeyUsage(step);
  checkCriticalExtensions(step, "RFC 5280 §6.1.4 (o)");
}

/** RFC 5280 §6.1.4 (a)(b). */
function mapPolicies(state: State, step: Step): void {
  const mappings = step.certificate.extensions.policyMappings;
  if (mappings === null) return;
  if (
    mappings.some(({ issuerDomain, subjectDomain }) => [issuerDomain, subjectDomain].includes(OID.anyPolicy))
  ) {
    step.report("policy", "RFC 5280 §6.1.4 (a)", "anyPolicy must not be mapped");
  }
  const graph = affordable(state.valid_policy_graph, mappings.length, step);
  state.valid_policy_graph = graph === null ? null : withMappings(graph, mappings, state.policy_mapping > 0);
}

/** The graph, or NULL when the budget does not allow to go on with it and this many policies more. */
function affordable(graph: PolicyGraph | null, more: number, { budget, report }: Step): PolicyGraph | null {
  if (graph === null || spend(budget, "policySteps", sizeOf(graph) + more)) return graph;
  report("budget", "RFC 9618 §6", "too many certificate policies");
  return null;
}

/** RFC 5280 §6.1.4 (h) to (j). */
function countDown(state: State, certificate: Certificate): void {
  if (!isSelfIssued(certificate)) {
    state.explicit_policy = Math.max(0, state.explicit_policy - 1); // (h)
    state.policy_mapping = Math.max(0, state.policy_mapping - 1);
    state.inhibit_anyPolicy = Math.max(0, state.inhibit_anyPolicy - 1);
  }
  const { policyConstraints, inhibitAnyPolicy } = certificate.extensions;
  const require = policyConstraints?.requireExplicitPolicy ?? Number.POSITIVE_INFINITY;
  const inhibit = policyConstraints?.inhibitPolicyMapping ?? Number.POSITIVE_INFINITY;
  state.explicit_policy = Math.min(state.explicit_policy, require); // (i)
  state.policy_mapping = Math.min(state.policy_mapping, inhibit);
  state.inhibit_anyPolicy = Math.min(state.inhibit_anyPolicy, inhibitAnyPolicy ?? Number.POSITIVE_INFINITY); // (j)
}

/** RFC 5280 §6.1.4 (k). */
function checkIsCa({ certificate, report }: Step): void {
  if (isCa(certificate)) return;
  const why =
    certificate.version === 3 ? "basicConstraints does not say cA" : `version ${certificate.version}`;
  report("not-a-ca", "RFC 5280 §6.1.4 (k)", `not a CA certificate (${why})`);
}

/** RFC 5280 §6.1.4 (l)(m). */
function checkLength(state: State, { certificate, report }: Step): void {
  if (!isSelfIssued(certificate)) {
    if (state.max_path_length <= 0) {
      report("length", "RFC 5280 §6.1.4 (l)", "a CA above allows fewer CAs below it (pathLenConstraint)");
    }
    state.max_path_length = Math.max(0, state.max_path_length - 1);
  }
  const { basicConstraints } = certificate.extensions;
  state.max_path_length = Math.min(
    state.max_path_length,
    basicConstraints?.pathLength ?? state.max_path_length,
  );
}

/** RFC 5280 §6.1.4 (n). */
function checkKeyUsage({ certificate, report }: Step): void {
  const { keyUsage } = certificate.extensions;
  if (keyUsage === null || keyUsage.has("keyCertSign")) return;
  report("key-usage", "RFC 5280 §6.1.4 (n)", "keyUsage does not say keyCertSign");
}

/** RFC 5280 §6.1.4 (o), §6.1.5 (e)(f). */
function checkCriticalExtensions({ certificate, report }: Step, section: string): void {
  for (const oid of unknownCriticalExtensions(certificate)) {
    report("critical-extension", section, `critical extension ${oid} is not understood`);
  }
}

/** RFC 5280 §6.1.5. */
function wrapUp(state: State, step: Step): void {
  const { certificate, settings, report } = step;
  if (state.explicit_policy > 0) state.explicit_policy -= 1; // (a)
  if (certificate.extensions.policyConstraints?.requireExplicitPolicy === 0) state.explicit_policy = 0; // (b)
  checkCriticalExtensions(step, "RFC 5280 §6.1.5 (f)");
  const policies = userConstrainedPolicies(state.valid_policy_graph, settings.acceptablePolicies); // (g)
  if (state.explicit_policy === 0 && policies.size === 0 && !state.policy_missed) {
    report(
      "policy",
      "RFC 5280 §6.1.5 (g)",
      "an acceptable policy is required, and none holds over the whole path",
    );
  }
}

function timeText(time: Date): string {
  // The parser takes no time outside of 1950 to 9999, so this cannot throw.
  return time.toISOString().replace(".000Z", "Z");
}
