import { describe, expect, it } from "vitest";
import { backoffMs, retryAt } from "../../src/robot/backoff.ts";

describe("the pause after a failure", () => {
  it.each([
    { attempts: 1, from: 30, to: 37.5 },
    { attempts: 2, from: 60, to: 75 },
    { attempts: 4, from: 240, to: 300 },
    { attempts: 8, from: 3600, to: 4500 },
    { attempts: 1000, from: 3600, to: 4500 },
    { attempts: 0, from: 30, to: 37.5 },
  ])("after $attempts tries lies between $from and $to seconds", ({ attempts, from, to }) => {
    const now = new Date("2026-11-23T12:00:00Z");
    for (let i = 0; i < 50; i++) {
      const seconds = (retryAt(now, attempts).getTime() - now.getTime()) / 1000;
      expect(seconds).toBeGreaterThanOrEqual(from);
      expect(seconds).toBeLessThan(to);
    }
  });

  it("differs from robot to robot", () => {
    const pauses = new Set(Array.from({ length: 20 }, () => backoffMs(3, 1000, 60_000)));
    expect(pauses.size).toBeGreaterThan(1);
  });
});
