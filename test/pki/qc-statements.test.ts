import { describe, expect, it } from "vitest";
import { encode } from "../../src/pki/der-write.ts";
import { OID } from "../../src/pki/oid.ts";
import { unknownCriticalExtensions } from "../../src/pki/path-profile.ts";
import { basicConstraints, extension, issue } from "./path-authority.ts";

const statement = (...members: readonly Buffer[]) =>
  encode.sequence(encode.oid("0.4.0.1862.1.1"), ...members);

function issued(value: Buffer, critical: boolean) {
  const extensions = [basicConstraints(false), extension(OID.qcStatements, value, critical)];
  return issue({ subject: "Alice", extensions }).certificate;
}

describe("qcStatements (RFC 3739 §3.2.6)", () => {
  it.each<[string, Buffer, boolean, number]>([
    ["critical", encode.sequence(statement()), true, 0],
    [
      "critical, with what a statement says",
      encode.sequence(statement(encode.integer(10)), statement()),
      true,
      0,
    ],
    ["not critical", encode.sequence(statement()), false, 0],
    ["malformed and not critical: as absent", encode.null(), false, 0],
    ["malformed and critical", encode.null(), true, 1],
    ["a statement of two values", encode.sequence(statement(encode.null(), encode.null())), true, 1],
  ])("%s", (_case, value, critical, defects) => {
    const certificate = issued(value, critical);
    expect(unknownCriticalExtensions(certificate)).toEqual([]);
    expect(certificate.extensions.defects).toHaveLength(defects);
  });
});
