import {
  decide,
  type Evidence,
  type Folder,
  newsOf,
  type Plan,
  saidIn,
  type Template,
  type View,
} from "../decide/index.ts";
import type { Policy } from "../policy.ts";
import { type Identity, loopMark, renderReply, replyMessageId, type Texts } from "../reply/index.ts";
import type { Decision, Outcome, RenderedReply } from "../store/index.ts";

/** What the robot writes with: who it is, in which words, under which secret. */
export interface Voice {
  readonly identity: Identity;
  readonly texts: Texts;
  /** The installation's secret, under which Message-IDs and the loop mark are made. */
  readonly secret: Uint8Array;
  /** The right side of its Message-IDs. */
  readonly messageIdDomain: string;
}

/** A mail to be written: a plan's reply, or what an admin's decision tells the partner. */
export interface Letter {
  readonly content: Parameters<typeof renderReply>[0]["content"];
  readonly to: string;
  readonly inReplyTo: string | null;
  readonly references: readonly string[];
  /** What the Message-ID is derived from: a ledger key, or an admin's decision. */
  readonly key: string;
  readonly sendAfter: Date | null;
  /** Whether the sender who is answered was authenticated; left out when no mail is answered. */
  readonly authenticated?: boolean;
}

/** The loop mark belongs to the installation, not to the configuration. */
export function voiceOf(
  voice: Omit<Voice, "identity"> & { readonly identity: Omit<Identity, "loopMark"> },
): Voice {
  return { ...voice, identity: { ...voice.identity, loopMark: loopMark(voice.secret) } };
}

/**
 * Decides one message and renders its replies: what runs inside the transaction. Synchronous and pure.
 * @param now the time of the transaction
 */
export function decideAndRender(
  evidence: Evidence,
  key: string,
  view: View,
  policy: Policy,
  voice: Voice,
  now: Date,
): Decision {
  const plan = decide(evidence, view, policy, now);
  const folder = folderOf(plan);
  const inReplyTo = evidence.facts?.messageId ?? null;
  const references = evidence.facts?.references ?? [];
  const replies = plan.actions.flatMap((action) =>
    action.action === "reply"
      ? [
          renderLetter(
            {
              content: action.content,
              to: action.to,
              inReplyTo,
              references,
              key,
              sendAfter: action.sendAfter,
              authenticated: action.authenticated,
            },
            voice,
            now,
          ),
        ]
      : [],
  );
  const outcome = folder === null ? "waiting" : outcomeOf(plan, folder);
  return { plan, folder, outcome, replies, news: newsOf(plan) };
}

/** A letter as the final bytes that go into the outbox. */
export function renderLetter(letter: Letter, voice: Voice, now: Date): RenderedReply {
  const template: Template = letter.content.template;
  const messageId = replyMessageId(voice.secret, letter.key, template, letter.to, voice.messageIdDomain);
  const bytes = renderReply({ ...letter, messageId, now, identity: voice.identity, texts: voice.texts });
  return {
    messageId,
    to: letter.to,
    template,
    bytes,
    sendAfter: letter.sendAfter,
    said: saidIn(letter.content),
    ...(letter.authenticated === undefined ? {} : { authenticated: letter.authenticated }),
  };
}

/** The one folder that a plan files its message in; null when the message stays where it is. */
export function folderOf(plan: Plan): Folder | null {
  const last = plan.actions.at(-1);
  if (last?.action === "wait") return null;
  if (last?.action !== "file") throw new Error("a plan must end with its folder");
  return last.folder;
}

function outcomeOf(plan: Plan, folder: Folder): Outcome {
  switch (folder) {
    case "Processed":
      return processedAs(plan);
    case "Pending":
      return "pending";
    case "Rejected":
      return "rejected";
    case "Unhandled":
      return "unhandled";
  }
}

/** A mail can be a request and a submission at once; what it brought counts before what it asked. */
function processedAs(plan: Plan): Outcome {
  const codes = plan.reasons.map(({ code }) => code);
  if (codes.includes("submission.accepted")) return "stored";
  return codes.includes("request.answered") ? "answered" : "known";
}
