/**
 * What a reader does not see, or takes for something else, in text that strangers wrote. One place for it, so that
 * terminal, log and mails agree. Pure; knows Unicode and nothing of keybot.
 */

/**
 * Characters that leave no mark where they stand: controls, format and separating characters, lone surrogates, every blank
 * but the ASCII one, what Unicode lets a program ignore (Default_Ignorable_Code_Point: fillers of Hangul, variation
 * selectors, zero-width characters …), and what fonts draw as nothing though Unicode calls it a letter, a mark or a symbol.
 */
const UNSEEN =
  /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800\u303f\ufffc\u{13441}\u{13442}\u{16fe4}\u{1d159}]|(?! )\p{Zs}/gu;

/** Replaces each character that leaves no mark. */
export function replaceUnseen(text: string, replace: (unseen: string) => string): string {
  return text.replace(UNSEEN, replace);
}

/** `\uXXXX` for each UTF-16 unit, as in JSON. */
export function escaped(text: string): string {
  let out = "";
  for (let index = 0; index < text.length; index += 1) {
    out += `\\u${text.charCodeAt(index).toString(16).padStart(4, "0")}`;
  }
  return out;
}

/**
 * What an address really is, when it can be taken for another one: it has characters outside of ASCII (a Cyrillic letter
 * between Latin ones, full-width ones, blanks), each of which is written as `\uXXXX`. Domains are A-labels already.
 * @returns null for an ASCII address
 */
export function unmistakable(address: string): string | null {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the whole of ASCII is meant
  return /^[\x00-\x7f]*$/.test(address) ? null : address.replace(/[^\x00-\x7f]+/g, escaped);
}

/** An address for a person's eyes, with what it really is beside it when it can be taken for another one. */
export function marked(address: string): string {
  const real = unmistakable(address);
  return real === null ? address : `${address} [not ASCII: ${real}]`;
}
