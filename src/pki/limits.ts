/**
 * The budgets of this room. Whatever a stranger sends, decoding it costs at most what these figures allow.
 */

/** Octets of one certificate. Real ones have 1 to 4 KiB; the largest post-quantum signature (SLH-DSA-256f) needs 50 KiB. */
export const MAX_CERTIFICATE_BYTES = 64 * 1024;

/** Extensions of one certificate or CRL. Real ones have up to 15; the table of RFC 5280 §4.2 has 17. */
export const MAX_EXTENSIONS = 64;

/** Names in one GeneralNames: team and function certificates carry up to some hundred addresses. */
export const MAX_GENERAL_NAMES = 1_000;

/**
 * What of a name is prepared for comparison (RFC 5280 §7.1): characters of a text, octets and relative distinguished names of a
 * whole Name. The upper bounds of X.520 are 64 to 256 for all that CAs write; real names have under 1 KiB and 10 parts.
 */
export const MAX_PREPARED_TEXT = 4 * 1024;
export const MAX_PREPARED_NAME_BYTES = 64 * 1024;
export const MAX_PREPARED_RDNS = 100;

/** Octets of one CRL. The largest CRLs of public mail CAs have a few MiB; 32 MiB are some 800,000 entries. */
export const MAX_CRL_BYTES = 32 * 1024 * 1024;

/** Octets of one OID's content: 20 arcs of the largest kind in use (UUID arcs under 2.25 take 19 octets). */
export const MAX_OID_BYTES = 64;

/** Nesting of constructed OCTET STRINGs (X.690 §8.7.3). Streaming clients nest once; OpenSSL stops at 5. */
export const MAX_STRING_DEPTH = 8;

/** Indefinite lengths that may be open at once (X.690 §8.1.3.6). The CMS grammar needs 9 down to a signer's attribute. */
export const MAX_INDEFINITE_DEPTH = 32;

/** Certificates in the SignedData of one mail. Honest mails carry 1 to 10; the path search pays for every one. */
export const MAX_CMS_CERTIFICATES = 100;

/** SignerInfos in the SignedData of one mail: honest mails have 1 to 3, and each costs a digest over the content. */
export const MAX_CMS_SIGNERS = 16;

/** Octets of one SignerInfo's signed attributes: ESS and capabilities included, real ones have under 2 KiB. */
export const MAX_SIGNED_ATTRIBUTES_BYTES = 64 * 1024;

/** Octets of an AlgorithmIdentifier's parameters that are brought into DER: those of RSASSA-PSS have 52, of DSA under 1 KiB. */
export const MAX_PARAMETERS_BYTES = 4 * 1024;

/** Attributes of one SignerInfo: the standards define about 20. */
export const MAX_ATTRIBUTES = 64;

/** Different keys tried for one SignerInfo whose identifier fits several certificates (renewals keep their key id). */
export const MAX_SIGNER_CANDIDATES = 4;

/** Octets of one file of certificates (PEM or PKCS#7): 20,000 certificates fit. */
export const MAX_CERTIFICATE_FILE_BYTES = 32 * 1024 * 1024;

/** Certificates taken from one such file: 0.1 ms each; Mozilla's roots for mail are 90, a collection of a company's some hundred. */
export const MAX_FILE_CERTIFICATES = 2_000;

/**
 * Certificates of one path, anchor included. The longest of NIST PKITS has 6, public mail CAs make 3 or 4; RFC 4158
 * §5.2 leaves the figure to the application. A longer one is not followed.
 */
export const MAX_PATH_LENGTH = 12;

/**
 * Signature checks for one target, over all candidate issuers, CRLs and CRL signers. An honest path needs one a
 * certificate and one a CRL, under 20; 200 RSA checks take some 10 ms. Without a cap a mail can keep a machine busy
 * (CVE-2018-16875).
 */
export const MAX_SIGNATURE_CHECKS = 200;

/**
 * Units of public-key mathematics for one mail (`computing.ts`), some 0.3 s. What honest mail needs stays under 1,000: two
 * signers with their paths of four certificates over P-521 take 900. Counting checks is not enough: one by a DSA key of
 * 10,000 bits takes 300 times as long as one by RSA-2048.
 */
export const MAX_COMPUTING = 8_000;

/**
 * Of them, units for keys that are refused whatever they sign: an honest weak path (DSA-1024, P-192) needs under 200, and
 * a key that alone costs more is never computed with.
 */
export const MAX_REFUSED_COMPUTING = 300;

/** Units for trying passwords on the PKCS#12 files of one mail, beside those: one of the most iterations that are taken. */
export const MAX_PASSWORD_COMPUTING = 7_000;

/** Issuers stepped to for one target: limits meshes of cross-certificates, whose paths grow with the factorial. */
export const MAX_PATH_STEPS = 500;

/** Comparisons of a name with a subtree for one target: 2,000 names against 2,000 constraints must not cost 4 million. */
export const MAX_NAME_COMPARISONS = 250_000;

/**
 * Policies, mappings and nodes of the valid_policy_graph touched for one target, over all its paths. An honest path has
 * under 100. RFC 9618 made the graph's growth linear, but a stranger's certificate can name thousands of policies.
 */
export const MAX_POLICY_STEPS = 50_000;

/** CRLs and distribution points looked at for one target. A path of four certificates with delta CRLs and reasons apart needs some 20. */
export const MAX_CRL_STEPS = 1_000;

/**
 * Octets of one OCSP response. Real ones have 0.5 to 5 KiB; a path of certificates with signatures of the largest post-quantum
 * algorithm (SLH-DSA-256f, 50 KiB each) fits.
 */
export const MAX_OCSP_BYTES = 512 * 1024;

/** Answers in one OCSP response. One certificate is asked about; responders that sign in advance put many more into it. */
export const MAX_OCSP_ANSWERS = 1_000;

/** Certificates in one OCSP response: the responder's own is enough (RFC 6960 §4.2.1), some add the path above it and older ones. */
export const MAX_OCSP_CERTIFICATES = 24;

/** OCSP responses looked at for one certificate: one a responder that it names, which are 1 or 2. */
export const MAX_OCSP_RESPONSES = 8;

/** Octets of one list of public roots. Mozilla's certdata.txt has 1.3 MiB. */
export const MAX_ROOT_LIST_BYTES = 16 * 1024 * 1024;

/** Certificates of one list of public roots. Mozilla's has 167. */
export const MAX_ROOT_LIST_CERTIFICATES = 2_000;

/**
 * Iterations of one derivation of a key from a password. Programs write 1 to 10,000, careful ones 600,000; more is a
 * stranger's way to keep a machine busy.
 */
export const MAX_PASSWORD_ITERATIONS = 600_000;

/** Iterations of PBKDF2 that cost one unit of a mail's computing: SHA-512 takes 0.3 µs each. */
export const ITERATIONS_PER_UNIT = 100;

/** Iterations of PKCS#12's own derivation that cost one unit: each is a call of its own, some 2 µs. */
export const PKCS12_ITERATIONS_PER_UNIT = 10;

/** Bags of one PKCS#12 structure, and their nesting: a key, its certificate and the path above are some 5, all on one level. */
export const MAX_BAGS = 100;
export const MAX_BAG_DEPTH = 4;

/** Characters of one private key in PEM: RSA with 16,384 bits has 13,000, and quoting adds to them. */
export const MAX_KEY_BASE64 = 32 * 1024;

/** Private keys looked at in one part of a mail; nobody sends more by mistake. What is beyond counts as locked. */
export const MAX_PRIVATE_KEYS = 16;

/** Passwords taken from one configuration profile. */
export const MAX_PASSWORDS = 4;
