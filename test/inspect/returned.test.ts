import { expect, it } from "vitest";
import { inspectMessage } from "../../src/inspect/index.ts";
import { contextConstructed } from "../../src/pki/der.ts";
import { encode } from "../../src/pki/der-write.ts";
import { OID } from "../../src/pki/index.ts";
import { readMessage } from "../../src/read/index.ts";
import { FROM_OUTSIDE, mail, POLICY } from "../read/kit.ts";

const OURS = "<keybot.1@company.example>";

function report(action: string): string {
  return [
    "Content-Type: multipart/report; report-type=delivery-status; boundary=b",
    "",
    ...["--b", "Content-Type: text/plain", "", "It could not be delivered.", ""],
    ...["--b", "Content-Type: message/delivery-status", "", "Reporting-MTA: dns; mx.partner.example", ""],
    ...["Final-Recipient: rfc822; alice@partner.example", `Action: ${action}`, "Status: 5.2.2", ""],
    ...["--b", "Content-Type: text/rfc822-headers", "", `Message-ID: ${OURS}`, "", "--b--", ""],
  ].join("\r\n");
}

/** A SignedData over the content whose signer nobody knows; what it shows does not depend on that. */
function opaque(content: string): Buffer {
  const algorithm = (oid: string) => encode.sequence(encode.oid(oid));
  const signer = encode.sequence(
    encode.integer(1),
    encode.sequence(encode.sequence(), encode.integer(1)),
    algorithm(OID.sha256),
    algorithm(OID.rsaEncryption),
    encode.octetString(Buffer.alloc(256)),
  );
  const inner = encode.sequence(
    encode.oid(OID.data),
    encode.tagged(contextConstructed(0), encode.octetString(Buffer.from(content))),
  );
  const signedData = encode.sequence(
    encode.integer(1),
    encode.setOf([algorithm(OID.sha256)]),
    inner,
    encode.setOf([signer]),
  );
  const cms = encode.sequence(encode.oid(OID.signedData), encode.tagged(contextConstructed(0), signedData));
  return mail(
    [
      FROM_OUTSIDE,
      "From: gateway@partner.example",
      "To: robot@company.example",
      "Content-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m",
      "Content-Transfer-Encoding: base64",
    ],
    cms.toString("base64").replace(/.{1,76}/g, "$&\r\n"),
  );
}

function inspected(raw: Buffer) {
  const { facts, offer } = readMessage(raw, POLICY);
  const trust = { anchors: [], intermediates: [], crls: null };
  const at = new Date("2026-06-01T12:00:00Z");
  return inspectMessage(facts, offer, { policy: POLICY.certificates, trust, at, internalDate: null });
}

it("a bounce in an opaque signature (RFC 8551 §3.5.2) says which mail came back", () => {
  expect(inspected(opaque(report("failed")))).toMatchObject({
    report: true,
    returned: {
      messageIds: [OURS],
      recipients: [{ address: "alice@partner.example", status: "5.2.2", diagnostic: null }],
    },
  });
});

it("a delay in it is a report, and no bounce", () => {
  const inspection = inspected(opaque(report("delayed")));
  expect(inspection.report).toBe(true);
  expect(inspection.returned).toBeUndefined();
});

it("a report that a person forwards in it is neither", () => {
  const forwarded = `Content-Type: message/rfc822\r\n\r\n${report("failed")}`;
  const inspection = inspected(opaque(forwarded));
  expect(inspection.report).toBe(false);
  expect(inspection.returned).toBeUndefined();
});
