import { mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { StoreAction } from "../../src/decide/index.ts";
import { runSync } from "../lab/command.ts";
import { acceptingCases } from "./accepting.ts";
import { answerCases } from "./answering.ts";
import { ALICE, World } from "./authorities.ts";
import { explain } from "./bench.ts";
import type { Case } from "./case.ts";
import { formCases } from "./forms.ts";
import { montgomeryCases } from "./montgomery.ts";
import { settledCases } from "./settled.ts";
import { unknownCases } from "./unknown.ts";
import { unreadableCases } from "./unreadable.ts";

const world = new World();
/** What of our findings OpenSSL's purpose "smimesign" says too. */
const NO_SIGNER: ReadonlySet<string> = new Set(["cert.usage", "path.usage", "cert.cannot-sign"]);
const cases = [
  ...unknownCases(world),
  ...montgomeryCases(world),
  ...unreadableCases(world),
  ...acceptingCases(world),
  ...settledCases(world),
  ...formCases(world),
  ...answerCases(world),
];
let asked = 0;
let diverging = 0;

afterAll(() => {
  console.info(
    `vectors: ${cases.length} cases, ${asked} questions to OpenSSL, ${diverging} answered otherwise, each with its reason`,
  );
  world.remove();
});

describe("the vectors (PRODUCT §3-5)", () => {
  it("have names of their own", () => {
    expect(new Set(cases.map(({ id }) => id)).size).toBe(cases.length);
  });

  it.each(cases.map((vector) => [vector.id, vector.what, vector.section, vector] as const))(
    "%s: %s (%s)",
    async (_, __, ___, vector) => {
      const { evidence, plan } = await explain(vector, world.root.identity);
      const { certificates, folder, replies, active, barred = [], signature, reason, detail } = vector.expect;
      expect(
        plan.judged.map(({ certificate, verdict, findings }) => ({
          certificate,
          verdict,
          codes: findings.filter(({ severity }) => severity !== "info").map(({ code }) => code),
        })),
      ).toEqual(certificates.map(({ of, verdict, codes }) => ({ certificate: of.sha256, verdict, codes })));
      for (const [index, { notes = [] }] of certificates.entries()) {
        expect(plan.judged[index]?.findings.map(({ code }) => code)).toEqual(
          expect.arrayContaining([...notes]),
        );
      }
      const stored = plan.actions.filter((action): action is StoreAction => action.action === "store");
      if (active !== undefined) {
        const newly = stored.filter(({ status }) => status === "active");
        expect(
          newly.map(({ certificate, address }) => [
            certificate,
            address.toLowerCase().normalize("NFD").replace("a\u0308", "a"),
          ]),
        ).toEqual(active.map(({ sha256 }) => [sha256, ALICE]));
      }
      expect(plan.actions.flatMap((action) => (action.action === "reply" ? [action.template] : []))).toEqual(
        replies,
      );
      const bars = plan.actions.flatMap((action) => (action.action === "bar" ? [action.certificate] : []));
      expect(bars).toEqual(barred.map(({ sha256 }) => sha256));
      expect(plan.actions.at(-1)).toMatchObject(
        folder === null ? { action: "wait" } : { action: "file", folder },
      );
      if (reason !== undefined) expect(plan.reasons.map(({ code }) => code)).toContain(reason);
      if (detail !== undefined) expect(plan.reasons.map((one) => one.detail)).toContain(detail);
      if (signature !== undefined) {
        expect(evidence.kind === "read" ? evidence.inspection.signature?.valid : undefined).toBe(signature);
      }
    },
  );
});

describe("OpenSSL over the same vectors", () => {
  const folder = mkdtempSync(join(world.folder, "openssl-"));

  it.each(cases.filter(isSigned).map((vector) => [vector.id, vector] as const))("%s", async (_, vector) => {
    const { evidence } = await explain(vector, world.root.identity);
    if (evidence.kind !== "read") throw new Error("unreadable");
    const { signature, certificates } = evidence.inspection;
    if (vector.openssl?.signature !== false) {
      compare(signature?.valid === true, verifiesSignature(vector.mail), vector.divergence?.signature);
    }
    const [first] = vector.expect.certificates;
    if (vector.openssl?.path !== false && first !== undefined) {
      const report = certificates.find(({ sha256 }) => sha256 === first.of.sha256);
      // The purpose is our path, our extended key usages and our keyUsage together.
      const ours = report?.path.valid === true && !report.findings.some(({ code }) => NO_SIGNER.has(code));
      compare(ours, verifiesPath(vector), vector.divergence?.path);
    }
  });

  function compare(ours: boolean, theirs: boolean, reason: string | undefined): void {
    asked += 1;
    if (reason === undefined) expect(theirs, "what OpenSSL says").toBe(ours);
    else {
      diverging += 1;
      expect(theirs, `OpenSSL agrees now, but: ${reason}`).not.toBe(ours);
    }
  }

  function verifiesSignature(mail: Buffer): boolean {
    const args = ["cms", "-verify", "-noverify", "-inform", "SMIME", "-out", "/dev/null"];
    return runSync("openssl", args, { input: mail, check: false }).code === 0;
  }

  function verifiesPath({ trust = {}, expect: { certificates }, mail }: Case): boolean {
    const of = certificates[0]?.of;
    if (of === undefined) throw new Error("no certificate");
    const anchors = trust.anchors?.map(({ certificate }) => pem(certificate.der)) ?? [
      world.root.identity.pem,
    ];
    const sent = runSync(
      "openssl",
      [
        "cms",
        "-verify",
        "-noverify",
        "-inform",
        "SMIME",
        "-certsout",
        join(folder, "sent.pem"),
        "-out",
        "/dev/null",
      ],
      {
        input: mail,
        check: false,
      },
    );
    const chain =
      sent.code === 0
        ? ["-untrusted", join(folder, "sent.pem")]
        : of.chain.flatMap((file) => ["-untrusted", file]);
    const file = (name: string, parts: readonly string[]) => {
      writeFileSync(join(folder, name), parts.join("\n"));
      return join(folder, name);
    };
    const known = file(
      "known.pem",
      (trust.intermediates ?? []).map(({ pem: text }) => text),
    );
    const crls = trust.crls?.map((der) => pem(der, "X509 CRL"));
    return (
      runSync(
        "openssl",
        [
          ...[
            "verify",
            "-x509_strict",
            "-policy_check",
            "-purpose",
            "smimesign",
            "-no-CAfile",
            "-no-CApath",
            "-no-CAstore",
          ],
          ...["-trusted", file("anchors.pem", anchors), ...chain],
          ...(trust.intermediates === undefined ? [] : ["-untrusted", known]),
          ...(crls === undefined ? [] : ["-crl_check_all", "-CRLfile", file("crls.pem", crls)]),
          of.certFile,
        ],
        { check: false },
      ).code === 0
    );
  }
});

function isSigned({ expect: { signature } }: Case): boolean {
  return signature === true || signature === false;
}

function pem(der: Uint8Array, label = "CERTIFICATE"): string {
  return `-----BEGIN ${label}-----\n${Buffer.from(der)
    .toString("base64")
    .replace(/.{1,64}/g, "$&\n")}-----END ${label}-----\n`;
}
