import {
  type Certificate,
  isProblem,
  type ParseProblem,
  parseCertificate,
  readCrlFile,
} from "../pki/index.ts";
import type { Policy } from "../policy.ts";
import type { TrustedAnchor, TrustStore } from "./trust.ts";

/** A trust store as bytes: as it is stored, and as it travels to the judge processes. */
export interface TrustMaterial {
  /** The same version is the same material: the judges are not told twice. */
  readonly version: number;
  readonly anchors: readonly AnchorMaterial[];
  readonly intermediates: readonly Uint8Array[];
  /** Null: revocation is not part of the path. */
  readonly crls: readonly Uint8Array[] | null;
}

/** An anchor as bytes; the rest as `TrustedAnchor` has it. */
export type AnchorMaterial = Omit<TrustedAnchor, "certificate"> & { readonly der: Uint8Array };

/** A CA certificate with what an installation says of it. */
export interface TrustedCertificate {
  readonly der: Uint8Array;
  readonly kind: "anchor" | "intermediate";
  /** `public`: from the list of e-mail CAs that a browser vendor keeps. */
  readonly origin: "own" | "public";
  /** Mail domains that an anchor may speak for; null: any. */
  readonly domains: readonly string[] | null;
  readonly distrustAfter: Date | null;
  readonly enabled: boolean;
}

/** The trust store of an installation, as bytes; what is switched off, one by one or by the policy, is left out. */
export function trustMaterial(
  version: number,
  entries: readonly TrustedCertificate[],
  { publicRoots }: Pick<Policy["certificates"], "publicRoots">,
): TrustMaterial {
  const used = entries.filter(({ enabled, origin }) => enabled && (publicRoots || origin === "own"));
  return {
    version,
    anchors: used
      .filter(({ kind }) => kind === "anchor")
      .map(({ der, domains, distrustAfter }) => ({ der, domains, distrustAfter })),
    intermediates: used.filter(({ kind }) => kind === "intermediate").map(({ der }) => der),
    crls: null,
  };
}

/** Decodes a trust store once, for many messages. What cannot be decoded was refused when it was added. */
export function decodeTrust(material: TrustMaterial): TrustStore {
  const files = (material.crls ?? []).map((bytes) => readCrlFile(bytes, "in the trust store"));
  return {
    anchors: material.anchors.flatMap(({ der, ...said }) =>
      readable(parseCertificate(der)).map((certificate) => ({ certificate, ...said })),
    ),
    intermediates: material.intermediates.flatMap((der) => readable(parseCertificate(der))),
    crls: material.crls === null ? null : files.flatMap(({ crls }) => crls),
    unreadableCrls: files.flatMap(({ unreadable }) => unreadable),
  };
}

function readable(parsed: Certificate | ParseProblem): Certificate[] {
  return isProblem(parsed) ? [] : [parsed];
}
