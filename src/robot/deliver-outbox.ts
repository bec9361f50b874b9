import { setTimeout as sleep } from "node:timers/promises";
import { KeybotError, messageOf } from "../errors.ts";
import type { ClaimedMail } from "../store/index.ts";
import { backoffMs, retryAt } from "./backoff.ts";
import { forgetDead } from "./holder.ts";
import type { Robot } from "./robot.ts";

/** Longer than any SMTP dialogue may take: a deliverer that dies holds a mail back for this long. */
const CLAIM_MS = 15 * 60_000;

/**
 * A mail that the server puts off is given up after five days of that (RFC 5321 §4.5.4.1). Days in which the server was out
 * of reach, or refused our sender, do not count: that is no mail's fault.
 */
const GIVE_UP_MS = 5 * 86_400_000;

/** How long nothing is tried when the server was out of reach, or the database could not be written: from, to. */
const FIRST_REST_MS = 1_000;
const LONGEST_REST_MS = 30_000;

/** How long filing waits for the answers: they are what somebody waits for, and both want the processor. */
const HEAD_START_MS = 50;

/** From the wish to end until no further mail is begun: enough for what the messages in hand have called for. */
const LAST_MAILS_MS = 6_000;

/**
 * Sends what is in the outbox, beside the rounds: a slow submission server, or a thousand mails that had to wait for it,
 * keeps no message from being read, and no new request from being answered.
 */
export class Deliverer {
  readonly #robot: Robot;
  #atWork: Promise<void> | null = null;
  /** More may be due than the pass at work has seen. */
  #again = false;
  /** Passes in a row that did not come through. */
  #failures = 0;
  /** By `performance.now()`: nothing is tried before. */
  #restsUntil = 0;
  #endsAt = Number.POSITIVE_INFINITY;
  /** Whether the last pass came to the end of what was due. */
  #reached = true;
  #fault: { readonly error: unknown } | null = null;
  #sent = 0;
  #givenUp = 0;
  /** What the server has said of our sender: nothing until it was asked, then whether it takes him. */
  #sender: "unknown" | "taken" | "refused" = "unknown";

