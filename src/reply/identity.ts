import type { KeyObject } from "node:crypto";
import type { Certificate } from "../pki/index.ts";
import { oneLine } from "./escape.ts";

/** What the robot signs its replies with (PRODUCT §4). */
export interface SigningIdentity {
  /** The robot's own certificate. */
  readonly certificate: Certificate;
  readonly key: KeyObject;
  /** Its issuers, nearest first, without the anchor. */
  readonly intermediates: readonly Certificate[];
}

/** Who we are in a reply: configuration, never a stranger's text. */
export interface Identity {
  /** The From field, e.g. `Key Management <key-management@company.example>`. */
  readonly from: string;
  /** The address that people are told to write to when stuck. */
  readonly contact: string;
  /** The value of `X-Keybot-Loop` (see `loopMark`). */
  readonly loopMark: string;
  /** The subject that makes a mail a request. */
  readonly tag: string;
  readonly companyDomains: readonly string[];
  readonly signing?: SigningIdentity;
}

/** The values that every text may use. */
export function commonValues(identity: Identity): Record<"contact" | "robot" | "tag" | "domains", string> {
  return {
    contact: identity.contact,
    robot: robotAddress(identity.from),
    tag: identity.tag,
    domains: identity.companyDomains.join(", "),
  };
}

/** The bare address of the From field. */
export function robotAddress(from: string): string {
  return oneLine(/<([^<>]*)>\s*$/.exec(from)?.[1] ?? from, 320);
}
