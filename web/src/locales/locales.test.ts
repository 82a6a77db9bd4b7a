import { describe, expect, it } from "vitest";

import { preferredLanguage } from "../i18n";
import en from "./en.json";
import ko from "./ko.json";

type Words = { [key: string]: string | Words };

function flat(words: Words, prefix = ""): [string, string][] {
  return Object.entries(words).flatMap(([key, value]) =>
    typeof value === "string" ? [[prefix + key, value] as [string, string]] : flat(value, `${prefix}${key}.`),
  );
}

function placeholders(text: string): string[] {
  return [...text.matchAll(/\{\{(\w+)\}\}|<(\w+) \/>/g)].map((match) => match[1] ?? match[2] ?? "").sort();
}

const english = new Map(flat(en));
const korean = new Map(flat(ko));

describe("locales", () => {
  it("have the same keys", () => {
    expect([...korean.keys()].sort()).toEqual([...english.keys()].sort());
  });

  it.each([...english])("fill %s alike", (key, text) => {
    expect(placeholders(korean.get(key) ?? "")).toEqual(placeholders(text));
  });

  it("leave nothing empty", () => {
    expect([...english, ...korean].filter(([, text]) => text.trim() === "")).toEqual([]);
  });

  it("leave no English sentence in Korean", () => {
    const same = [...korean].filter(([key, text]) => /[a-z]/i.test(text) && text === english.get(key));
    const names = ["product", "language.en", "trigger.api", "input.jsonHint", "result.json"];
    expect(same.map(([key]) => key).filter((key) => !names.includes(key))).toEqual([]);
  });
});

describe("preferredLanguage", () => {
  it.each([
    ["ko", ["en-US"], "ko"],
    [null, ["ko-KR", "en"], "ko"],
    [null, ["fr", "ko", "en"], "ko"],
    [null, ["de-DE"], "en"],
    ["xx", ["ko"], "ko"],
  ])("stored %s, browser %j: %s", (stored, browser, language) => {
    expect(preferredLanguage(stored, browser)).toBe(language);
  });
});
