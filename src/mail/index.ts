/**
 * Mail: the standard formats of Internet mail, as a pure library.
 *
 * It knows RFC 5322 (header, addresses, dates, message identifiers), RFC 6532 (UTF-8 in headers), RFC
 * 2045-2047 and 2231 (MIME), RFC 3464 (delivery status), RFC 5321 §4.4 (Received) and RFC 8601
 * (Authentication-Results), and the Public Suffix List; it reads them from strangers' bytes and writes them for our replies. Offsets are
 * into one Buffer of the raw message, so that signed parts can be cut out byte for byte.
 *
 * It must not know what a request, a submission or a mailbox of ours is, nothing of CMS or certificates, and
 * nothing of keybot at all. Bad input is a value (`problem`, null), never an exception; only the writing side
 * throws RangeError, for arguments that the program itself chose wrongly. Every budget is in `limits.ts`.
 */
export {
  type AddressList,
  type AddressProblem,
  canonicalDomain,
  type Mailbox,
  parseAddressList,
  parseAddrSpec,
  parseReturnPath,
  sameAddress,
  withoutPlus,
} from "./address.ts";
export {
  type AuthenticationResult,
  type AuthenticationResults,
  parseAuthenticationResults,
} from "./auth-results.ts";
export { toCrlf } from "./canonical.ts";
export {
  type Attachment,
  composeAround,
  composeEntity,
  composeMessage,
  composeSignedEntity,
  type EntityContent,
  type FieldValue,
  formatMailbox,
} from "./compose.ts";
export { formatDateTime, parseDateTime } from "./date-time.ts";
export { type DeliveryStatus, parseDeliveryStatus } from "./delivery-status.ts";
export { decodeEncodedWords, encodeWords } from "./encoded-word.ts";
export {
  fieldsNamed,
  firstField,
  type Header,
  type HeaderField,
  type HeaderProblem,
  parseHeader,
} from "./header.ts";
export { LIMITS as MAIL_LIMITS } from "./limits.ts";
export { type Disposition, type MediaType, parseDisposition, parseMediaType } from "./media-type.ts";
export { messageIds } from "./message-id.ts";
export { type MimeDefect, type MimeMessage, type MimePart, type MimeProblem, parseMime } from "./mime.ts";
export { ipInNetworks } from "./network.ts";
export { organisationalDomain, registeredDomain } from "./organisational-domain.ts";
export { parseReceived, type Received } from "./received.ts";
export { looseAddrSpec, soleAddress, soleAddresses } from "./sole-address.ts";
export { type DecodedBody, decodeBody, type EncodingProblem } from "./transfer-encoding.ts";
