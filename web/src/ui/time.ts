/** Times in the chosen language; pure, so that the screens and the tests agree. */

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["week", 604_800],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
];

/** "3 minutes ago"; null for less than five seconds, which the caller words. */
export function relativeTime(at: Date, now: Date, language: string): string | null {
  const seconds = Math.round((at.getTime() - now.getTime()) / 1000);
  if (Math.abs(seconds) < 5) return null;
  const [unit, size] = STEPS.find(([, length]) => Math.abs(seconds) >= length) ?? ["second", 1];
  return new Intl.RelativeTimeFormat(language, { numeric: "auto" }).format(Math.trunc(seconds / size), unit);
}

/** Date and time to the second in the organization's timezone. */
export function absoluteTime(at: Date, language: string, timeZone: string | undefined): string {
  return new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "medium", timeZone }).format(at);
}

export type DurationWords =
  | { unit: "ms"; value: string }
  | { unit: "s"; value: string }
  | { unit: "ms_s"; minutes: number; seconds: number }
  | { unit: "h_m"; hours: number; minutes: number };

/** A length of time in the two largest units that matter. */
export function durationWords(milliseconds: number, language: string): DurationWords {
  const length = Math.max(0, Math.round(milliseconds));
  const number = new Intl.NumberFormat(language, { maximumFractionDigits: length < 10_000 ? 1 : 0 });
  if (length < 1000) return { unit: "ms", value: number.format(length) };
  if (length < 59_500) return { unit: "s", value: number.format(length / 1000) };
  const seconds = Math.round(length / 1000);
  if (seconds < 3600) return { unit: "ms_s", minutes: Math.floor(seconds / 60), seconds: seconds % 60 };
  return { unit: "h_m", hours: Math.floor(seconds / 3600), minutes: Math.floor((seconds % 3600) / 60) };
}
