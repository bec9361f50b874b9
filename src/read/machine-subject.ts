/**
 * What programs write before or behind the subject of the mail that they react to (RFC 3834 §3.1.5 leaves the words to
 * them): each a whole part of the subject, hyphens as blanks, German and English.
 */
const ANNOUNCEMENTS = [
  // Out of office.
  "(?:ich bin |i am |i'm |derzeit |currently )?(?:abwesend|out of (?:the )?office|au(?:ß|ss)er haus|nicht im b(?:ü|ue)ro|im urlaub|on (?:vacation|holiday|leave))(?: auto ?reply)?",
  "abwesenheit(?:s ?(?:notiz|nachricht|assistent|meldung|mitteilung|hinweis|benachrichtigung|agent))?",
  "ooo|oof|urlaub|urlaubsnotiz|vacation(?: (?:reply|message|response))?",
  "auto(?:mat(?:ed|ic|isch|ische|isierte))? ?(?:reply|response|respond|responder|answer|antwort|r(?:ü|ue)ckantwort|empfangsbest(?:ä|ae)tigung|eingangsbest(?:ä|ae)tigung)",
  // Delivery (RFC 3464).
  "(?:un|nicht |not )?zustellbar|unzustellbarkeitsbericht|zugestellt|nicht zugestellt|(?:ü|ue)bermittelt|relayed",
  "un?deliver(?:able|ed)(?: mail(?: returned to sender)?| message)?|delivered|mail undeliverable|non ?delivery(?: report)?|ndr",
  "(?:mail |message )?delivery (?:failed|failure|delayed|status notification|report|receipt|notification|problem|error)(?: returning message to sender)?",
  "(?:zustellung |nachricht |message )?(?:verz(?:ö|oe)gert|delayed)|zustellung fehlgeschlagen|zustell(?:ungs)?(?:fehler|bericht|best(?:ä|ae)tigung)",
  "returned mail|failure notice|fehlerbericht|mail (?:system )?error",
  // Receipts and recalls (RFC 8098, and Outlook's own).
  "(?:un|nicht )?gelesen|(?:wurde |was )?(?:not )?read|unread|(?:un)?gelesen gel(?:ö|oe)scht|gel(?:ö|oe)scht|(?:not read )?deleted|angezeigt|displayed",
  "(?:lese|empfangs|eingangs)best(?:ä|ae)tigung|(?:read|return|delivery|disposition) (?:receipt|notification|report)|acknowledge?ment of receipt",
  "(?:nachrichten ?)?r(?:ü|ue)ckruf(?: ?(?:fehler|erfolg(?:reich)?|fehlgeschlagen|nicht erfolgreich))?|(?:message )?recall(?: (?:success|failure|failed|report))?",
  // Meetings.
  "(?:mit |unter )?vorbehalt(?: (?:zugesagt|angenommen))?|vorl(?:ä|ae)ufig(?: (?:zugesagt|angenommen))?|(?:angenommen|zugesagt|zusage|abgelehnt|absage|abgesagt|storniert)",
  "(?:tentative(?:ly)?(?: accepted)?|accepted|declined|cancell?ed)(?: event)?|(?:updated |aktualisierte )?(?:invitation|einladung)",
  "new time proposed|neue (?:besprechungs)?zei(?:t|ten) vorgeschlagen|neuer terminvorschlag|meeting forward notification|(?:besprechungs|termin)(?:anfrage|weiterleitung|weiterleitungsbenachrichtigung)",
  // Ticket systems.
  "(?:ihre |your )?(?:ticket|request|anfrage|case) (?:received|created|opened|closed|updated|erhalten|erstellt|er(?:ö|oe)ffnet|geschlossen|aktualisiert|eingegangen)",
];

/** Out until when, and why a receipt or a report was written. */
const MORE =
  "(?: (?:bis|until|till|vom|von|ab|from|since|notification|message|nachricht|benachrichtigung)\\b.*)?";

const ANNOUNCEMENT = new RegExp(`^(?:${ANNOUNCEMENTS.join("|")})${MORE}$`, "u");

/** A number with what stands before it: `#4711`, `ID: 4711`, `Nr. 4711`, `INC-0012345`. */
const NUMBER = "[\\s-]*(?:id|nr|no|num|number|nummer|key)?[\\s.:#=_-]*[a-z]{0,8}[-_]?\\d[\\w.-]*";

const TICKETS = [
  // In brackets anything that is called a ticket, any number sign, and the key of an issue.
  `[[({]\\s*(?:ticket|tkt|case|request|incident|issue|bug|task|job|support|service ?desk|help ?desk|fall|vorgang|vorgangs|fall|anfrage|meldung|st(?:ö|oe)rung|glpi|jira|inc|req|ritm|chg|sr)${NUMBER}\\s*[\\])}]`,
  "[[({]\\s*#+\\s*[\\w-]*\\d[\\w.-]*\\s*[\\])}]",
  "\\[[^\\][]{0,60}#\\s*\\d[\\w.-]*\\s*\\]",
  "[[(]\\s*[a-z][a-z0-9]{1,9}-\\d+\\s*[\\])]",
  "\\bref:[\\w!.]+:ref\\b",
  "##[\\w-]*\\d[\\w-]*##",
  // Bare at either end only: a person may speak of a ticket.
  `^\\s*(?:ticket|incident|case)${NUMBER}(?=\\s*(?:[-–—:|[(]|$))`,
  `(?:[\\])\\s:–—-])(?:ticket|incident|case)${NUMBER}\\s*$`,
  "^\\s*#\\d+(?=[\\s:-])|[\\])\\s]#\\d+\\s*$",
];

const TICKET = new RegExp(TICKETS.join("|"), "u");

/** Tags of gateways at the beginning: `[EXTERN]`, `EXTERN:`. */
const BANNERS = /^(?:\s*\[[^\][]*\]|\s*\p{Lu}{2,12}\s*:)*/u;

/** Where one part of a subject ends. */
const SEPARATOR = /[[\](){}<>"„“”«»:;|!?.]|\s[-–—]+(?=\s|$)|^\s*[-–—]+\s/u;

/**
 * Whether a program says of itself what it is (out of office, a delivery, a receipt, a meeting, a ticket), at the beginning
 * of a subject, behind the tags of gateways, or behind our tag. The same word deep inside is a person's.
 * @param before what stands before our tag, or the whole subject where nobody knows
 * @param behind what stands behind it, or the whole subject
 */
export function isMachineSubject(before: string, behind: string): boolean {
  // Lotus Notes: `AUTO: Max is out of the office`.
  if (/^\s*AUTO:/.test(before)) return true;
  if ([before, behind].some((text) => TICKET.test(text.toLowerCase()))) return true;
  const banners = BANNERS.exec(before)?.[0] ?? "";
  const last = partsOf(behind);
  const parts = [
    ...partsOf(banners),
    ...partsOf(before.slice(banners.length)).slice(0, 1),
    ...last.slice(0, 1),
    ...last.slice(-1),
  ];
  return parts.some((part) => ANNOUNCEMENT.test(part));
}

function partsOf(text: string): string[] {
  return text
    .toLowerCase()
    .split(SEPARATOR)
    .map((part) => part.replace(/[\s-]+/g, " ").trim())
    .filter((part) => part !== "");
}
