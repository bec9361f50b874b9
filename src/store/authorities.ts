import type { CertificateSummary } from "../inspect/index.ts";
import { bytes } from "./column.ts";
import type { Connection } from "./connection.ts";

/** CA certificates that came with partners' certificates. */
export interface Authorities {
  /**
   * The CA certificates above a certificate, as far as those above its like are known: of other certificates by the same
   * issuer, or above the same CA. Only of certificates that are in use: whatever strangers have stored crowds none out.
   * DER, each once, in no order.
   */
  authoritiesAbove(
    certificate: Pick<CertificateSummary, "sha256" | "issuer">,
  ): Promise<readonly Uint8Array[]>;
}

/** Certificates whose chains are taken: one chain is as a rule that of all, and a CA renews its own now and then. */
const CHAINS = 4;

/** Rows that are looked at for them: what an anchor issued itself has no chain, and there may be many of it. */
const LOOKED_AT = 1_000;

/** The latest first: CAs renew their certificates. */
export const OF_ISSUER = `
  SELECT id FROM (
    SELECT certificate AS id FROM used_certificate WHERE issuer = ? ORDER BY certificate DESC LIMIT ${LOOKED_AT}
  ) like_it
  WHERE EXISTS (SELECT 1 FROM certificate_chain k WHERE k.certificate = like_it.id)
  ORDER BY id DESC LIMIT ${CHAINS}`;
export const BELOW_AUTHORITY = `
  SELECT id FROM (
    SELECT k.certificate AS id FROM intermediate i JOIN certificate_chain k ON k.intermediate = i.id
    WHERE i.sha256 = ? ORDER BY k.certificate DESC LIMIT ${LOOKED_AT}
  ) like_it
  WHERE EXISTS (SELECT 1 FROM used_certificate u WHERE u.certificate = like_it.id)
  ORDER BY id DESC LIMIT ${CHAINS}`;
const CHAIN = `
  SELECT i.sha256, i.der FROM certificate_chain k JOIN intermediate i ON i.id = k.intermediate
  WHERE k.certificate = ? ORDER BY k.position`;

export function authorities(on: Connection): Authorities {
  const ofIssuer = on.db.prepare<[string], { id: number }>(OF_ISSUER);
  const belowAuthority = on.db.prepare<[string], { id: number }>(BELOW_AUTHORITY);
  const chain = on.db.prepare<[number], { sha256: string; der: Uint8Array }>(CHAIN);
  return {
    authoritiesAbove: ({ sha256, issuer }) =>
      on.read(() => {
        const like = [...ofIssuer.all(issuer), ...belowAuthority.all(sha256)];
        const links = like.flatMap(({ id }) => chain.all(id));
        return [...new Map(links.map((link) => [link.sha256, bytes(link.der)])).values()];
      }),
  };
}
