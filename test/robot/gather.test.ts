import { describe, expect, it } from "vitest";
import type { TrustStore } from "../../src/inspect/index.ts";
import { DEFAULT_POLICY } from "../../src/policy.ts";
import { gather } from "../../src/robot/gather.ts";
import { ALICE, decoded, POLICY, scratch } from "../inspect/kit.ts";
import { Authority, type Identity, signedMail } from "../lab/openssl.ts";

const folder = scratch();
const root = Authority.root(folder, { name: "Root" });
const ca = root.intermediate({ name: "CA" });
/** The CA after a change of its key: on nobody's path, and it signs the lists of both. */
const newCa = root.intermediate({ name: "CA" });
const trust: TrustStore = {
  anchors: [{ certificate: decoded(root.identity), domains: null, distrustAfter: null }],
  intermediates: [],
  crls: null,
};
const LIST = "crlDistributionPoints = URI:http://crl.example/ca.crl";

function along(signer: Identity): readonly Buffer[] {
  const chain = [ca.identity.certFile, newCa.identity.certFile];
  const raw = signedMail({ from: ALICE, to: "robot@company.example", signer, chain });
  const bench = { policy: POLICY, trust, at: new Date(), internalDate: null };
  return gather(raw, DEFAULT_POLICY, bench).along.map((der) => Buffer.from(der));
}

describe("the certificates that came along with a mail", () => {
  it("are all at hand where CAs are asked: one off every path may have signed a CRL (RFC 5280 §6.3.3 (f))", () => {
    const found = along(ca.issue({ addresses: [ALICE], extensions: [LIST] }));
    expect(found).toContainEqual(newCa.identity.der);
    expect(found).toHaveLength(3);
  });

  it("are left out where nobody is asked", () => {
    expect(along(ca.issue({ addresses: [ALICE] }))).toEqual([]);
  });
});
