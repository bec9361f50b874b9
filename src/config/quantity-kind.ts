import type { Rate } from "../policy.ts";
import { type Kind, Refusal, textKind } from "./kind.ts";

const SECONDS: Readonly<Record<string, number>> = { second: 1, minute: 60, hour: 3600, day: 86_400 };

/** How often something may happen: `5/day`. */
export const RATE: Kind<Rate> = textKind(
  "rate",
  'a rate such as "5/day" (a number from 1, then /second, /minute, /hour or /day)',
  (text) => {
    const [limit = "", unit = "", ...more] = text.split("/");
    const seconds = SECONDS[unit];
    return seconds !== undefined && more.length === 0 && /^[1-9][0-9]{0,8}$/.test(limit)
      ? { limit: Number(limit), seconds }
      : new Refusal();
  },
);

/** A rate as it is written in the file. */
export function writeRate(rate: Rate): string {
  const unit = Object.entries(SECONDS).find(([, seconds]) => seconds === rate.seconds);
  return `${rate.limit}/${unit?.[0] ?? `${rate.seconds} seconds`}`;
}

const DURATION_MS: Readonly<Record<string, number>> = { h: 3_600_000, d: 86_400_000 };

/** A time in milliseconds, written `10d` or `36h`, of ten years at most. */
export const DURATION: Kind<number> = textKind(
  "duration, up to 3650d",
  'a duration such as "10d" (days) or "36h" (hours), up to 3650d',
  (text) => {
    const match = /^([1-9][0-9]{0,4})(h|d)$/.exec(text);
    const milliseconds = Number(match?.[1] ?? 0) * (DURATION_MS[match?.[2] ?? ""] ?? 0);
    return milliseconds > 0 && milliseconds <= 3650 * 86_400_000 ? milliseconds : new Refusal();
  },
);

const BYTES: Readonly<Record<string, number>> = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };

/** A size in bytes, written `64 MiB`, between two sizes that are written the same way. */
export function size(least: string, most: string): Kind<number> {
  const smallest = bytesOf(least) ?? 0;
  const largest = bytesOf(most) ?? Number.MAX_SAFE_INTEGER;
  return textKind(
    `size, ${least} to ${most}`,
    `a size such as "64 MiB" (B, KiB, MiB or GiB), from ${least} to ${most}`,
    (text) => {
      const bytes = bytesOf(text);
      return bytes !== null && bytes >= smallest && bytes <= largest ? bytes : new Refusal();
    },
  );
}

function bytesOf(text: string): number | null {
  const match = /^([0-9]{1,10}) ?(B|KiB|MiB|GiB)$/.exec(text);
  const unit = BYTES[match?.[2] ?? ""];
  return match === null || unit === undefined ? null : Number(match[1]) * unit;
}
