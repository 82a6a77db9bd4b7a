import { Button } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import type { RowFailure } from "../../client/types";
import classes from "./runs.module.css";

const FIRST = 5;

/** The rows that failed, each with why and what to do. */
export function Failures({ failures, total }: { failures: RowFailure[]; total: number | null }) {
  const { t, i18n } = useTranslation();
  const [isAll, setAll] = useState(false);
  if (failures.length === 0) return null;
  const number = new Intl.NumberFormat(i18n.language);
  return (
    <div className={classes.failures}>
      <h3 className={classes.failuresTitle}>
        {t("result.failures", { count: Math.max(total ?? 0, failures.length) })}
      </h3>
      <ul>
        {failures.slice(0, isAll ? undefined : FIRST).map(({ row, error }) => (
          <li key={row} className={classes.failure}>
            <span className={classes.failureRow}>{t("result.row", { row: number.format(row) })}</span>
            <span>
              {error.message} <span className={classes.failureHint}>{error.hint}</span>
            </span>
          </li>
        ))}
      </ul>
      {!isAll && failures.length > FIRST && (
        <Button variant="subtle" size="compact-xs" onClick={() => setAll(true)}>
          {t("action.showAll", { count: failures.length })}
        </Button>
      )}
    </div>
  );
}
