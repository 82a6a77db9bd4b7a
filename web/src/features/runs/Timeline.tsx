import { useTranslation } from "react-i18next";

import { isUnfinished } from "../../api/runs";
import type { Run, TaskRun } from "../../client/types";
import { StateBadge } from "../../ui/StateBadge";
import { Duration } from "../../ui/Time";
import classes from "./runs.module.css";

interface Props {
  run: Run;
  label: (app: string, action: string) => string;
  chosen: string | null;
  onChoose: (letter: string) => void;
}

/** The run's tasks in order, each a button that shows its result. */
export function Timeline({ run, label, chosen, onChoose }: Props) {
  return (
    <ol className={classes.timeline}>
      {run.tasks.map((task) => (
        <li key={task.letter} className={classes.step} data-state={task.state}>
          <button
            type="button"
            className={classes.stepButton}
            aria-current={task.letter === chosen ? "true" : undefined}
            onClick={() => onChoose(task.letter)}
          >
            <span className={classes.marker}>
              <StateBadge state={task.state} compact />
            </span>
            <span className={classes.stepName}>
              <span className={classes.letter}>{task.letter}</span>
              <span className={classes.stepTitle}>{task.name ?? label(task.app, task.action)}</span>
            </span>
            <span className={classes.stepTime}>
              <Duration from={task.started_at} to={task.finished_at} ticking={isUnfinished(run.state)} />
            </span>
            <span className={classes.stepDetail}>
              {task.name !== null && <span>{label(task.app, task.action)}</span>}
              <Rows task={task} />
            </span>
          </button>
        </li>
      ))}
    </ol>
  );
}

function Rows({ task }: { task: TaskRun }) {
  const { t, i18n } = useTranslation();
  const { rows_total: total, rows_done, rows_failed } = task;
  if (total === null) return null;
  const done = rows_done ?? 0;
  const failed = rows_failed ?? 0;
  const number = new Intl.NumberFormat(i18n.language);
  const words = t("run.progress", { task: task.letter, done: number.format(done), total: number.format(total) });
  return (
    <span className={classes.rows}>
      {task.state === "running" && total > 0 && (
        <progress className={classes.progress} max={total} value={done + failed} aria-label={words} />
      )}
      <span className={classes.rowWords}>
        <span>{t("run.rows", { done: number.format(done), count: total, total: number.format(total) })}</span>
        {failed > 0 && <span className={classes.failed}>{t("run.rowsFailed", { failed: number.format(failed) })}</span>}
      </span>
    </span>
  );
}
