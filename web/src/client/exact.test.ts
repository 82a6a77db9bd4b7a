import { describe, expect, it } from "vitest";

import { ExactNumber, formatExact, parseExact } from "./exact";

describe("parseExact and formatExact", () => {
  it.each([
    "12345678901234567890",
    "1.10",
    "0.1000000000000000055511151231257827",
    "-1E+400",
    '{"a":[1,2.50,"3.50"],"b":{"c":null,"d":true},"e":""}',
    '{"quoted \\"12345678901234567890\\" text":"a\\\\"}',
    "[]",
    "{}",
  ])("keep %s as it is", (text) => {
    expect(formatExact(parseExact(text), 0)).toBe(text);
  });

  it("leave plain numbers plain", () => {
    expect(parseExact("[1, -2.5, 0]")).toEqual([1, -2.5, 0]);
    expect(parseExact("9007199254740993")).toEqual(new ExactNumber("9007199254740993"));
  });

  it("refuse broken JSON", () => {
    expect(() => parseExact('{"a": 01}')).toThrow(SyntaxError);
  });

  it("indent like JSON.stringify", () => {
    const value = { a: [1, { b: "x" }], c: {}, d: [] };
    expect(formatExact(value)).toBe(JSON.stringify(value, null, 2));
  });
});
