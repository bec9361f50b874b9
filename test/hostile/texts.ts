/** Texts of strangers that would do something where they are shown. Each goes to every place where such a text leaves us. */
export interface HostileText {
  readonly name: string;
  readonly text: string;
}

export const HOSTILE_TEXTS: readonly HostileText[] = [
  { name: "CR LF and a header field", text: "x\r\nBcc: victim@elsewhere.example\r\n\r\nbody" },
  { name: "a bare CR", text: "x\rBcc: victim@elsewhere.example" },
  { name: "a bare LF", text: "x\nBcc: victim@elsewhere.example" },
  { name: "ESC: colour, cursor, clear", text: "\u001b[31mred\u001b[2J\u001b[1;1H" },
  { name: "OSC: window title", text: "\u001b]0;owned\u0007" },
  { name: "OSC 8: a link", text: "\u001b]8;;https://evil.example\u001b\\click\u001b]8;;\u001b\\" },
  { name: "OSC 52: the clipboard", text: "\u001b]52;c;cm0gLXJmIC8=\u0007" },
  { name: "CSI as one C1 character", text: "\u009b31mred\u009b2J" },
  { name: "OSC and ST as C1 characters", text: "\u009d0;owned\u009c" },
  { name: "NEL", text: "a\u0085b" },
  { name: "backspaces and a bell", text: "good\b\b\b\bevil\u0007" },
  { name: "a NUL", text: "a\u0000b" },
  { name: "line and paragraph separators", text: "a\u2028b\u2029c" },
  { name: "the right-to-left override", text: "invoice\u202efdp.exe" },
  { name: "bidirectional isolates", text: "\u2066\u2067a\u2069\u061c" },
  { name: "zero-width characters", text: "a\u200bb\u200cc\u200dd\u2060e\ufeff" },
  { name: "tag characters beyond the BMP", text: "a\u{e0041}\u{e007f}" },
  { name: "HTML", text: "<script>alert(1)</script><img src=x onerror=alert(1)>" },
  { name: "a URL", text: "https://evil.example/?a=b&c=<d>" },
  { name: "an encoded word with CR LF in it", text: "=?utf-8?Q?x=0D=0ABcc:_victim@elsewhere.example?=" },
  { name: "an encoded word in an encoded word", text: "=?utf-8?B?PT91dGYtOD9RP3g9MEQ9MEE/PQ==?=" },
  { name: "a placeholder of our own texts", text: "{contact} {greeting}" },
  { name: "a path", text: "../../../etc/cron.d/x" },
  { name: "quotes and backslashes", text: `a"b\\"c';--` },
  { name: "a MIME boundary and a part", text: "--=_0\r\nContent-Type: text/html\r\n\r\n<b>x</b>" },
  { name: "a dot alone on a line", text: "x\r\n.\r\nMAIL FROM:<>" },
  { name: "ten thousand characters in one word", text: "x".repeat(10_000) },
  { name: "ten thousand umlauts", text: "ü".repeat(10_000) },
];

/** What no terminal, log or mail may get from us as it is: controls, formats, lone surrogates, separators of lines. */
export const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

/** The same in a text of several lines, with tabs between the values of a row. */
export function unseenIn(text: string): readonly string[] {
  return text.split("\n").flatMap((line) => line.split("\t").filter((value) => UNSEEN.test(value)));
}
