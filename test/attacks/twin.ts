/** The honest mails that the attacks are made from: each is accepted, so no attack is refused for a wrong reason. */
import { addCertificates, operate } from "./cms-surgery.ts";
import { ALICE, type Cast, MALLORY, type Stage } from "./stage.ts";

/** A mail that nobody has touched. */
export interface Twin {
  readonly name: string;
  /** Under which address its certificate is stored. */
  readonly from: string;
  /** What is stored as active. */
  readonly stores: readonly (keyof Cast)[];
  readonly make: (stage: Stage) => Buffer;
}

const DETACHED: Twin = {
  name: "Alice's signed mail",
  from: ALICE,
  stores: ["alice"],
  make: (stage) => stage.signed({ signer: stage.alice }),
};

const OPAQUE: Twin = {
  name: "Alice's opaque mail",
  from: ALICE,
  stores: ["alice"],
  make: (stage) => stage.signed({ signer: stage.alice, form: "opaque", flags: ["-noindef"] }),
};

const DUAL: Twin = {
  name: "Alice's mail with a dual key pair",
  from: ALICE,
  stores: ["aliceEncrypts"],
  make: (stage) =>
    operate(stage.signed({ signer: stage.aliceSigns }), (cms) => addCertificates(cms, stage.aliceEncrypts)),
};

const WITHOUT_CAPABILITIES: Twin = {
  name: "Alice's mail without SMIMECapabilities",
  from: ALICE,
  stores: ["alice"],
  make: (stage) => stage.signed({ signer: stage.alice, flags: ["-nosmimecap"] }),
};

const WITHOUT_ATTRIBUTES: Twin = {
  name: "Alice's mail without signed attributes",
  from: ALICE,
  stores: ["alice"],
  make: (stage) => stage.signed({ signer: stage.alice, flags: ["-noattr"] }),
};

const BY_KEY_IDENTIFIER: Twin = {
  name: "Alice's mail that names her key by its identifier",
  from: ALICE,
  stores: ["alice"],
  make: (stage) => stage.signed({ signer: stage.alice, flags: ["-keyid"] }),
};

const WITH_FILE: Twin = {
  name: "Alice's mail with a file",
  from: ALICE,
  stores: ["alice"],
  make: (stage) =>
    stage.signed({
      signer: stage.alice,
      attachment: { name: "letter.txt", type: "text/plain", bytes: Buffer.from("hello\r\n") },
    }),
};

const MALLORYS: Twin = {
  name: "Mallory's own signed mail",
  from: MALLORY,
  stores: ["mallory"],
  make: (stage) => stage.signed({ signer: stage.mallory, from: `Mallory <${MALLORY}>` }),
};

const REQUEST: Twin = {
  name: "Alice's signed request",
  from: ALICE,
  stores: ["alice"],
  make: (stage) => stage.signed({ signer: stage.alice, subject: "[AXAZERTIFIKAT]" }),
};

/** The twins under the names that the table uses. */
export const TWIN = {
  DETACHED,
  OPAQUE,
  DUAL,
  WITHOUT_ATTRIBUTES,
  WITHOUT_CAPABILITIES,
  BY_KEY_IDENTIFIER,
  WITH_FILE,
  MALLORYS,
  REQUEST,
} as const;

/** Mallory's honest mail with another certificate of his, each for an address of his own. */
export function malloryWith(who: keyof Cast, from: string = MALLORY): Twin {
  return {
    name: `Mallory's own mail, signed as ${who}`,
    from,
    stores: [who],
    make: (stage) => stage.signed({ signer: stage[who], from }),
  };
}
