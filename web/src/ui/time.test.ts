import { describe, expect, it } from "vitest";

import { absoluteTime, durationWords, relativeTime } from "./time";

const now = new Date("2026-11-21T12:00:00Z");
const before = (seconds: number) => new Date(now.getTime() - seconds * 1000);

describe("relativeTime", () => {
  it.each([
    [2, "en", null],
    [40, "en", "40 seconds ago"],
    [119, "en", "1 minute ago"],
    [7200, "ko", "2시간 전"],
    [86_400, "en", "yesterday"],
    [-3600, "ko", "1시간 후"],
  ])("%i s, %s: %s", (seconds, language, words) => {
    expect(relativeTime(before(seconds), now, language)).toBe(words);
  });
});

it("absoluteTime speaks in the organization's timezone", () => {
  expect(absoluteTime(now, "ko", "Asia/Seoul")).toContain("9:00:00");
});

describe("durationWords", () => {
  it.each([
    [-5, { unit: "ms", value: "0" }],
    [340, { unit: "ms", value: "340" }],
    [1240, { unit: "s", value: "1.2" }],
    [59_400, { unit: "s", value: "59" }],
    [59_900, { unit: "ms_s", minutes: 1, seconds: 0 }],
    [125_000, { unit: "ms_s", minutes: 2, seconds: 5 }],
    [3_600_000 * 2 + 61_000, { unit: "h_m", hours: 2, minutes: 1 }],
  ])("%i ms", (milliseconds, words) => {
    expect(durationWords(milliseconds, "en")).toEqual(words);
  });
});
