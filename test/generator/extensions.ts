/** The extensions of generated certificates and CRLs whose bytes say what a draft bends (RFC 5280 §4.2, §5.2). */
import { encode } from "../../src/pki/der-write.ts";
import { OID } from "../../src/pki/oid.ts";
import { distinguishedName, extension } from "../pki/path-authority.ts";
import type { CertificateDraft, CrlDraft, NamesDraft, PolicyName, Scope } from "./draft.ts";

/** Where the CRL of Alice's CA lies, where its delta CRL lies, and where another one does. */
const POINT = "http://crl.partner.example/ca.crl";
const DELTA_POINT = "http://crl.partner.example/delta.crl";
const OTHER_POINT = "http://crl.partner.example/other.crl";

/** All that a certificate says of names, policies and CRLs. */
export function bentExtensions(one: CertificateDraft): (Buffer | undefined)[] {
  return [
    one.names === null ? undefined : nameConstraints(one.names),
    one.policies === null ? undefined : certificatePolicies(one.policies),
    one.mappings.length === 0 ? undefined : policyMappings(one.mappings),
    one.explicitAfter === null ? undefined : requireExplicitPolicy(one.explicitAfter),
    one.namesCrl ? pointsOf(OID.crlDistributionPoints, POINT) : undefined,
  ];
}

/** Of what a CRL speaks, and where its delta lies: some judges look for one only where that is said (§5.2.6). */
export function crlExtensions({ scope, base }: CrlDraft): Buffer[] {
  return [
    ...(scope === null
      ? []
      : [extension(OID.issuingDistributionPoint, encode.sequence(SCOPES[scope]), true)]),
    base === null
      ? pointsOf(OID.freshestCrl, DELTA_POINT)
      : extension(OID.deltaCrlIndicator, encode.integer(base), true),
  ];
}

/** The entry extension by which a delta CRL takes a certificate off the list (§5.3.1). */
export function removedFromCrl(): Buffer {
  return extension(OID.reasonCode, encode.tagged(0x0a, Buffer.of(8)));
}

function nameConstraints({ permitted, excluded }: NamesDraft): Buffer {
  const subtrees = (tag: number, names: readonly string[]) =>
    names.length === 0 ? [] : [encode.tagged(tag, ...names.map((name) => encode.sequence(baseOf(name))))];
  const value = encode.sequence(...subtrees(0xa0, permitted), ...subtrees(0xa1, excluded));
  return extension(OID.nameConstraints, value, true);
}

function baseOf(text: string): Buffer {
  const [form, value = ""] = text.split(":");
  if (form === "email") return encode.tagged(0x81, Buffer.from(value));
  if (form === "organisation") return encode.tagged(0xa4, distinguishedName(["O", value]));
  throw new Error(`no name of the form ${form}`);
}

const POLICIES: Readonly<Record<PolicyName, string>> = {
  one: "1.3.6.1.4.1.99999.1",
  two: "1.3.6.1.4.1.99999.2",
  any: OID.anyPolicy,
};

const policyId = (name: PolicyName) => encode.oid(POLICIES[name]);

function certificatePolicies(names: readonly PolicyName[]): Buffer {
  return extension(
    OID.certificatePolicies,
    encode.sequence(...names.map((name) => encode.sequence(policyId(name)))),
  );
}

function policyMappings(pairs: CertificateDraft["mappings"]): Buffer {
  const value = encode.sequence(...pairs.map((pair) => encode.sequence(...pair.map(policyId))));
  return extension(OID.policyMappings, value, true);
}

function requireExplicitPolicy(skipped: number): Buffer {
  const field = encode.tagged(0x80, encode.integer(skipped).subarray(2));
  return extension(OID.policyConstraints, encode.sequence(field), true);
}

/** DistributionPointName with one URL (§4.2.1.13). */
const at = (url: string) => encode.tagged(0xa0, encode.tagged(0xa0, encode.tagged(0x86, Buffer.from(url))));

function pointsOf(type: string, url: string): Buffer {
  return extension(type, encode.sequence(encode.sequence(at(url))));
}

const YES = Buffer.of(0xff);

/** The one field of issuingDistributionPoint that is not as usual; the reasons 1 to 4, and 5 to 8. */
const SCOPES: Readonly<Record<Scope, Buffer>> = {
  users: encode.tagged(0x81, YES),
  cas: encode.tagged(0x82, YES),
  attributes: encode.tagged(0x85, YES),
  "some-reasons": encode.tagged(0x83, Buffer.of(3, 0b0111_1000)),
  "other-reasons": encode.tagged(0x83, Buffer.of(7, 0b0000_0111, 0b1000_0000)),
  point: at(POINT),
  "other-point": at(OTHER_POINT),
};
