import type { RevocationAnswer } from "../inspect/index.ts";
import { json, time } from "./column.ts";
import type { Connection } from "./connection.ts";

/** What its CA last said of a certificate, and when it was asked. */
export interface AskedAnswer extends RevocationAnswer {
  readonly askedAt: Date;
}

/** How it stands with asking about a stored certificate. */
export interface RevocationState {
  /** The last answer that counts; null: none was had since it is in use. */
  readonly answer: AskedAnswer | null;
  /** It is in use and was asked about in vain: since when nobody has answered, and what the last try said; else null. */
  readonly unanswered: { readonly since: Date; readonly why: string } | null;
}

/** Reads the state of a certificate by its row number; runs inside the caller's transaction. */
export type RevocationStateReader = (certificate: number) => RevocationState;

const STATE = `
  SELECT answered_at, answer, answer_by, answer_made_at, answer_places, tries, in_use, heard_at, unanswered_why
  FROM revocation_check WHERE certificate = ?`;

interface StateRow {
  readonly answered_at: number | null;
  readonly answer: RevocationAnswer["status"] | null;
  readonly answer_by: RevocationAnswer["by"] | null;
  readonly answer_made_at: number | null;
  readonly answer_places: string | null;
  readonly tries: number;
  readonly in_use: number;
  readonly heard_at: number;
  readonly unanswered_why: string | null;
}

const NOTHING_KNOWN: RevocationState = { answer: null, unanswered: null };

/** @returns the reader, its statement prepared */
export function revocationStateReader({ db }: Connection): RevocationStateReader {
  const state = db.prepare<[number], StateRow>(STATE);
  return (certificate) => {
    const row = state.get(certificate);
    return row === undefined ? NOTHING_KNOWN : stateOf(row);
  };
}

function stateOf(row: StateRow): RevocationState {
  const { tries, in_use, heard_at, unanswered_why } = row;
  const isSilent = tries > 0 && in_use === 1;
  return {
    answer: answerOf(row),
    unanswered: isSilent ? { since: time(heard_at), why: unanswered_why ?? "" } : null,
  };
}

function answerOf(row: StateRow): AskedAnswer | null {
  const { answered_at, answer, answer_by, answer_made_at, answer_places } = row;
  if (answered_at === null || answer === null || answer_by === null || answer_made_at === null) return null;
  return {
    status: answer,
    by: answer_by,
    thisUpdate: time(answer_made_at),
    places: json<readonly string[]>(answer_places ?? "[]"),
    askedAt: time(answered_at),
  };
}
