import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";

import { meQuery } from "../api/session";
import { absoluteTime, durationWords, relativeTime } from "./time";

function useNow(everyMs: number, ticking = true): Date {
  const [now, setNow] = useState(() => new Date());
  useEffect(() => {
    if (!ticking) return;
    const timer = setInterval(() => setNow(new Date()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs, ticking]);
  return now;
}

function useTimezone(): string | undefined {
  return useQuery(meQuery).data?.organization.timezone;
}

/** "3 minutes ago", with the exact time as its title. */
export function Ago({ at }: { at: string }) {
  const { t, i18n } = useTranslation();
  const now = useNow(15_000);
  const when = new Date(at);
  return (
    <time dateTime={at} title={absoluteTime(when, i18n.language, useTimezone())}>
      {relativeTime(when, now < when ? when : now, i18n.language) ?? t("now")}
    </time>
  );
}

/** The exact time, in the organization's timezone. */
export function At({ at }: { at: string | null }) {
  const { i18n } = useTranslation();
  const timezone = useTimezone();
  if (at === null) return <span aria-hidden="true">–</span>;
  return (
    <time dateTime={at} title={timezone}>
      {absoluteTime(new Date(at), i18n.language, timezone)}
    </time>
  );
}

/** How long it took, or has been taking: counts on while there is no end. */
export function Duration({ from, to, ticking }: { from: string | null; to: string | null; ticking: boolean }) {
  const { t, i18n } = useTranslation();
  const now = useNow(1000, ticking && to === null);
  if (from === null || (to === null && !ticking)) return <span aria-hidden="true">–</span>;
  const end = to === null ? now : new Date(to);
  const { unit, ...words } = durationWords(end.getTime() - new Date(from).getTime(), i18n.language);
  return <span>{t(`duration.${unit}`, words)}</span>;
}
