import type { CertificateFileLimits } from "../pki/index.ts";

/** What a file of an admin may hold: all roots of a browser vendor in PEM are about 150 certificates and 300 kB. */
export const ADMIN_FILE_LIMITS: CertificateFileLimits = { bytes: 16 * 1024 * 1024, certificates: 1_000 };
