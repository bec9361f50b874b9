/** The installation that judges every vector, and the mails as its servers deliver them. */
import { emptyView } from "../../src/decide/index.ts";
import type { TrustedAnchor } from "../../src/inspect/index.ts";
import { type Certificate, isProblem, parseCertificate, parseCrl } from "../../src/pki/index.ts";
import { DEFAULT_POLICY, type Policy } from "../../src/policy.ts";
import { type Explanation, explainMessage } from "../../src/robot/explain.ts";
import type { Identity } from "../lab/openssl.ts";
import type { Case } from "./case.ts";

/** OpenSSL signs with the clock of the machine, so that is the time of the vectors. */
export const NOW = new Date();
export const DAY = 86_400_000;

export function days(count: number): Date {
  return new Date(NOW.getTime() + count * DAY);
}

export const POLICY: Policy = {
  ...DEFAULT_POLICY,
  domains: ["company.example"],
  robot: ["robot@company.example"],
  border: {
    ownHosts: ["mx.company.example"],
    ownNetworks: ["10.0.0.0/8"],
    authservIds: ["mx.company.example"],
    authenticationResults: "above",
    mailboxSource: "auto",
  },
};

interface Delivery {
  /** What our server says of the sender; default: nothing. */
  readonly dmarc?: "pass" | "fail";
  readonly arrival?: Date;
  readonly to?: string;
}

/** The lines that our servers put above the sender's: for the lab's `extraHeaders`. */
export function delivered({
  dmarc,
  arrival = NOW,
  to = "robot@company.example",
}: Delivery = {}): [string, string][] {
  return [
    ["Return-Path", "<alice@partner.example>"],
    ["Delivered-To", to],
    ...(dmarc === undefined
      ? []
      : [
          ["Authentication-Results", `mx.company.example; dmarc=${dmarc} header.from=partner.example`] as [
            string,
            string,
          ],
        ]),
    [
      "Received",
      `from mail.partner.example (mail.partner.example [192.0.2.1]) by mx.company.example with ESMTPS id 1; ${arrival.toUTCString().replace("GMT", "+0000")}`,
    ],
  ];
}

export function certificateOf(identity: Identity): Certificate {
  const parsed = parseCertificate(identity.der);
  if (isProblem(parsed)) throw new Error(parsed.detail);
  return parsed;
}

/** A CA as an anchor for these mail domains; none: for all. */
export function anchorOf(identity: Identity, ...domains: readonly string[]): TrustedAnchor {
  return {
    certificate: certificateOf(identity),
    domains: domains.length === 0 ? null : domains,
    distrustAfter: null,
  };
}

/** What keybot makes of a vector. */
export function explain(vector: Case, root: Identity): Promise<Explanation> {
  const { trust = {}, view } = vector;
  const policy = (vector.policy ?? ((same) => same))(POLICY);
  return explainMessage(vector.mail, {
    policy,
    at: new Date(), // never before the thisUpdate of a CRL that was made for this vector
    trust: {
      anchors: trust.anchors ?? [anchorOf(root)],
      intermediates: (trust.intermediates ?? []).map(certificateOf),
      crls:
        trust.crls?.flatMap((der) => {
          const crl = parseCrl(der);
          return isProblem(crl) ? [] : [crl];
        }) ?? null,
    },
    view: async (query) => ({ ...emptyView(query), ...view }),
  });
}
