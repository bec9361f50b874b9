/**
 * Certificates with X25519 or X448 keys (RFC 8410), on every way that a certificate comes in: refused with advice, as nobody could
 * decrypt what we would send (PRODUCT §3 4.), and never in the way of one that is good.
 */
import { generateKeyPairSync } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseDer } from "../attacks/der-tree.ts";
import { bundleOf } from "../attacks/recipe.ts";
import { certsOnlyMail, type Identity, plainMail } from "../lab/openssl.ts";
import { ALICE, type World } from "./authorities.ts";
import { delivered } from "./bench.ts";
import type { Case, ExpectedCertificate } from "./case.ts";
import { signed } from "./mails.ts";
import { reissued } from "./reissue.ts";

const SECTION = "RFC 8551 §2.3";

export function montgomeryCases(world: World): Case[] {
  return (["x25519", "x448"] as const).flatMap((kind) => casesOf(kind, world));
}

function casesOf(kind: "x25519" | "x448", world: World): Case[] {
  const { alice } = world;
  const signer = world.issue({ keyUsage: "critical,digitalSignature" });
  const of = withKey(kind, world.issue({ keyUsage: "critical,keyAgreement" }), world);
  const open = withKey(kind, world.issue({ keyUsage: null }), world);
  const refused = (...more: ExpectedCertificate["codes"]): ExpectedCertificate => ({
    of,
    verdict: "rejected",
    codes: ["cert.key-unsupported", ...more],
  });
  const row = (
    id: string,
    what: string,
    mail: Buffer,
    certificates: readonly ExpectedCertificate[],
  ): Case => {
    const active = certificates.filter(({ verdict }) => verdict === "accepted").map((one) => one.of);
    const taken = active.length > 0;
    const waits = certificates.some(({ verdict }) => verdict === "pending");
    return {
      ...{ id: `${kind}.${id}`, what, mail, section: SECTION, openssl: { signature: false, path: false } },
      expect: {
        certificates,
        folder: taken ? "Processed" : waits ? "Pending" : "Rejected",
        replies: [taken ? "accepted" : waits ? "pending" : "rejected"],
        active,
      },
    };
  };
  const header = { from: ALICE, to: "robot@company.example", extraHeaders: delivered() };
  const file = (name: string, type: string, bytes: Buffer) => ({ name, type, bytes });
  const ca = world.ca.identity.certFile;
  const cer = file("me.cer", "application/pkix-cert", of.der);
  const p7b = file("me.p7b", "application/x-pkcs7-certificates", bundleOf(of, world.ca.identity));
  const noPath = ["signature.none", "path.issuer-missing"] as const;
  return [
    row("beside", "beside a signer that can encrypt itself", signed(alice, { chain: [ca, of.certFile] }), [
      { of: alice, verdict: "accepted", codes: [] },
      refused(),
    ]),
    row("dual", "as the encryption half of a dual key pair", signed(signer, { chain: [ca, of.certFile] }), [
      { of: signer, verdict: "rejected", codes: ["cert.sign-only"] },
      refused(),
    ]),
    row("no-usage", "without a keyUsage", signed(alice, { chain: [ca, open.certFile] }), [
      { of: alice, verdict: "accepted", codes: [] },
      { ...refused(), of: open },
    ]),
    row("file-signed", "as a file in a signed mail", signed(alice, { attachment: cer }), [
      { of: alice, verdict: "accepted", codes: [] },
      refused("signature.other-key", "path.issuer-missing"),
    ]),
    row("file", "as a .cer alone", plainMail({ ...header, attachment: cer }), [refused(...noPath)]),
    row("bundle", "as a .p7b with its CA", plainMail({ ...header, attachment: p7b }), [
      refused("signature.none"),
    ]),
    row(
      "certs-only",
      "as a certs-only mail",
      certsOnlyMail({ ...header, certificates: [of, world.ca.identity] }),
      [refused("signature.none")],
    ),
    row(
      "certs-only-with-good",
      "in a certs-only mail with one that is good",
      certsOnlyMail({ ...header, certificates: [of, alice, world.ca.identity] }),
      [refused("signature.none"), { of: alice, verdict: "pending", codes: ["signature.none"] }],
    ),
  ];
}

/** The certificate with a key of this kind in it, and that key's file. */
function withKey(kind: "x25519" | "x448", identity: Identity, world: World): Identity {
  const pair = kind === "x25519" ? generateKeyPairSync("x25519") : generateKeyPairSync("x448");
  const spki = pair.publicKey.export({ type: "spki", format: "der" });
  const made = reissued(identity, world.ca.identity, { publicKey: parseDer(spki) });
  const keyFile = join(world.folder, `${made.sha256}.pem`);
  writeFileSync(keyFile, pair.privateKey.export({ type: "pkcs8", format: "pem" }));
  return { ...made, keyFile };
}
