import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import type { Crl } from "../../src/pki/index.ts";
import {
  type Certificate,
  isProblem,
  parseCertificate,
  parseCrl,
  readCertificates,
} from "../../src/pki/index.ts";
import { DEFAULT_POLICY, type Policy } from "../../src/policy.ts";
import { type Explanation, explainMessage } from "../../src/robot/explain.ts";

/** Public mails, each through the whole of read, inspect and decide; what must come of it stands in their expect.json. */
const corpora = process.env.KEYBOT_CORPORA ?? resolve(import.meta.dirname, "../../../shared/corpora");
const present = existsSync(corpora);
if (!present) console.info("the corpora are absent (KEYBOT_CORPORA): their mails are not judged");

const POLICY: Policy = {
  ...DEFAULT_POLICY,
  domains: ["company.example"],
  robot: ["robot@company.example"],
  border: { ...DEFAULT_POLICY.border, ownHosts: null },
  certificates: { ...DEFAULT_POLICY.certificates, revocation: "off" },
};

interface Given {
  readonly anchors?: readonly Certificate[];
  readonly intermediates?: readonly Certificate[];
  readonly crls?: readonly Crl[];
  readonly at?: Date;
  readonly policy?: Policy;
}

function explain(
  raw: Buffer,
  { anchors = [], intermediates = [], crls, at = new Date("2026-11-23"), policy = POLICY }: Given,
): Promise<Explanation> {
  const trust = {
    anchors: anchors.map((certificate) => ({ certificate, domains: null, distrustAfter: null })),
    intermediates,
    crls: crls ?? null,
  };
  return explainMessage(raw, { policy, trust, at });
}

function rowsOf<Row>(folder: string): readonly Row[] {
  return (JSON.parse(readFileSync(join(corpora, folder, "expect.json"), "utf8")) as { rows: Row[] }).rows;
}

function certificatesIn(...path: readonly string[]): readonly Certificate[] {
  return readCertificates(readFileSync(join(corpora, ...path))).certificates;
}

function signatureOf({ evidence }: Explanation): boolean | null {
  return evidence.kind === "read" ? (evidence.inspection.signature?.valid ?? null) : null;
}

describe.skipIf(!present)("every mail of the corpora", () => {
  it.each(["thunderbird-smime", "pkits/smime", "rfc9216", "rfc4134", "never-answer"])(
    "of %s has a plan that ends in one folder",
    async (folder) => {
      const files = readdirSync(join(corpora, folder), { recursive: true, encoding: "utf8" }).filter((name) =>
        name.endsWith(".eml"),
      );
      const kinds = new Map<string, number>();
      for (const file of files) {
        const { plan } = await explain(readFileSync(join(corpora, folder, file)), {});
        kinds.set(plan.kind, (kinds.get(plan.kind) ?? 0) + 1);
        expect(plan.actions.at(-1)?.action, file).toBe("file");
        expect(
          plan.judged.every(({ verdict }) => verdict !== "accepted"),
          `${file}: nothing is trusted here`,
        ).toBe(true);
      }
      console.info(
        `${folder}: ${files.length} mails, ${[...kinds].map(([kind, count]) => `${count} ${kind}`).join(", ")}`,
      );
      expect(files.length).toBeGreaterThan(0);
    },
  );
});

interface SignedRow {
  readonly mail: string;
  readonly outer_layer: string;
  readonly cms_signature_valid?: boolean | null;
  readonly path_valid?: boolean | null;
  readonly trust_anchor?: string;
  readonly signers?: readonly { readonly sha256: string }[];
}

describe.skipIf(!present)("Thunderbird's mails", () => {
  it("are signed rightly or not, and have a path or not, as their table says of the outermost layer", async () => {
    const rows = rowsOf<SignedRow>("thunderbird-smime");
    const wrong: string[] = [];
    let [signatures, paths] = [0, 0];
    for (const row of rows.filter(({ outer_layer: layer }) => layer === "signed")) {
      const anchors =
        row.trust_anchor === undefined ? [] : certificatesIn("thunderbird-smime", row.trust_anchor);
      const explained = await explain(readFileSync(join(corpora, "thunderbird-smime", row.mail)), {
        anchors,
      });
      if (typeof row.cms_signature_valid === "boolean") {
        signatures += 1;
        if (signatureOf(explained) !== row.cms_signature_valid) wrong.push(`${row.mail}: signature`);
      }
      const signer = row.signers?.[0];
      if (typeof row.path_valid === "boolean" && signer !== undefined && explained.evidence.kind === "read") {
        paths += 1;
        const report = explained.evidence.inspection.certificates.find(
          ({ sha256 }) => sha256 === signer.sha256,
        );
        if (report?.path.valid !== row.path_valid) wrong.push(`${row.mail}: path`);
      }
    }
    console.info(
      `thunderbird-smime: ${signatures} signatures and ${paths} paths compared, ${wrong.length} otherwise`,
    );
    expect(signatures).toBeGreaterThan(40);
    expect(wrong).toEqual([]);
  });

  it("offer nothing where the outermost layer is encrypted", async () => {
    const encrypted = rowsOf<SignedRow>("thunderbird-smime").filter(
      ({ outer_layer: layer }) => layer === "encrypted",
    );
    expect(encrypted.length).toBeGreaterThan(0);
    for (const { mail } of encrypted) {
      const { plan } = await explain(readFileSync(join(corpora, "thunderbird-smime", mail)), {});
      expect(plan.kind, mail).toBe("encrypted");
    }
  });
});

