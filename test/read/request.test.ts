import { describe, expect, it } from "vitest";
import type { Policy } from "../../src/policy.ts";
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
  ["Frage zu meinem Vertrag und zum [AXAZERTIFIKAT] fuer Outlook", "near-miss"],
  ["Frage zu meinem Vertrag und zum AXAZERTIFIKAT fuer Outlook", null],
  [`${TAG}${" Vertrag".repeat(12)}`, null],
  ["[WARNUNG: Externe E-Mail] [AXAZERTIFIKAT]", "near-miss"],
  ["CAUTION: External Sender - [axazertifikat]", "near-miss"],
  ["[AXAZERTIFIKAT] - Max Mustermann, Muster GmbH", "near-miss"],
  [`[EXTERN] Re: ${TAG}`, null],
  [`EXTERN: AW: ${TAG}`, null],
  ["Zertifikat", null],
  ["", null],
  ["   ", null],
  ["x".repeat(5000), null],
  [`${TAG}${"x".repeat(1200)}`, null],
];

/** What machines write beside the subject that they react to. */
const BEFORE = [
  ...[
    "Abwesend:",
    "Abwesenheitsnotiz:",
    "Abwesenheit:",
    "Out of Office:",
    "Out of the office:",
    "OOO:",
    "Urlaub:",
  ],
  ...[
    "Automatische Antwort:",
    "Automatic reply:",
    "Auto-Reply:",
    "Autoreply:",
    "Auto Response:",
    "AUTO: Max:",
  ],
  ...[
    "Out-of-Office AutoReply:",
    "Au\u00dfer Haus:",
    "Ich bin abwesend bis 3.12. -",
    "[EXTERN] Abwesend:",
    "EXTERN: Read:",
  ],
  ...[
    "Unzustellbar:",
    "Nicht zustellbar:",
    "Undeliverable:",
    "Zugestellt:",
    "Delivered:",
    "Relayed:",
    "Delayed:",
  ],
  ...[
    "Delivery Status Notification (Failure):",
    "Zustellung verz\u00f6gert:",
    "Mail delivery failed:",
    "Returned mail:",
  ],
  ...[
    "Gelesen:",
    "Ungelesen:",
    "Nicht gelesen:",
    "Read:",
    "Not read:",
    "Gel\u00f6scht:",
    "Deleted:",
    "Unread:",
  ],
  ...["Lesebest\u00e4tigung:", "Return Receipt (displayed) -", "Read receipt:", "Eingangsbest\u00e4tigung:"],
  ...["R\u00fcckruf:", "Rueckruf:", "Recall:", "Message Recall Failure:", "Nachrichtenr\u00fcckruf:"],
  ...[
    "Angenommen:",
    "Abgelehnt:",
    "Mit Vorbehalt:",
    "Accepted:",
    "Declined:",
    "Tentative:",
    "Canceled:",
    "Zugesagt:",
  ],
  ...[
    "[Ticket#4711]",
    "(Ticket #4711)",
    "[#4711]",
    "Ticket 4711:",
    "[Ticket: 4711]",
    "[Request ID: 4711]",
    "##4711##",
  ],
  ...[
    "[support.partner.example #4711]",
    "[SUP-4711]",
    "Ticket#4711 -",
    "[Case 4711]",
    "INCIDENT INC0012345:",
  ],
];
const BEHIND = [
  ...[
    "[Ticket#4711]",
    "[Ticket#2026112810000042]",
    "(Ticket #4711)",
    "[#4711]",
    "- Ticket 4711",
    "#4711",
    "(SUP-4711)",
  ],
  ...[
    "[ref:_00D1.5001:ref]",
    "(Abwesend)",
    "- Out of office",
    "- Abwesenheitsnotiz",
    "(Automatische Antwort)",
  ],
  ...["- Undeliverable", "(gelesen)", "[Request received]"],
];
/** People say such words too. */
const OF_PEOPLE = [
  `Bin bald abwesend, bitte ${TAG}`,
  `${TAG} bitte, ich bin ab Montag im Urlaub`,
  `Noch nicht gelesen, was ist ${TAG}?`,
  `Bitte ${TAG} fuer Ticket 4711 schicken`,
  `${TAG} Vertrag #4711-A`,
  `Auto: ${TAG}`,
  `${TAG} accepted by you?`,
  `Unser Ticket wurde angenommen, hier ${TAG}`,
];

describe("a near miss (PRODUCT §4)", () => {
  const kind = (subject: string) => {
    const encoded = `=?utf-8?B?${Buffer.from(subject).toString("base64")}?=`;
    return factsOf([FROM_OUTSIDE, ...aliceWith(`Subject: ${encoded}`)]).request;
  };
  const machines = [
    ...BEFORE.map((words) => `${words} ${TAG}`),
    ...BEFORE.map((words) => `${words} axazertifikat`),
    ...BEHIND.map((words) => `${TAG} ${words}`),
    ...BEHIND.map((words) => `AXAZERTIFIKAT ${words}`),
  ];
  it.each(machines)("is not what a machine says of itself: %s", (subject) =>
    expect(kind(subject)).toBeNull(),
  );
  it.each(OF_PEOPLE)("is what a person wrote: %s", (subject) => expect(kind(subject)).toBe("near-miss"));
});

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

describe("marks of the own gateway (requests.subject_marks)", () => {
  const policy: Policy = { ...POLICY, subjectMarks: ["[EXTERN]", "***EXT***"] };
  const request = (subject: string, of = policy) =>
    factsOf([FROM_OUTSIDE, ...aliceWith(`Subject: ${subject}`)], of).request;
  it.each<Row>([
    [`[EXTERN] ${TAG}`, "exact"],
    [`[EXTERN]${TAG}`, "exact"],
    [`${TAG} [EXTERN]`, "exact"],
    [`[EXTERN] ***EXT*** ${TAG} [EXTERN]`, "exact"],
    [TAG, "exact"],
    [`[extern] ${TAG}`, "near-miss"],
    [`[EXTERN]: ${TAG}`, "near-miss"],
    ["[EXTERN] [axazertifikat]", "near-miss"],
    [`[EXTERN] Re: ${TAG}`, null],
    [`Re: [EXTERN] ${TAG}`, null],
    ["[EXTERN]", null],
    ["[EXTERN] [EXTERN]", null],
  ])("%j is %s", (subject, kind) => expect(request(subject)).toBe(kind));

  it("are none by default, and never the tag itself", () => {
    expect(request(`[EXTERN] ${TAG}`, POLICY)).toBe("near-miss");
    expect(request(TAG, { ...POLICY, subjectMarks: [TAG] })).toBe("exact");
  });
});
