/** Certificates, CRLs, signers and what is stored, of which a stranger can make many. */
import { decide, emptyView, type HeldCertificate, viewQuery } from "../../src/decide/index.ts";
import { finding, inspectCertificateFile } from "../../src/inspect/index.ts";
import { crlEntries } from "../../src/pki/crl.ts";
import { encode } from "../../src/pki/der-write.ts";
import { isProblem, OID, parseCrl, parseSignedData, toPem } from "../../src/pki/index.ts";
import { DEFAULT_POLICY } from "../../src/policy.ts";
import { ALICE, evidence, facts, offering, POLICY, report } from "../decide/kit.ts";
import {
  basicConstraints,
  edKey,
  issue,
  issueCa,
  issueCrl,
  NOW,
  nameConstraints,
  subjectAltName,
} from "../pki/path-authority.ts";
import { HEADER_SIZES, type Shape } from "./growth-shape.ts";
import { filled, judging, mail, nameOf, opaque, signedBy } from "./growth-texts.ts";

/** A certificate ends at 64 KiB (`MAX_CERTIFICATE_BYTES`), signed attributes too. */
const CERTIFICATE_SIZES = [6_000, 60_000];
/** An address has as many certificates as its owner had keys; some thousand are more than anybody's. */
const HELD_SIZES = [10_000, 100_000, 1_000_000];

const key = edKey();
const ca = issueCa({ subject: "CA", key });

/** Judges a certificate under a trusted CA, as a file. */
function judgingFile(
  bytes: Uint8Array,
  anchor = ca,
  crls: Parameters<typeof inspectCertificateFile>[1]["trust"]["crls"] = null,
) {
  const trust = {
    anchors: [{ certificate: anchor.certificate, domains: null, distrustAfter: null }],
    intermediates: [],
    crls,
  };
  const bench = { policy: DEFAULT_POLICY.certificates, trust, at: NOW, internalDate: null };
  return () => void inspectCertificateFile({ name: null, bytes }, bench);
}

function times<T>(count: number, make: (at: number) => T): T[] {
  return Array.from({ length: Math.floor(count) }, (_, at) => make(at));
}

function certificates(octets: number): string[] {
  return times(octets / 600, (at) =>
    toPem(
      issue({
        subject: `A${at}`,
        issuer: ca,
        key,
        extensions: [basicConstraints(false), subjectAltName("email:a@b.example")],
      }).certificate.der,
      "CERTIFICATE",
    ),
  );
}

function held(at: number): HeldCertificate {
  return {
    ...report(`held ${at}`),
    status: (["active", "rejected", "revoked"] as const)[at % 3] ?? "active",
    since: new Date(NOW.getTime() - (at % 1_000) * 1_000),
    approved: false,
    decidedByPerson: false,
  };
}

function deciding(of: ReturnType<typeof evidence>, more: Partial<ReturnType<typeof emptyView>>): () => void {
  return () => void decide(of, { ...emptyView(viewQuery(of, POLICY)), ...more }, POLICY, NOW);
}

