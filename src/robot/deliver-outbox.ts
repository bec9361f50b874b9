import { KeybotError, messageOf } from "../errors.ts";
import type { ClaimedMail } from "../store/index.ts";
import { retryAt } from "./backoff.ts";
import type { Robot } from "./robot.ts";

/** Longer than any SMTP dialogue may take: a deliverer that dies holds a mail back for this long. */
const CLAIM_MS = 15 * 60_000;

/** A mail that the server puts off is given up after five days (RFC 5321 §4.5.4.1). */
const GIVE_UP_MS = 5 * 86_400_000;

/** Mails taken from the outbox at a time. */
const AT_A_TIME = 20;

/** Nobody needs to know how many more than this are waiting. */
const COUNTED_AT_MOST = 10_000;

/** One pass over the outbox, taken up as often as the round has committed something. */
export class OutboxPass {
  readonly #robot: Robot;
  /** False: the server was out of reach or refused us. The others would fare no better; the next round asks again. */
  #reachable = true;
  #sent = 0;

  constructor(robot: Robot) {
    this.#robot = robot;
  }

  /** Mails to partners that the server has taken so far. */
  get sent(): number {
    return this.#sent;
  }

  /** Mails left for a retry: tried in vain before, or due and not reached. Held back by a budget is not that. */
  async left(): Promise<number> {
    const now = this.#robot.now();
    const waiting = await this.#robot.store.outboxEntries({ state: "waiting", limit: COUNTED_AT_MOST });
    return waiting.filter(({ attempts, nextAttempt }) => attempts > 0 || nextAttempt <= now).length;
  }

  /** Sends every mail that is due, the longest waiting first. */
  async deliver(): Promise<void> {
    const { store, now, holder } = this.#robot;
    while (this.#reachable) {
      const due = await store.dueMails(now(), AT_A_TIME);
      if (due.length === 0) return;
      for (const { id } of due) {
        if (!this.#reachable) return;
        const mail = await store.claim(id, now(), new Date(now().getTime() + CLAIM_MS), holder);
        if (mail !== null) this.#note(mail, await deliver(this.#robot, mail));
      }
    }
  }

  #note({ template }: ClaimedMail, result: Result): void {
    // Nobody is answered by a mail to the admin.
    if (result === "sent" && template !== "notice") this.#sent += 1;
    if (result === "no-server") this.#reachable = false;
  }
}

type Result = "sent" | "deferred" | "given-up" | "no-server";

async function deliver(robot: Robot, mail: ClaimedMail): Promise<Result> {
  const log = robot.log.with({ to: mail.to, template: mail.template });
  try {
    const { response } = await robot.mailer.send({
      envelopeFrom: mail.envelopeFrom,
      to: mail.to,
      raw: mail.bytes,
    });
    await robot.store.markSent(mail.id, response, robot.now());
    log.info("mail.sent", { response });
    return "sent";
  } catch (error) {
    if (!(error instanceof KeybotError) || error.code.startsWith("store.")) throw error;
    return await putOff(robot, mail, error);
  }
}

async function putOff(robot: Robot, mail: ClaimedMail, error: KeybotError): Promise<Result> {
  const now = robot.now();
  const log = robot.log.with({ to: mail.to, template: mail.template, error: messageOf(error) });
  const tooLong = now.getTime() - mail.createdAt.getTime() > GIVE_UP_MS;
  if (error.code === "smtp.refused" || (error.code === "smtp.deferred" && tooLong)) {
    await robot.store.markFailed(mail.id, error.message);
    log.error("mail.given-up");
    return "given-up";
  }
  const next = retryAt(now, mail.attempts);
  // A server that is down for a day is one event, not one for each mail and each try. The outbox knows what was said.
  const isNews = mail.lastError !== error.message && !(await robot.store.isHeldBackBy(error.message));
  await robot.store.markRetry(mail.id, error.message, next);
  if (isNews) log.warn("mail.put-off", { until: next });
  else log.debug("mail.still-put-off", { until: next });
  return error.code === "smtp.deferred" ? "deferred" : "no-server";
}
