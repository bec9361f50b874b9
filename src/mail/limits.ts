/**
 * The budgets of the mail room. Every figure bounds what one stranger's message can cost; honest mail stays
 * far below. Where a budget is exceeded the parser stops and says so in its `problem`.
 */
export const LIMITS = Object.freeze({
  /**
   * Bytes of one header (of the message or of a part). Postfix cuts at 100 KiB (header_size_limit); ten times
   * that.
   */
  headerBytes: 1024 * 1024,
  /** Fields in one header. A mail that passed twenty servers and two lists has about 150. */
  headerFields: 1000,
  /** Fields in all headers of a message: bounds the memory that many small parts can take. */
  messageFields: 20_000,
  /**
   * Multiparts inside each other. Clients make 4; a chain of forwards as attachment is a leaf here
   * (message/rfc822).
   */
  mimeDepth: 50,
  /** Body parts in all. A digest of a busy list has some hundreds. */
  mimeParts: 1000,
  /** Characters of a boundary. RFC 2046 §5.1.1 allows 70; some old gateways exceed it. */
  boundaryLength: 200,
  /**
   * Parameters of a Content-Type or Content-Disposition; RFC 2231 splits one long file name into some dozens.
   */
  parameters: 200,
  /** Characters of an address field that is looked at. 1000 mailboxes with long names fit. */
  addressFieldLength: 256 * 1024,
  /** Characters of a field with one address and a name that breaks the grammar: a line (RFC 5322 §2.1.1). */
  looseAddressLength: 998,
  /** Mailboxes of one address field. */
  mailboxes: 1000,
  /** Octets of one addr-spec: RFC 5321 §4.5.3.1 gives 64 + 1 + 255. Longer ones cannot be delivered to. */
  addressOctets: 320,
  /** Characters of a domain that is brought to A-labels (RFC 5321 §4.5.3.1.2). A U-label has fewer than its A-label. */
  domainCharacters: 255,
  /** Encoded words that are decoded in one field; what follows stays as it stands. */
  encodedWords: 2000,
  /** Characters of a Received, Return-Path, Authentication-Results or Date field that is looked at. */
  traceFieldLength: 64 * 1024,
  /** Results in one Authentication-Results field; ARC and many DKIM signatures make about 20. */
  authenticationResults: 200,
  /**
   * Message-IDs of one References field: the last ones count. RFC 5537 §3.4.4 trims such lists far earlier.
   */
  messageIds: 200,
  /** Characters of one Message-ID: it must fit on a line when it is repeated (RFC 5322 §2.1.1: 998). */
  messageIdLength: 900,
  /** Bytes of a delivery status that are looked at: a group is some hundred bytes. */
  deliveryStatusBytes: 64 * 1024,
  /** Recipients of one delivery status. Our mails have one; a forwarding list behind it may name more. */
  deliveryStatuses: 50,
  /** Characters of a Diagnostic-Code that are kept: the server's sentence, not its manual. */
  diagnosticLength: 300,
});
