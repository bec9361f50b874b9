/** What an attacker does to the header and to the MIME structure of a mail (RFC 5322, RFC 2045). */

/** A mail cut into the fields that travel and the entity that they describe. */
export interface CutMail {
  /** Every field but those of MIME, with their line ends. */
  readonly envelope: string;
  /** The Content-* fields and the body. */
  readonly entity: string;
}

/** Cuts a mail of the lab, which has no folded MIME fields above its first other one. */
export function cut(mail: Buffer): CutMail {
  const text = mail.toString("latin1");
  const end = text.indexOf("\r\n\r\n") + 2;
  const fields = text.slice(0, end).match(/[^\r\n]+\r\n(?:[ \t][^\r\n]*\r\n)*/g) ?? [];
  const isMime = (field: string) => /^(content-|mime-version)/i.test(field);
  return {
    envelope: fields.filter((field) => !isMime(field)).join(""),
    entity:
      fields.filter((field) => isMime(field) && !/^mime-version/i.test(field)).join("") + text.slice(end),
  };
}

/** Puts a header and an entity together. */
export function joined({ envelope, entity }: CutMail): Buffer {
  return Buffer.from(`${envelope}MIME-Version: 1.0\r\n${entity}`, "latin1");
}

/** The mail with this body instead of its own, under its own header. */
export function withEntity(mail: Buffer, entity: string): Buffer {
  return joined({ envelope: cut(mail).envelope, entity });
}

/** A multipart of these entities. */
export function multipart(type: string, parts: readonly string[], boundary = "attack"): string {
  const body = parts.map((part) => `--${boundary}\r\n${part.replace(/(\r\n)?$/, "\r\n")}`).join("");
  return `Content-Type: ${type}; boundary="${boundary}"\r\n\r\n${body}--${boundary}--\r\n`;
}

/** A text part of the attacker's. */
export function text(words: string, type = "text/plain"): string {
  return `Content-Type: ${type}; charset=utf-8\r\n\r\n${words}\r\n`;
}

/** The first field of this name replaced by these lines (each `Name: value`, UTF-8), or left out when there are none. */
export function withField(mail: Buffer, name: string, ...lines: readonly string[]): Buffer {
  const bytes = mail.toString("latin1");
  const end = bytes.indexOf("\r\n\r\n") + 2;
  const field = new RegExp(`^${name}:[^\\r\\n]*\\r\\n(?:[ \\t][^\\r\\n]*\\r\\n)*`, "im");
  const written = lines.map((line) => `${Buffer.from(line, "utf8").toString("latin1")}\r\n`).join("");
  return Buffer.from(bytes.slice(0, end).replace(field, () => written) + bytes.slice(end), "latin1");
}

/** Lines above the first field. */
export function below(mail: Buffer, name: string, ...lines: readonly string[]): Buffer {
  const bytes = mail.toString("latin1");
  const at = bytes.search(new RegExp(`^${name}:`, "im"));
  return Buffer.from(
    bytes.slice(0, at) + lines.map((line) => `${line}\r\n`).join("") + bytes.slice(at),
    "latin1",
  );
}

/** Exactly this text replaced by another; it must be there. */
export function replaced(mail: Buffer, what: string | RegExp, by: string): Buffer {
  const bytes = mail.toString("latin1");
  const changed = bytes.replace(what, () => by);
  if (changed === bytes) throw new Error(`${what} is not in the mail`);
  return Buffer.from(changed, "latin1");
}

/** The boundary of the outermost multipart. */
export function boundaryOf(mail: Buffer): string {
  const found = /boundary="([^"]+)"/.exec(mail.toString("latin1"))?.[1];
  if (found === undefined) throw new Error("the mail is no multipart");
  return found;
}
