/** Budgets of judging one message. */

/** SignerInfos verified; an honest mail has one, rarely two. */
export const SIGNER_INFOS = 16;

/** End-entity certificates judged; each costs a path search. */
export const JUDGED_CERTIFICATES = 16;

/** Candidates for a path taken from the mail itself. */
export const CERTIFICATES_BESIDE = 64;

/** CA certificates taken of one answer about an issuer: all cross-certificates of a CA that anybody was seen to publish. */
export const ISSUERS_TAKEN = 16;

/** Of them, those of the issuer's name whose keys are tried: as many as a CA that was renewed for decades has. */
export const ISSUERS_TRIED = 32;

/** Signed layers that are opened to find the sender's; a gateway adds one, a list another. */
export const SIGNED_LAYERS = 8;

/** Bytes of all opaque contents together that are opened to find it; the first is opened in any case. */
export const OPENED_BYTES = 32 * 1024 * 1024;

/** Bytes of a signature that is taken as a certificate file, because it is not the one that counts. */
export const SIGNATURE_FILE_BYTES = 256 * 1024;

/** Private keys of one mail that are compared with its certificates; nobody sends more by mistake. */
export const PRIVATE_KEYS = 64;
