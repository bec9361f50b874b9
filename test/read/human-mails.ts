/**
 * What the programs of people write into a header, as far as a rule of silence could mistake it. Each is a mail that must
 * be answered. Written by hand after the manner of the programs, with addresses of nobody.
 */
export interface HumanMail {
  readonly program: string;
  /** The lines that this program adds to those of every mail; one of the same name takes its place. */
  readonly lines: readonly string[];
}

export const HUMAN_MAILS: readonly HumanMail[] = [
  {
    program: "Outlook on Exchange Online",
    lines: [
      "Thread-Topic: [AXAZERTIFIKAT]",
      "Thread-Index: AQHbPq1x0000000000000000000000000000AA==",
      "Accept-Language: de-DE, en-US",
      "X-MS-Has-Attach:",
      "X-MS-TNEF-Correlator:",
      "x-ms-publictraffictype: Email",
      "x-ms-exchange-messagesentrepresentingtype: 1",
      "x-ms-exchange-senderadcheck: 1",
      "x-ms-exchange-antispam-relay: 0",
      "X-MS-Exchange-Transport-CrossTenantHeadersStamped: AM0PR02MB0000",
      "X-MS-Exchange-CrossTenant-AuthAs: Internal",
      "X-OriginatorOrg: partner.example",
      "Content-Type: multipart/alternative; boundary=_000_AM0",
    ],
  },
  {
    program: "Outlook on an own Exchange",
    lines: [
      "X-MS-Exchange-Organization-SCL: -1",
      "X-MS-Exchange-Organization-AuthSource: ex01.partner.example",
      "X-MS-Exchange-Organization-AuthAs: Internal",
      "X-Originating-IP: [192.0.2.9]",
      "X-Exclaimer-MD-Config: 0f0f",
      "Importance: high",
      "X-Priority: 1",
      "Sensitivity: company-confidential",
    ],
  },
  {
    program: "Outlook, receipts not wanted",
    lines: ["X-Auto-Response-Suppress: DR, RN, NRN", "X-MS-Exchange-Organization-AutoForwarded: false"],
  },
  { program: "Outlook, nothing suppressed", lines: ["X-Auto-Response-Suppress: None"] },
  { program: "Outlook, an empty wish", lines: ["X-Auto-Response-Suppress:"] },
  {
    program: "Outlook, sent by the secretary",
    lines: ["Sender: Sabine <sabine@partner.example>", "Return-Path: <sabine@partner.example>"],
  },
  {
    program: "Outlook, forwarded by a rule of a person's mailbox",
    lines: [
      "X-MS-Exchange-Inbox-Rules-Loop: alice@partner.example",
      "Resent-From: <office@partner.example>",
      "Return-Path: <office@partner.example>",
    ],
  },
  {
    program: "Thunderbird",
    lines: [
      "User-Agent: Mozilla Thunderbird",
      "X-Mozilla-Draft-Info: internal/draft; vcard=0; receipt=1; DSN=1; uuencode=0",
      "Disposition-Notification-To: Alice <alice@partner.example>",
      "Content-Language: de-DE",
      "Autocrypt: addr=alice@partner.example; keydata=xjMEAAAA",
    ],
  },
  {
    program: "Apple Mail",
    lines: [
      "Mime-Version: 1.0 (Mac OS X Mail 16.0 \\(3776.700.51\\))",
      "X-Mailer: Apple Mail (2.3776.700.51)",
      "X-Universally-Unique-Identifier: 00000000-0000-0000-0000-000000000000",
    ],
  },
  {
    program: "an iPhone",
    lines: ["X-Mailer: iPhone Mail (22A3370)", "Content-Type: text/plain; charset=us-ascii"],
  },
  {
    program: "Gmail",
    lines: [
      "X-Google-DKIM-Signature: v=1; a=rsa-sha256; d=1e100.net",
      "X-Gm-Message-State: AOJu0Y",
      "X-Google-Smtp-Source: AGHT+I",
      "Return-Path: <alice@partner.example>",
    ],
  },
  {
    program: "Gmail, from another address",
    lines: ["X-Google-Sender-Delegation: alice@partner.example", "Sender: alice.private@mail.example"],
  },
  {
    program: "GMX",
    lines: [
      "Importance: normal",
      "Sensitivity: Normal",
      "X-Priority: 3",
      "X-Provags-ID: V03:K1:0000",
      "X-UI-Out-Filterresults: notjunk:1;V03:K0:0000",
    ],
  },
  {
    program: "HCL Notes",
    lines: [
      "X-Mailer: HCL Notes Release 12",
      "X-MIMETrack: Serialize by Router on MAIL01/Partner",
      "$AutoForward: 0",
      "X-TNEFEvaluated: 1",
    ],
  },
  {
    program: "mutt in a list subscriber's hands",
    lines: [
      "Mail-Followup-To: Alice <alice@partner.example>",
      "X-Loop: alice@partner.example",
      "Mail-Copies-To: nobody",
    ],
  },
  {
    program: "an old sendmail",
    lines: [
      "Precedence: normal",
      "Return-Receipt-To: alice@partner.example",
      "Errors-To: alice@partner.example",
    ],
  },
  { program: "a queue with postal manners", lines: ["Precedence: first-class", "Priority: urgent"] },
  { program: "a gateway that says no", lines: ["Auto-Submitted: no", "X-Auto-Submitted: yes"] },
  { program: "a gateway that says no with a comment", lines: ["Auto-Submitted: No (sent by a person)"] },
  {
    program: "a mail filter",
    lines: [
      "X-Spam-Status: No, score=-2.9 required=5.0 tests=BAYES_00,MAILING_LIST_MULTI",
      "X-Virus-Scanned: amavisd-new at partner.example",
      "X-Listed-In: nowhere",
      "Feedback-ID: 1:2:3:partner",
    ],
  },
  {
    program: "a customer system in a person's hands, with words that only begin like a list's",
    lines: ["X-List-Id: 17", "Listing-Number: 4711", "List: prices", "Lists-Post: no"],
  },
  {
    program: "a person whose name looks like a robot's",
    lines: ["From: Nora Eply <nora.eply@partner.example>", "Return-Path: <nora.eply@partner.example>"],
  },
  ...["noreen", "bouncer", "rooter", "abusebeth", "daemonique", "post.master", "request", "owner"].map(
    (name) => ({
      program: `a person called ${name}`,
      lines: [`From: <${name}@partner.example>`, `Return-Path: <${name}@partner.example>`],
    }),
  ),
  {
    program: "a plus form, and its envelope in the manner of BATV",
    lines: [
      "From: Alice <alice+company@partner.example>",
      "Return-Path: <prvs=0123456789=alice@partner.example>",
    ],
  },
  {
    program: "a forwarder in the manner of SRS",
    lines: ["Return-Path: <SRS0=HHH=TT=partner.example=alice@forwarder.example>"],
  },
  { program: "a server that keeps the envelope to itself", lines: [] },
];
