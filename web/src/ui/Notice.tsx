import { Skeleton } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

import classes from "./Notice.module.css";

/** A full-width word to the reader: nothing here yet, and what to do next. */
export function Notice({ title, children }: { title?: string; children: ReactNode }) {
  return (
    <div className={classes.notice}>
      {title && <p className={classes.title}>{title}</p>}
      {children}
    </div>
  );
}

/** Stands where rows will be. */
export function LoadingRows({ rows = 4 }: { rows?: number }) {
  const { t } = useTranslation();
  return (
    <div className={classes.loading} role="status" aria-label={t("loading")}>
      {Array.from({ length: rows }, (_, index) => (
        <Skeleton key={index} height={14} width={`${62 - ((index * 17) % 35)}%`} radius={4} />
      ))}
    </div>
  );
}
