import { describe, expect, it } from "vitest";
import { Reconnecting } from "../../src/robot/reconnecting.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const CLOSED = "The IMAP server closed the connection.";

describe("a daemon that loses its connection", () => {
  it("waits longer each time while the server is away, five minutes and a quarter at most", () => {
    const reconnecting = new Reconnecting();
    const pauses = Array.from({ length: 12 }, () => reconnecting.lost("refuses connections", 0).pause);
    [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300].forEach((seconds, index) => {
      expect(pauses[index]).toBeGreaterThanOrEqual(seconds * SECOND);
      expect(pauses[index]).toBeLessThan(1.25 * seconds * SECOND);
    });
  });

  it("comes back after a second each time when a firewall cuts what has been quiet for half a minute", () => {
    const reconnecting = new Reconnecting();
    for (let cut = 0; cut < 100; cut++)
      expect(reconnecting.lost(CLOSED, 30 * SECOND).pause).toBeLessThan(1.25 * SECOND);
  });

  it("waits longer when the server takes the log-in and closes after each round", () => {
    const reconnecting = new Reconnecting();
    const pauses = Array.from({ length: 6 }, () => reconnecting.lost(CLOSED, 100).pause);
    expect(pauses.at(-1)).toBeGreaterThanOrEqual(32 * SECOND);
  });

  it.each([
    { what: "again and again", worked: 30 * SECOND, news: [true, false, false, false] },
    { what: "once in a quarter of an hour", worked: 15 * MINUTE, news: [true, true, true, true] },
  ])("a connection that is lost $what", ({ worked, news }) => {
    const reconnecting = new Reconnecting();
    expect(news.map(() => reconnecting.lost(CLOSED, worked).isNews)).toEqual(news);
  });

  it("an outage soon after another one is told when it lasts, and so is its end", () => {
    const reconnecting = new Reconnecting();
    expect(reconnecting.back()).toBe(true);
    expect(reconnecting.lost(CLOSED, MINUTE).isNews).toBe(true);
    expect(reconnecting.back()).toBe(true);
    expect(reconnecting.lost(CLOSED, MINUTE).isNews).toBe(false);
    expect(reconnecting.back()).toBe(false);
    const later = [MINUTE, 0, 0, 0, 0, 0, 0].map((worked) => reconnecting.lost(CLOSED, worked).isNews);
    expect(later).toEqual([false, false, false, false, true, false, false]);
    expect(reconnecting.back()).toBe(true);
    expect(reconnecting.back()).toBe(false);
  });

  it("another failure is news of its own", () => {
    const reconnecting = new Reconnecting();
    expect(reconnecting.lost(CLOSED, 0).isNews).toBe(true);
    expect(reconnecting.lost("refuses connections", 0).isNews).toBe(true);
    expect(reconnecting.lost(CLOSED, 0).isNews).toBe(false);
  });
});
