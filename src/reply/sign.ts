import type { Buffer } from "node:buffer";
import {
  composeAround,
  composeEntity,
  composeSignedEntity,
  type EntityContent,
  type FieldValue,
} from "../mail/index.ts";
import { digestOf, isProblem, parseSignedData, signDetached } from "../pki/index.ts";
import type { SigningIdentity } from "./identity.ts";

/**
 * Composes a message as `multipart/signed` (RFC 8551 §3.5.3): text and attachments are signed, the header fields of the
 * message are not.
 * @param boundary of the outer multipart, another one than the message's own
 * @param now the signing time
 * @throws when key and certificate cannot sign: a fault of the configuration
 */
export function signReply(
  message: EntityContent & { readonly fields: readonly FieldValue[] },
  boundary: string,
  signing: SigningIdentity,
  now: Date,
): Buffer {
  const entity = composeEntity(message);
  const signature = signDetached({
    content: entity,
    certificate: signing.certificate,
    key: signing.key,
    intermediates: signing.intermediates,
    signingTime: now,
  });
  return composeAround(
    message.fields,
    composeSignedEntity({ entity, signature, micalg: micalgOf(signature), boundary }),
  );
}

/** RFC 8551 §3.5.3.2: the name of the digest that the signature uses; which one that is was the key's choice. */
function micalgOf(signature: Uint8Array): string {
  const signedData = parseSignedData(signature);
  const signer = isProblem(signedData) ? undefined : signedData.signerInfos[0];
  const digest = signer === undefined ? null : digestOf(signer.digestAlgorithm);
  return digest?.replace(/^sha(?=[0-9])/, "sha-") ?? "unknown";
}

/**
 * Makes sure that key and certificate can sign together, by signing something.
 * @throws Error that says why not
 */
export function requireSigning({ certificate, key, intermediates }: SigningIdentity, now: Date): void {
  signDetached({ content: new Uint8Array(), certificate, key, intermediates, signingTime: now });
}
