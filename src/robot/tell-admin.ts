import {
  type AdminNews,
  NEWS_TOLD,
  NO_PATH_AGAIN_MS,
  type Notice,
  notices,
  STUCK_MS,
} from "../decide/index.ts";
import type { Policy } from "../policy.ts";
import { renderNotice, replyMessageId, robotAddress, signingFault } from "../reply/index.ts";
import type { NewsQuery, WrittenNotice } from "../store/index.ts";
import { faultText } from "./check-signing.ts";
import type { Robot } from "./robot.ts";

/** As much of the robot as writing to the admin takes. */
type Teller = Pick<Robot, "adminAddress" | "store" | "log" | "voice" | "now" | "policy">;

/**
 * Puts the mails that are due to the admin into the outbox. Most rounds have nothing to tell, and pay one look at an
 * index; one that has reads the news again inside the transaction that writes, so several robots tell it once.
 * @returns how many mails there are now to be sent
 * @throws KeybotError `temporary` when the database cannot be written; nothing is lost, the next round tells it
 */
export async function tellAdmin(robot: Teller): Promise<number> {
  const { adminAddress, store, log } = robot;
  if (adminAddress === null) return 0;
  const now = robot.now();
  const unsigned = await tellOfSigning(robot, adminAddress, now);
  const before = (ms: number) => new Date(now.getTime() - ms);
  const query: NewsQuery = {
    now,
    stuckBefore: before(STUCK_MS),
    noPathToldBefore: before(NO_PATH_AGAIN_MS),
    unansweredBefore: unansweredBefore(robot.policy, now),
    limit: NEWS_TOLD,
  };
  const news = await store.adminNews(query);
  if (news === null || notices(news, now).length === 0) return unsigned;
  const written = await store.tellAdmin(query, (latest) =>
    notices(latest, now).map((notice) => writtenNotice(robot, notice, latest, adminAddress, now)),
  );
  if (written > 0) log.info("admin.told", { mails: written });
  return written + unsigned;
}

const DAY_MS = 24 * 60 * 60 * 1000;

/** Since before when nobody may have answered about a certificate for it to be told, and shown by `doctor`. */
export function unansweredBefore({ certificates }: Policy, now: Date): Date {
  return new Date(now.getTime() - certificates.unansweredDays * DAY_MS);
}

/** Tells that mails leave unsigned: once for a certificate and what is wrong with it, by the Message-ID. */
async function tellOfSigning({ voice, store }: Teller, to: string, now: Date): Promise<number> {
  const { identity, texts } = voice;
  const { signing } = identity;
  const from = robotAddress(identity.from);
  const fault = signing === undefined ? null : signingFault(signing, from, now);
  if (signing === undefined || fault === null) return 0;
  const key = `signing ${fault} ${signing.certificate.sha256}`;
  const messageId = replyMessageId(voice.secret, key, "notice", to, voice.messageIdDomain);
  const why = faultText(fault, signing.certificate, from);
  const bytes = renderNotice({ notice: { kind: "signing", why }, to, messageId, now, identity, texts });
  return store.enqueue([{ messageId, to, template: "notice", bytes, sendAfter: null }], now);
}

function writtenNotice(
  { voice }: Pick<Robot, "voice">,
  notice: Notice,
  { newest }: AdminNews,
  to: string,
  now: Date,
): WrittenNotice {
  const content = `notice ${newest} ${JSON.stringify(notice)}`;
  const messageId = replyMessageId(voice.secret, content, "notice", to, voice.messageIdDomain);
  const { identity, texts } = voice;
  const bytes = renderNotice({ notice, to, messageId, now, identity, texts });
  return {
    kind: notice.kind,
    mail: { messageId, to, template: "notice", bytes, sendAfter: null },
  };
}
