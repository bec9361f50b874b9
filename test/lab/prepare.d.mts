/** Packages of Dovecot that are not on this machine, by their Debian names; empty when all is there. */
export function missingDovecot(): string[];
/** As `missingDovecot`, for Postfix. */
export function missingPostfix(): string[];
/** Why the Dovecot of this machine does not serve, in one sentence, or undefined. */
export function wrongDovecot(): string | undefined;
/** Makes the checkout and the machine ready for the tests and the demo; throws a `Problem` when they cannot be. */
export function prepare(options?: { servers?: "required" | "optional" }): void;
/** What a person has to do, in one sentence. */
export class Problem extends Error {}