  /** @param signal aborted: what is due now is still sent, for a few seconds */
  constructor(robot: Robot, signal: AbortSignal) {
    this.#robot = robot;
    if (signal.aborted) this.#endSoon();
    else signal.addEventListener("abort", () => this.#endSoon(), { once: true });
  }

  /** Mails to partners that the server has taken so far. */
  get sent(): number {
    return this.#sent;
  }

  /** Mails that were given up so far: to be sent again only when a person says so. */
  get givenUp(): number {
    return this.#givenUp;
  }

  /** Whether the server refuses whatever comes from our sender, so that nothing is sent. */
  get senderRefused(): boolean {
    return this.#sender === "refused";
  }

  /** Mails left for a retry; not those that a budget holds back, or that another process has in hand. */
  left(): Promise<number> {
    return this.#robot.store.countLeft(this.#robot.now(), !this.#reached);
  }

  /** Sends all that is due, and returns at once. Never throws; a pass that is at work, or rests, will see to it. */
  begin(): void {
    this.#again = true;
    if (this.#atWork !== null || performance.now() < this.#restsUntil) return;
    this.#atWork = this.#pass().finally(() => {
      this.#atWork = null;
      // Asked for while the pass was about to end.
      if (this.#again) this.begin();
    });
  }

  /** As `begin`, but gives it a moment before anything else is done. Never throws. */
  async beginFirst(): Promise<void> {
    this.begin();
    if (this.#atWork !== null) await Promise.race([this.#atWork, sleep(HEAD_START_MS, null, { ref: false })]);
  }

  /**
   * Until all that was due is sent or put off.
   * @throws what the last pass failed with, when that was not the mail server: the database, or a bug
   */
  async finish(): Promise<void> {
    this.begin();
    while (this.#atWork !== null) await this.#atWork;
    if (this.#fault !== null) throw this.#fault.error;
  }

  /** Until what is due now is sent, for a few seconds at most and the mail in hand. Never throws: the log has said it. */
  async stop(): Promise<void> {
    this.#endSoon();
    await this.finish().catch(() => {});
  }

  #endSoon(): void {
    this.#endsAt = Math.min(this.#endsAt, performance.now() + LAST_MAILS_MS);
  }

  async #pass(): Promise<void> {
    const { log } = this.#robot;
    try {
      this.#fault = null;
      await forgetDead(this.#robot);
      this.#reached = (await this.#senderIsTaken()) && (await this.#sendDue());
      if (this.#reached) this.#failures = 0;
      else this.#rest();
    } catch (error) {
      if (this.#failures === 0)
        log.error("outbox.failed", { error: messageOf(error), stack: stackOf(error) });
      this.#fault = { error };
      this.#rest();
    }
  }

  /**
   * Asks the server about our sender at the start, and again as long as it refuses him: then no mail is tried. A server that
   * is out of reach says nothing of the sender; each mail will find that out, and its row keep the words.
   */
  async #senderIsTaken(): Promise<boolean> {
    if (this.#sender === "taken") return true;
    const { mailer, sender, log } = this.#robot;
    try {
      await mailer.verify(sender);
      if (this.#sender === "refused") log.info("sender.taken");
    } catch (error) {
      if (!(error instanceof KeybotError)) throw error;
      if (error.code === "smtp.sender-refused") {
        // Once, and not at every try.
        if (this.#sender !== "refused")
          log.error("sender.refused", { error: messageOf(error), hint: error.hint });
        this.#sender = "refused";
        return false;
      }
      log.debug("sender.not-asked", { error: messageOf(error) });
    }
    this.#sender = "taken";
    return true;
  }

  #rest(): void {
    this.#failures += 1;
    this.#restsUntil = performance.now() + backoffMs(this.#failures, FIRST_REST_MS, LONGEST_REST_MS);
  }

  /**
   * One by one, and by turns the one that came due last and the one that has waited longest: who has just asked gets his
   * answer at once, also when there is a backlog, and the backlog gets shorter.
   * @returns false when not all was tried: the end is near, or the server was out of reach or refused us, and the others
   *   would fare no better
   */
  async #sendDue(): Promise<boolean> {
    const { store, now, holder } = this.#robot;
    for (let turn = 0; ; turn++) {
      this.#again = false;
      if (performance.now() > this.#endsAt) return false;
      const [due] = await store.dueMails(now(), 1, turn % 2 === 0 ? "latest" : "longest-waiting");
      if (due === undefined) return true;
      const mail = await store.claim(due.id, now(), new Date(now().getTime() + CLAIM_MS), holder);
      if (mail === null) continue;
      const result = await deliver(this.#robot, mail);
      // Nobody is answered by a mail to the admin.
      if (result === "sent" && mail.template !== "notice") this.#sent += 1;
      if (result === "given-up") this.#givenUp += 1;
      if (result === "no-server") return false;
      if (result === "sender-refused") {
        // From now on each pass begins with the sender, and no mail is tried before he is taken.
        this.#sender = "unknown";
        if (!(await this.#senderIsTaken())) return false;
      }
    }
  }
}

type Result = "sent" | "deferred" | "given-up" | "no-server" | "sender-refused";

async function deliver(robot: Robot, mail: ClaimedMail): Promise<Result> {
  const log = robot.log.with({ to: mail.to, template: mail.template });
  try {
    const { response } = await robot.mailer.send({
      envelopeFrom: robot.sender.envelopeFrom,
      to: mail.to,
      raw: mail.bytes,
    });
    await robot.store.markSent(mail.id, response, robot.now());
    log.info("mail.sent", { response });
    return "sent";
  } catch (error) {
    if (!(error instanceof KeybotError) || error.code.startsWith("store.")) throw error;
    return await putOff(
      robot,
      mail,
      error.code === "smtp.sender-refused" ? await confirmed(robot, error) : error,
    );
  }
}

/**
 * What a refusal that speaks of our sender is: it came with a stranger's address on the line, whose server may have chosen
 * its words, so the server is asked again without one. Only if it refuses the sender then, too, do all mails wait.
 * @returns the confirmed refusal (permanent), what kept us from asking, or the first refusal, which concerns one mail
 */
async function confirmed({ mailer, sender }: Robot, error: KeybotError): Promise<KeybotError> {
  try {
    await mailer.verify(sender);
    return error;
  } catch (answer) {
    if (answer instanceof KeybotError) return answer;
    throw answer;
  }
}

async function putOff(robot: Robot, mail: ClaimedMail, error: KeybotError): Promise<Result> {
  const now = robot.now();
  const log = robot.log.with({ to: mail.to, template: mail.template, error: messageOf(error) });
  const concernsMail = isAboutMail(error);
  const tooLong = mail.putOffSince !== null && now.getTime() - mail.putOffSince.getTime() > GIVE_UP_MS;
  if (error.code === "smtp.refused" || (concernsMail && tooLong)) {
    await robot.store.markFailed(mail.id, error.message);
    log.error("mail.given-up");
    return "given-up";
  }
  const next = retryAt(now, mail.attempts);
  // A server that is down for a day is one event, not one for each mail and each try. The outbox knows what was said.
  const isNews = mail.lastError !== error.message && !(await robot.store.isHeldBackBy(error.message));
  await robot.store.markRetry(mail.id, error.message, next, concernsMail ? now : undefined);
  if (isNews) log.warn("mail.put-off", { until: next });
  else log.debug("mail.still-put-off", { until: next });
  if (concernsMail) return "deferred";
  return error.code === "smtp.sender-refused" ? "sender-refused" : "no-server";
}

/** The server answered, and others may fare better: this mail alone is put off. */
function isAboutMail({ code, kind }: KeybotError): boolean {
  return code === "smtp.deferred" || (code === "smtp.sender-refused" && kind === "temporary");
}

function stackOf(error: unknown): string | null {
  return error instanceof Error && !(error instanceof KeybotError) ? (error.stack ?? null) : null;
}
