import i18next from "i18next";
import { initReactI18next } from "react-i18next";

import en from "./locales/en.json";
import ko from "./locales/ko.json";
import { ofBrowser, recall, remember } from "./storage";

export const LANGUAGES = ["en", "ko"] as const;
export type Language = (typeof LANGUAGES)[number];

const STORED = "outcode.language";

/** The language chosen before, else the first of the browser's that we speak, else English. */
export function preferredLanguage(stored: string | null, browser: readonly string[]): Language {
  const wishes = [stored ?? "", ...browser].map((wish) => wish.toLowerCase().split("-")[0]);
  return (
    LANGUAGES.find((language) => language === wishes.find((wish) => LANGUAGES.some((known) => known === wish))) ?? "en"
  );
}

export const i18n = i18next.createInstance();

void i18n.use(initReactI18next).init({
  resources: { en: { translation: en }, ko: { translation: ko } },
  lng: preferredLanguage(recall(ofBrowser, STORED), navigator.languages),
  fallbackLng: "en",
  // React escapes what it renders.
  interpolation: { escapeValue: false },
});

document.documentElement.lang = i18n.language;
i18n.on("languageChanged", (language) => {
  document.documentElement.lang = language;
  remember(ofBrowser, STORED, language);
});
