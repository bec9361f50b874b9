import { KeybotError } from "../errors.ts";
import type { CertificateRecord, DirectoryCertificate, Store } from "../store/index.ts";
import { meansAddress, parseAddress } from "./address.ts";
import { recordOf, withSameStatus } from "./record.ts";
import { whyNotUsed } from "./why-not-used.ts";

/** A certificate to encrypt to. */
export interface FoundForUse {
  readonly record: CertificateRecord;
  readonly der: Uint8Array;
}

/** Certificates named in the sentence why none can be used; more would not be read. */
const NAMED = 3;

/**
 * Every certificate to encrypt to now, best first; at least one.
 * @throws KeybotError `not-found` that says why there is none
 */
export async function lookUp(
  store: Store,
  text: string,
  options: { readonly exactLocalPart: boolean; readonly now: Date },
): Promise<readonly FoundForUse[]> {
  const address = parseAddress(text);
  const { now, exactLocalPart } = options;
  const meant = (certificate: DirectoryCertificate) =>
    meansAddress(certificate.address, address, exactLocalPart);
  const usable = (await store.usableFor(address, now)).filter(meant);
  if (usable.length === 0) {
    throw noneFor(address, (await store.certificatesOf(address, now)).filter(meant), now);
  }
  return Promise.all(usable.map((certificate) => foundForUse(store, certificate, now)));
}

async function foundForUse(store: Store, certificate: DirectoryCertificate, now: Date): Promise<FoundForUse> {
  const search = await store.findCertificate(certificate.sha256, now);
  const holdings = search.found === "one" ? search.certificate.holdings : [];
  return { record: recordOf(certificate, withSameStatus(certificate, holdings)), der: certificate.der };
}

function noneFor(address: string, known: readonly DirectoryCertificate[], now: Date): KeybotError {
  if (known.length === 0) {
    return new KeybotError("not-found", "admin.no-partner", `no certificate of ${address} is known`);
  }
  const reasons = known
    .slice(0, NAMED)
    .map((certificate) => `${certificate.sha256.slice(0, 16)} ${whyNotUsed(certificate, now) ?? ""}`);
  const more = known.length > NAMED ? [`${known.length - NAMED} more`] : [];
  return new KeybotError(
    "not-found",
    "admin.none-usable",
    `no certificate of ${address} can be used: ${[...reasons, ...more].join("; ")}`,
    { hint: `keybot show ${address} tells all that is known` },
  );
}
