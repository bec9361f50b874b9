import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { findPath } from "../../src/pki/index.ts";
import { profileBreaches } from "../../src/pki/path-profile.ts";
import { NOW } from "./path-authority.ts";
import { certificateOf, corpus } from "./path-corpora.ts";

/** What we ask of an anchor beyond its name and key must not cost a public CA its place. */
const folder = corpus("nss");

describe.skipIf(folder === null)("the public roots of Mozilla", () => {
  const roots = folder === null ? [] : rootsOf(readFileSync(join(folder, "certdata.txt"), "latin1"));

  it("are all fit to be anchors, with extensions and all", () => {
    expect(roots.length).toBeGreaterThan(100);
    const unfit = roots.map(certificateOf).filter((certificate) => {
      const { valid } = findPath({
        target: certificate,
        intermediates: [],
        anchors: [{ certificate }],
        at: NOW,
        acceptablePolicies: null,
        explicitPolicy: false,
        inhibitAnyPolicy: false,
        inhibitPolicyMapping: false,
        crls: null,
      });
      return (
        !valid ||
        profileBreaches(certificate).length > 0 ||
        certificate.extensions.keyUsage?.has("keyCertSign") === false
      );
    });
    expect(unfit.map(({ subject }) => subject.text)).toEqual([]);
  });
});

/** The DER of each certificate in Mozilla's text form: octal bytes below CKA_VALUE. */
function rootsOf(text: string): readonly Uint8Array[] {
  return text
    .split("CKO_CERTIFICATE\n")
    .slice(1)
    .map((object) => {
      const octal = /CKA_VALUE MULTILINE_OCTAL\n([\\0-7\n]*)END/.exec(object)?.[1] ?? "";
      return Uint8Array.from(octal.replaceAll("\n", "").split("\\").slice(1), (digits) =>
        Number.parseInt(digits, 8),
      );
    })
    .filter((der) => der.length > 0); // the file explains itself in comments of the same words
}
