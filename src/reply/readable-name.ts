import { certificateText } from "./escape.ts";
import { NAME_LENGTH } from "./limits.ts";

/**
 * A distinguished name as people say it: common name and organisation, without the letters of RFC 4514. What is left
 * out (places, serial numbers, addresses) would tell a partner nothing; a name that has neither is shown whole.
 * @param name in the manner of RFC 4514, e.g. `CN=Example CA,O=Example Trust,C=DE`
 * @returns one line without links, e.g. `Example CA, Example Trust`
 */
export function readableName(name: string): string {
  const head = name.slice(0, NAME_LENGTH);
  // RFC 4514 §2: a comma or plus that is not escaped parts the attributes.
  const attributes = (head.match(/(?:\\.|[^\\,+])+/gsu) ?? []).map((attribute) => {
    const equals = attribute.indexOf("=");
    return { type: attribute.slice(0, equals), value: unescaped(attribute.slice(equals + 1)) };
  });
  const first = (type: string): string | undefined =>
    attributes.find((attribute) => attribute.type === type)?.value;
  const said = [...new Set([first("CN"), first("O")])].filter((value) => value !== undefined);
  return certificateText(said.length === 0 ? head : said.join(", "));
}

/** RFC 4514 §2.4: `\,` is a comma; pairs of hex digits are octets of what a reader could not see. */
function unescaped(value: string): string {
  return value.replace(/(?:\\[0-9A-Fa-f]{2})+/g, "\u{FFFD}").replace(/\\(.)/gsu, "$1");
}
