import type { Certificate } from "./certificate.ts";
import type { Extensions, GeneralSubtree } from "./extensions.ts";
import type { GeneralName } from "./general-name.ts";
import { constrainedForm, type Relation, relationTo } from "./name-subtree.ts";
import { OID } from "./oid.ts";

/** Subtrees by the form that they constrain, see `constrainedForm`. */
type Subtrees = ReadonlyMap<string, readonly GeneralSubtree[]>;

/**
 * permitted_subtrees and excluded_subtrees of RFC 5280 §6.1.2 (b)(c). The intersection that §6.1.4 (g)(1) asks for is
 * kept as the list of its operands: a name is permitted when each of them permits it. Excluded is a plain union.
 */
export interface NameConstraints {
  readonly permitted_subtrees: readonly Subtrees[];
  readonly excluded_subtrees: readonly Subtrees[];
}

/** RFC 5280 §6.1.2 (b)(c): everything is permitted, nothing excluded. */
export const NO_NAME_CONSTRAINTS: NameConstraints = { permitted_subtrees: [], excluded_subtrees: [] };

const UNCLEAR = "cannot be compared with a name constraint of a CA above";

/** RFC 5280 §6.1.4 (g): the constraints that hold below a certificate with this nameConstraints extension. */
export function narrowed(before: NameConstraints, extension: Extensions["nameConstraints"]): NameConstraints {
  if (extension === null) return before;
  const { permitted, excluded } = extension;
  return {
    permitted_subtrees:
      permitted === null ? before.permitted_subtrees : [...before.permitted_subtrees, byForm(permitted)],
    excluded_subtrees:
      excluded === null ? before.excluded_subtrees : [...before.excluded_subtrees, byForm(excluded)],
  };
}

/**
 * RFC 5280 §6.1.3 (b)(c): what is wrong with the names of a certificate under these constraints, one sentence a name,
 * or `"budget"` when `spend`, asked before each comparison, refuses. Never throws.
 */
export function nameViolations(
  certificate: Certificate,
  constraints: NameConstraints,
  spend: () => boolean,
): readonly string[] | "budget" {
  if (constraints.permitted_subtrees.length + constraints.excluded_subtrees.length === 0) return [];
  const violations: string[] = [];
  for (const name of namesOf(certificate)) {
    const violation = violationOf(name, constraints, spend);
    if (violation === "budget") return "budget";
    if (violation !== null) violations.push(`${constrainedForm(name)} ${textOf(name)} ${violation}`);
  }
  return violations;
}

/** Every name that constraints apply to: ALL of them must be permitted, not only one (RFC 5280 §6.1.3 (b)). */
export function namesOf(certificate: Certificate): readonly GeneralName[] {
  const { subject, extensions } = certificate;
  const names: GeneralName[] = [...(extensions.subjectAltName ?? [])];
  // RFC 5280 §4.2.1.10: directoryName constrains the subject, when it is not empty.
  if (subject.rdns.length > 0) names.push({ form: "directoryName", name: subject });
  // Departs from RFC 5280 §4.2.1.10, which asks for this only when there is no subjectAltName, because mail clients
  // show and match the subject's address all the same; OpenSSL does so too.
  for (const attribute of subject.rdns.flat()) {
    if (attribute.oid === OID.emailAddress) names.push({ form: "rfc822Name", text: attribute.text ?? "" });
  }
  return names;
}

function violationOf(name: GeneralName, constraints: NameConstraints, spend: () => boolean): string | null {
  const form = constrainedForm(name);
  for (const excluded of constraints.excluded_subtrees) {
    for (const subtree of excluded.get(form) ?? []) {
      if (!spend()) return "budget";
      const relation = relationTo(subtree, name, "excluded");
      if (relation === "inside") return "is excluded by a CA above";
      if (relation === "unclear") return UNCLEAR;
    }
  }
  for (const permitted of constraints.permitted_subtrees) {
    const subtrees = permitted.get(form);
    if (subtrees === undefined) continue; // This form is not constrained here.
    let best: Relation = "outside";
    for (const subtree of subtrees) {
      if (!spend()) return "budget";
      const relation = relationTo(subtree, name, "permitted");
      if (relation !== "outside") best = relation;
      if (best === "inside") break;
    }
    if (best === "unclear") return UNCLEAR;
    if (best === "outside") return "is not among the names that a CA above is limited to";
  }
  return null;
}

function byForm(subtrees: readonly GeneralSubtree[]): Subtrees {
  const known = FORMS.get(subtrees);
  if (known !== undefined) return known;
  const forms = new Map<string, GeneralSubtree[]>();
  for (const subtree of subtrees) {
    const form = constrainedForm(subtree.base);
    const sameForm = forms.get(form);
    if (sameForm === undefined) forms.set(form, [subtree]);
    else sameForm.push(subtree);
  }
  FORMS.set(subtrees, forms);
  return forms;
}

/** A CA stands on many of the paths that are tried: its constraints are sorted once. */
const FORMS = new WeakMap<readonly GeneralSubtree[], Subtrees>();

function textOf(name: GeneralName): string {
  switch (name.form) {
    case "rfc822Name":
    case "smtpUTF8Mailbox":
    case "dNSName":
    case "uniformResourceIdentifier":
      return name.text;
    case "directoryName":
      return name.name.text;
    case "iPAddress":
      return Array.from(name.bytes).join(".");
    case "registeredID":
      return name.oid;
    default:
      return "(binary)";
  }
}
