import {
  type AdminNews,
  NEWS_TOLD,
  NO_PATH_AGAIN_MS,
  type Notice,
  notices,
  STUCK_MS,
} from "../decide/index.ts";
import { renderNotice, replyMessageId } from "../reply/index.ts";
import type { NewsQuery, WrittenNotice } from "../store/index.ts";
import type { Robot } from "./robot.ts";

/**
 * Puts the mails that are due to the admin into the outbox. Most rounds have nothing to tell, and pay one look at an
 * index; one that has reads the news again inside the transaction that writes, so several robots tell it once.
 * @returns how many mails there are now to be sent
 * @throws KeybotError `temporary` when the database cannot be written; nothing is lost, the next round tells it
 */
export async function tellAdmin(robot: Robot): Promise<number> {
  const { adminAddress, store, log } = robot;
  if (adminAddress === null) return 0;
  const now = robot.now();
  const before = (ms: number) => new Date(now.getTime() - ms);
  const query: NewsQuery = {
    now,
    stuckBefore: before(STUCK_MS),
    noPathToldBefore: before(NO_PATH_AGAIN_MS),
    limit: NEWS_TOLD,
  };
  const news = await store.adminNews(query);
  if (news === null || notices(news, now).length === 0) return 0;
  const written = await store.tellAdmin(query, (latest) =>
    notices(latest, now).map((notice) => writtenNotice(robot, notice, latest, adminAddress, now)),
  );
  if (written > 0) log.info("admin.told", { mails: written });
  return written;
}

function writtenNotice(
  { voice }: Robot,
  notice: Notice,
  { newest }: AdminNews,
  to: string,
  now: Date,
): WrittenNotice {
  const content = `notice ${newest} ${JSON.stringify(notice)}`;
  const messageId = replyMessageId(voice.secret, content, "notice", to, voice.messageIdDomain);
  const { identity, texts, envelopeFrom } = voice;
  const bytes = renderNotice({ notice, to, messageId, now, identity, texts });
  return {
    kind: notice.kind,
    mail: { messageId, to, envelopeFrom, template: "notice", bytes, sendAfter: null },
  };
}
