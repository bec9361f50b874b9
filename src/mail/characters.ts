/** `text` without SP and TAB at both ends. Not `String.trim`, which also takes NBSP and line ends off. */
export function trimBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start += 1;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

/** WSP of RFC 5234 App. B.1: SP or TAB. */
export function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/** A control character of ASCII: C0 or DEL. */
export function isControl(code: number): boolean {
  return code < 0x20 || code === 0x7f;
}

/**
 * Lower case for A-Z only. `toLowerCase` would make the Kelvin sign U+212A a "k" and so join two addresses.
 */
export function asciiLowerCase(text: string): string {
  // Of ASCII alone, which nearly all of it is, toLowerCase changes the same letters.
  if (!/[^ -~]/.test(text)) return text.toLowerCase();
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** Every run of control characters (C0, DEL, C1) becomes one space; lone surrogates become U+FFFD. */
export function withoutControls(text: string): string {
  return text.replace(/\p{Cc}+/gu, " ").replace(/\p{Cs}/gu, "\ufffd");
}
