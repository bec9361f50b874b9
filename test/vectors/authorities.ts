/** The CAs and the people of the vectors, made once for one run of the tests. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Authority, type CertificateOptions, type Identity, selfSigned } from "../lab/openssl.ts";
import { days } from "./bench.ts";

export const ALICE = "alice@partner.example";
export const BOB = "bob@partner.example";

export class World {
  readonly folder = mkdtempSync(join(tmpdir(), "keybot-vectors-"));
  /** The one CA that is trusted. */
  readonly root = Authority.root(this.folder, { name: "Trusted Root" });
  readonly ca = this.root.intermediate({ name: "Trusted Issuing CA" });
  /** A CA that nobody trusts. */
  readonly unknown = Authority.root(this.folder, { name: "Unknown Root" });
  /** The name of the trusted one, another key. */
  readonly twin = Authority.root(this.folder, { name: "Trusted Root" });
  readonly alice = this.issue({});
  readonly bob = this.issue({ addresses: [BOB] });
  readonly stranger = selfSigned(this.folder, { addresses: [ALICE], key: "P-256" });

  /** A certificate of Alice's by the trusted issuing CA, with these properties changed. */
  issue(change: CertificateOptions, by: Authority = this.ca): Identity {
    return by.issue({ addresses: [ALICE], key: "P-256", ...change });
  }

  /** The same below an issuing CA of its own, which has these properties. */
  below(ca: CertificateOptions, leaf: CertificateOptions = {}): Identity {
    return this.issue(leaf, this.root.intermediate({ name: "Special CA", ...ca }));
  }

  /** A CA whose time is over, with a certificate that is valid still. */
  belowExpired(): Identity {
    return this.below({ notBefore: days(-900), notAfter: days(-2) });
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
