/**
 * All that the `openssl` program makes for tests: certificate authorities, certificates, signed and encrypted mails.
 * Nothing in here is keybot's own code, so that keybot is tested against an independent implementation.
 */
export {
  Authority,
  type AuthorityOptions,
  type CertificateOptions,
  type Identity,
  type KeyType,
  selfSigned,
} from "./authority.ts";
export {
  type Attachment,
  alter,
  certsOnlyMail,
  decryptMail,
  encryptedMail,
  type MailOptions,
  plainMail,
  requestMail,
  type SignedMailOptions,
  signedMail,
  type Verified,
  verifyMail,
} from "./mail.ts";
