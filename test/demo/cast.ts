import { join } from "node:path";
import { Authority, type Identity } from "../lab/openssl.ts";
import type { Site } from "../lab/site.ts";

/** Somebody with a mail address and a certificate. */
export interface Person {
  readonly name: string;
  readonly address: string;
  readonly identity: Identity;
  /** Certificates that a mail program sends along with a signature. */
  readonly chain: readonly string[];
}

/** Who plays: four partners outside and two mailboxes of the company. */
export interface Cast {
  readonly alice: Person;
  readonly bob: Person;
  /** Her certificate is good, but her mail is changed on the way. */
  readonly carol: Person;
  /** Her clinic has a CA of its own, which the company does not know. */
  readonly dora: Person;
  readonly anna: Person;
  readonly claims: Person;
}

/** Addresses that the lab's company does not have by itself. */
export const MORE_ADDRESSES = ["carol@broker.example", "dora@clinic.example"];

/** Has OpenSSL make the keys and certificates. */
export function makeCast(site: Site): Cast {
  const known = (name: string, address: string, key: "rsa:2048" | "P-256"): Person => {
    const identity = site.ca.issue({ name, addresses: [address], key });
    return { name, address, identity, chain: identity.chain };
  };
  const clinic = Authority.root(join(site.folder, "clinic"), { name: "Clinic Private CA" });
  const dora = clinic.issue({ name: "Dora Doctor", addresses: ["dora@clinic.example"], key: "P-256" });
  return {
    alice: known("Alice Archer", "alice@partner.example", "rsa:2048"),
    bob: known("Bob Baker", "bob@partner.example", "P-256"),
    carol: known("Carol Cooper", "carol@broker.example", "P-256"),
    dora: {
      name: "Dora Doctor",
      address: "dora@clinic.example",
      identity: dora,
      chain: [clinic.identity.certFile],
    },
    anna: known("Anna Adler", "anna@company.example", "rsa:2048"),
    claims: known("Claims Department", "claims@company.example", "P-256"),
  };
}
