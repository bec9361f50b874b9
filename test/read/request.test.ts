import { describe, expect, it } from "vitest";
import { ALICE, aliceWith, FROM_OUTSIDE, factsOf, POLICY } from "./kit.ts";

const TAG = "[AXAZERTIFIKAT]";
type Row = [subject: string, kind: "exact" | "near-miss" | null];

/** Subjects as they stand in the header. */
const SUBJECTS: readonly Row[] = [
  [TAG, "exact"],
  [` ${TAG}  `, "exact"],
  [`\r\n ${TAG}`, "exact"],
  ["=?utf-8?Q?=5BAXAZERTIFIKAT=5D?=", "exact"],
  ["=?UTF-8?B?W0FYQVpFUlRJRklLQVRd?=", "exact"],
  ["=?utf-8?Q?=5BAXAZERT?=\r\n =?utf-8?Q?IFIKAT=5D?=", "exact"],
  ["=?iso-8859-1?Q?=5BAXAZERTIFIKAT=5D_?=", "exact"],
  ["[axazertifikat]", "near-miss"],
  ["[AxaZertifikat]", "near-miss"],
  ["AXAZERTIFIKAT", "near-miss"],
  ["[ AXAZERTIFIKAT ]", "near-miss"],
  ["(AXAZERTIFIKAT)", "near-miss"],
  ["[AXA-ZERTIFIKAT]", "near-miss"],
  ["[AXA ZERTIFIKAT]", "near-miss"],
  ["[AXAZERTIFIKATE]", "near-miss"],
  ["[AXAZERTIFKAT]", "near-miss"],
  ["\uff3bAXAZERTIFIKAT\uff3d", "near-miss"],
  [`${TAG}\u0000`, "near-miss"],
  [`${TAG} bitte`, "near-miss"],
  [`"${TAG}"`, "near-miss"],
  [`Re: ${TAG}`, null],
  [`RE: AW: ${TAG}`, null],
  [`AW: ${TAG}`, null],
  [`Antwort: ${TAG}`, null],
  [`Fwd: ${TAG}`, null],
  [`FW: ${TAG}`, null],
  [`WG: ${TAG}`, null],
  [`re[2]: ${TAG}`, null],
  [`Re : ${TAG}`, null],
  ["=?utf-8?Q?Re=3A_=5BAXAZERTIFIKAT=5D?=", null],
  ["Frage zu meinem Vertrag und zum [AXAZERTIFIKAT] fuer Outlook", null],
  ["Zertifikat", null],
  ["", null],
  ["   ", null],
  ["x".repeat(5000), null],
  [`${TAG}${"x".repeat(1200)}`, null],
];

describe("a request (PRODUCT §4)", () => {
  it.each(SUBJECTS)("%j is %s", (subject, kind) => {
    expect(factsOf([FROM_OUTSIDE, ...aliceWith(`Subject: ${subject}`)]).request).toBe(kind);
  });

  it("is none without a subject", () => {
    const header = ALICE.filter((line) => !line.startsWith("Subject"));
    expect(factsOf([FROM_OUTSIDE, ...header])).toMatchObject({ subject: null, request: null });
  });

  it("compares the tag of the installation, whatever it is", () => {
    const policy = { ...POLICY, tag: "[Schlüssel]" };
    const header = [FROM_OUTSIDE, ...aliceWith("Subject: =?utf-8?B?W1NjaGzDvHNzZWxd?=")];
    expect(factsOf(header, policy).request).toBe("exact");
    expect(factsOf(header).request).toBeNull();
  });

  it("does not guess at a short tag", () => {
    const policy = { ...POLICY, tag: "[KEY]" };
    const kind = (subject: string) =>
      factsOf([FROM_OUTSIDE, ...aliceWith(`Subject: ${subject}`)], policy).request;
    expect([kind("[KEY]"), kind("key"), kind("[KEX]"), kind("money")]).toEqual([
      "exact",
      "near-miss",
      null,
      null,
    ]);
  });
});
