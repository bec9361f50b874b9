import {
  type Certificate,
  type Crl,
  isProblem,
  type ParseProblem,
  parseCertificate,
  parseCrl,
} from "../pki/index.ts";
import type { TrustStore } from "./trust.ts";

/** A trust store as bytes: as it is stored, and as it travels to the judge processes. */
export interface TrustMaterial {
  /** The same version is the same material: the judges are not told twice. */
  readonly version: number;
  readonly anchors: readonly { readonly der: Uint8Array; readonly domains: readonly string[] | null }[];
  readonly intermediates: readonly Uint8Array[];
  /** Null: revocation is not part of the path. */
  readonly crls: readonly Uint8Array[] | null;
}

/** A CA certificate with what an installation says of it. */
export interface TrustedCertificate {
  readonly der: Uint8Array;
  readonly kind: "anchor" | "intermediate";
  /** Mail domains that an anchor may speak for; null: any. */
  readonly domains: readonly string[] | null;
  readonly enabled: boolean;
}

/** The trust store of an installation, as bytes; what is switched off is left out. */
export function trustMaterial(version: number, entries: readonly TrustedCertificate[]): TrustMaterial {
  const used = entries.filter(({ enabled }) => enabled);
  return {
    version,
    anchors: used.filter(({ kind }) => kind === "anchor").map(({ der, domains }) => ({ der, domains })),
    intermediates: used.filter(({ kind }) => kind === "intermediate").map(({ der }) => der),
    crls: null,
  };
}

/** Decodes a trust store once, for many messages. What cannot be decoded was refused when it was added. */
export function decodeTrust(material: TrustMaterial): TrustStore {
  return {
    anchors: material.anchors.flatMap(({ der, domains }) =>
      readable(parseCertificate(der)).map((certificate) => ({ certificate, domains })),
    ),
    intermediates: material.intermediates.flatMap((der) => readable(parseCertificate(der))),
    crls: material.crls === null ? null : material.crls.flatMap((der) => readable(parseCrl(der))),
  };
}

function readable<T extends Certificate | Crl>(parsed: T | ParseProblem): T[] {
  return isProblem(parsed) ? [] : [parsed];
}
