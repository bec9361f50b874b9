/** The named elliptic curves that this room knows (RFC 5480 §2.1.1.1, RFC 5639 §4.1). */
export interface Curve {
  /** As people write it: `P-256`, `brainpoolP256r1`. */
  readonly name: string;
  /** Size of the field in bits. */
  readonly bits: number;
  /** As OpenSSL calls it. */
  readonly openssl: string;
}

export const CURVES: ReadonlyMap<string, Curve> = new Map([
  ["1.2.840.10045.3.1.1", { name: "P-192", bits: 192, openssl: "prime192v1" }],
  ["1.3.132.0.33", { name: "P-224", bits: 224, openssl: "secp224r1" }],
  ["1.2.840.10045.3.1.7", { name: "P-256", bits: 256, openssl: "prime256v1" }],
  ["1.3.132.0.34", { name: "P-384", bits: 384, openssl: "secp384r1" }],
  ["1.3.132.0.35", { name: "P-521", bits: 521, openssl: "secp521r1" }],
  ["1.3.132.0.10", { name: "secp256k1", bits: 256, openssl: "secp256k1" }],
  ["1.3.36.3.3.2.8.1.1.1", { name: "brainpoolP160r1", bits: 160, openssl: "brainpoolP160r1" }],
  ["1.3.36.3.3.2.8.1.1.3", { name: "brainpoolP192r1", bits: 192, openssl: "brainpoolP192r1" }],
  ["1.3.36.3.3.2.8.1.1.5", { name: "brainpoolP224r1", bits: 224, openssl: "brainpoolP224r1" }],
  ["1.3.36.3.3.2.8.1.1.7", { name: "brainpoolP256r1", bits: 256, openssl: "brainpoolP256r1" }],
  ["1.3.36.3.3.2.8.1.1.9", { name: "brainpoolP320r1", bits: 320, openssl: "brainpoolP320r1" }],
  ["1.3.36.3.3.2.8.1.1.11", { name: "brainpoolP384r1", bits: 384, openssl: "brainpoolP384r1" }],
  ["1.3.36.3.3.2.8.1.1.13", { name: "brainpoolP512r1", bits: 512, openssl: "brainpoolP512r1" }],
]);