export const STRUCTURES: readonly Shape[] = [
  {
    name: "certificates of a trusted CA in one file",
    prepare: (octets) => judgingFile(Buffer.from(certificates(octets).join(""))),
    sizes: HEADER_SIZES,
  },
  {
    name: "certificates in one mail, a file each",
    prepare: (octets) => {
      const parts = certificates(octets)
        .slice(0, 990)
        .map((pem) => `--b\r\nContent-Type: application/x-pem-file\r\n\r\n${pem}\r\n`);
      return judging(mail("Content-Type: multipart/mixed; boundary=b", `${parts.join("")}--b--\r\n`));
    },
    sizes: HEADER_SIZES.slice(0, 2),
  },
  ...(
    ["email:a@b.example", "dns:b.example", "uri:http://b.example/", "dn:a", "utf8:ä@b.example"] as const
  ).flatMap((name) => [
    {
      name: `names of a certificate: ${name}`,
      prepare: (octets: number) =>
        judgingFile(
          issue({
            subject: "A",
            issuer: ca,
            key,
            extensions: [subjectAltName(...times(octets / (name.length + 20), (at) => `${name}${at}`))],
          }).certificate.der,
        ),
      sizes: CERTIFICATE_SIZES,
    },
    {
      name: `constraints of a CA and names under it: ${name}`,
      prepare: (octets: number) => {
        const names = times(octets / 60, (at) => `${name}${at}`);
        const limited = issueCa({
          subject: "Limited",
          key,
          more: [nameConstraints(["email:c.example"], names)],
        });
        const file = issue({
          subject: "A",
          issuer: limited,
          key,
          extensions: [subjectAltName(...names.map((one) => `${one}x`))],
        });
        return judgingFile(file.certificate.der, limited);
      },
      sizes: CERTIFICATE_SIZES,
    },
  ]),
  {
    name: "a name of ideographs under a constraint",
    prepare: (octets) => {
      const text = times(octets / 3, (at) => String.fromCharCode(0x4e00 + at)).join("");
      const limited = issueCa({ subject: "Limited", key, more: [nameConstraints(["email:c.example"])] });
      const file = issue({
        subject: "A",
        issuer: limited,
        key,
        extensions: [subjectAltName(`utf8:a@${text}.example`)],
      });
      return judgingFile(file.certificate.der, limited);
    },
    sizes: CERTIFICATE_SIZES,
  },
  {
    name: "entries of a CRL",
    prepare: (octets) => {
      const { der } = issueCrl(ca, {
        revoked: times(octets / 38, (at) => ({ serial: `4f${at.toString(16).padStart(30, "0")}` })),
      });
      return () => {
        const crl = parseCrl(der);
        if (!isProblem(crl)) for (const _ of crlEntries(crl, "4e"));
      };
    },
  },
  {
    name: "CRLs of one CA",
    prepare: (octets) => {
      const crls = times(octets / 300, (number) => issueCrl(ca, { number }));
      return judgingFile(issue({ subject: "A", issuer: ca, key }).certificate.der, ca, crls);
    },
    sizes: HEADER_SIZES,
  },
  {
    name: "SignerInfos of one SignedData",
    prepare: (octets) => judging(opaque(signedBy(nameOf(10, "a", 1), [], Math.floor(octets / 330)))),
  },
  {
    name: "signed attributes, many",
    prepare: (octets) => {
      const attributes = times(octets / 20, () =>
        encode.sequence(encode.oid(OID.messageDigest), encode.setOf([encode.octetString(Buffer.alloc(2))])),
      );
      return judging(opaque(signedBy(nameOf(10, "a", 1), attributes)));
    },
  },
  {
    name: "a signed attribute of many values",
    prepare: (octets) => {
      const values = times(octets / 4, () => encode.octetString(Buffer.alloc(2)));
      const attribute = encode.sequence(
        encode.oid(OID.messageDigest),
        encode.tagged(0x31, Buffer.concat(values)),
      );
      const der = signedBy(nameOf(10, "a", 1), [attribute]);
      return () => void parseSignedData(der);
    },
  },
  {
    name: "decide: certificates held under the address",
    prepare: (octets) => {
      const of = evidence(
        {},
        offering(...times(48, (at) => report(`new ${at}`, at % 2 === 0 ? [] : ["path.unknown-ca"]))),
      );
      return deciding(of, { held: times(octets / 100, held) });
    },
    sizes: HELD_SIZES,
  },
  {
    name: "decide: certificates of one mail",
    prepare: (octets) => {
      const of = evidence(
        {},
        offering(
          ...times(octets / 1_000, (at) => report(`new ${at}`, ["path.unknown-ca", "signature.replay"])),
        ),
      );
      return deciding(of, { held: times(10, held) });
    },
    sizes: HELD_SIZES,
  },
  {
    name: "decide: findings of one certificate",
    prepare: (octets) => {
      const one = {
        ...report("new"),
        findings: times(octets / 50, (at) => finding("path.unknown-ca", `${at}`)),
      };
      return deciding(evidence({}, offering(one)), {});
    },
    sizes: HELD_SIZES,
  },
  {
    name: "decide: addresses, references and replies",
    prepare: (octets) => {
      const count = octets / 50;
      const of = evidence(
        facts({
          fromAddresses: times(count, (at) => `a${at}@b.example`),
          addressed: times(count, (at) => ({ address: `a${at}@company.example`, source: "To" as const })),
          references: times(count, (at) => `<${at}@b.example>`),
          returned: {
            messageIds: times(count, (at) => `<${at}@c.example>`),
            recipients: times(count, (at) => ({
              address: `a${at}@b.example`,
              status: null,
              diagnostic: null,
            })),
          },
        }),
      );
      const told = times(count, () => ({ template: "pending" as const, at: NOW, said: "pending" }));
      return deciding(of, {
        told,
        toldOtherForms: told,
        returned: [{ messageId: "<1@c.example>", to: ALICE }],
      });
    },
    sizes: HELD_SIZES.slice(0, 2),
  },
  {
    name: "decide: a From of many labels",
    prepare: (octets) => {
      const address = `a@${filled("a.", octets)}example`;
      return deciding(evidence({ from: { kind: "one", address }, fromAddresses: [address] }), {});
    },
    sizes: HELD_SIZES,
  },
];