interface PkitsRow {
  readonly test: string;
  readonly mail: string;
  readonly certificate: string;
  readonly valid: boolean;
  readonly cms_signature_valid: boolean | null;
  readonly path: readonly string[];
  readonly crls: readonly string[];
  readonly settings: {
    readonly initial_policy_set: readonly string[];
    readonly initial_explicit_policy: boolean;
    readonly initial_policy_mapping_inhibit: boolean;
    readonly initial_inhibit_any_policy: boolean;
  };
}

describe.skipIf(!present)("the mails of NIST PKITS", () => {
  it("have a signature and a path as NIST says, with the settings and the CRLs of each row", async () => {
    const rows = rowsOf<PkitsRow>("pkits");
    const anchors = certificatesIn("pkits", "certs", "TrustAnchorRootCertificate.crt");
    const wrong: string[] = [];
    for (const row of rows) {
      const { settings } = row;
      const initialPolicies = {
        acceptable: settings.initial_policy_set,
        explicitPolicy: settings.initial_explicit_policy,
        inhibitAnyPolicy: settings.initial_inhibit_any_policy,
        inhibitPolicyMapping: settings.initial_policy_mapping_inhibit,
      };
      const explained = await explain(readFileSync(join(corpora, "pkits", row.mail)), {
        anchors,
        intermediates: row.path.flatMap((name) => certificatesIn("pkits", name)),
        crls: row.crls.map(crlOf),
        at: new Date("2020-01-01"),
        policy: { ...POLICY, certificates: { ...POLICY.certificates, initialPolicies } },
      });
      const target = parseCertificate(readFileSync(join(corpora, "pkits", row.certificate)));
      if (isProblem(target) || explained.evidence.kind !== "read") throw new Error(row.test);
      const report = explained.evidence.inspection.certificates.find(
        ({ sha256 }) => sha256 === target.sha256,
      );
      if (report?.path.valid !== row.valid)
        wrong.push(`${row.test}: path ${report?.path.valid ?? "not reported"}`);
      if (row.cms_signature_valid !== null && signatureOf(explained) !== row.cms_signature_valid)
        wrong.push(`${row.test}: signature`);
    }
    console.info(`pkits: ${rows.length} rows, ${wrong.length} otherwise`);
    expect(rows).toHaveLength(249);
    // That mail is signed by the end entity of test 19, as expect.json notes; the file itself is tested in test/pki.
    expect(wrong).toEqual(["4.14.18: path not reported"]);
  });
});

function crlOf(name: string): Crl {
  const crl = parseCrl(readFileSync(join(corpora, "pkits", name)));
  if (isProblem(crl)) throw new Error(`${name}: ${crl.detail}`);
  return crl;
}

describe.skipIf(!present)("the examples of RFC 4134", () => {
  const folder = join(corpora, "rfc4134");
  const all = present ? readdirSync(folder, { recursive: true, encoding: "utf8" }) : [];
  const anchors = all
    .filter((name) => /\.(cer|crt|der)$/i.test(name))
    .flatMap((name) => readCertificates(readFileSync(join(folder, name))).certificates);

  it("are too weak for any of them to be accepted, though every CA of theirs is trusted", async () => {
    const names = all.filter((name) => name.startsWith("examples/"));
    let [signed, judged] = [0, 0];
    for (const name of names) {
      const bytes = readFileSync(join(folder, name));
      const mail = name.endsWith(".eml") ? bytes : asOpaque(bytes);
      const explained = await explain(mail, { anchors, at: new Date("2005-01-01") });
      if (signatureOf(explained) === true) signed += 1;
      judged += explained.plan.judged.length;
      expect(
        explained.plan.judged.filter(({ verdict }) => verdict === "accepted"),
        name,
      ).toEqual([]);
    }
    console.info(
      `rfc4134: ${names.length} examples, ${signed} signed rightly, ${judged} certificates judged, none accepted`,
    );
    expect(signed).toBeGreaterThan(5);
  });
});

function asOpaque(cms: Buffer): Buffer {
  const header =
    "From: AliceDSS@example.com\r\nTo: robot@company.example\r\nContent-Type: application/pkcs7-mime; name=smime.p7m\r\nContent-Transfer-Encoding: base64\r\n\r\n";
  return Buffer.from(header + cms.toString("base64").replace(/.{1,76}/g, "$&\r\n"));
}
