/**
 * read: raw bytes → facts.
 *
 * Subject: what one message says, who wrote which part of it (the trusted block, PRODUCT §4), and the byte-exact
 * signed range. It knows mail (RFC 5322, 2045, 8601) and the reading rules of the policy (own hosts, own domains,
 * the tag). It must not know certificates, the directory, the clock or any file, and it never trusts a header for
 * more than it says.
 */

export type { InnerEntity } from "./cms-bytes.ts";
export type {
  AddressedMailbox,
  AddressedSource,
  AutomaticMark,
  AutomaticRule,
  Carries,
  From,
  MessageFacts,
  ReturnedMail,
  ReturnedRecipient,
  ReturnPath,
} from "./facts.ts";
export {
  type CertificateFile,
  type Content,
  contentOf,
  type Offer,
  type SignedPart,
} from "./offer.ts";
export { isOpenPgpPrivateKey } from "./openpgp.ts";
export { READ_PROBLEMS, type ReadProblem } from "./problem.ts";
export { ledgerKey, type ReadMessage, readMessage } from "./read-message.ts";
export { type FilterTrace, filterTrace } from "./results-place.ts";
export { returnedMail } from "./returned.ts";
export { EXCHANGE_ONLINE } from "./trusted-block.ts";
