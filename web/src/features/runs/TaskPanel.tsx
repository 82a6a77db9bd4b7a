import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { resultQuery } from "../../api/runs";
import type { Run, TaskRun } from "../../client/types";
import { LoadingRows, Notice } from "../../ui/Notice";
import { Section } from "../../ui/Page";
import { ErrorPanel, ProblemPanel } from "../../ui/ProblemPanel";
import { StateBadge } from "../../ui/StateBadge";
import { Failures } from "./Failures";
import { ResultView } from "./ResultView";
import classes from "./runs.module.css";

interface Props {
  run: Run;
  task: TaskRun;
  label: (app: string, action: string) => string;
}

/** One task of a run: its problem, if it has one, and its result. */
export function TaskPanel({ run, task, label }: Props) {
  return (
    <Section
      title={`${task.letter} · ${task.name ?? label(task.app, task.action)}`}
      aside={<StateBadge state={task.state} />}
    >
      <div className={classes.taskPanel}>
        {task.error && <ProblemPanel problem={task.error} />}
        {task.has_result ? <Result run={run} task={task} /> : <NoResult task={task} />}
      </div>
    </Section>
  );
}

function Result({ run, task }: { run: Run; task: TaskRun }) {
  const result = useQuery(resultQuery(run.id, task.letter, task.state));
  if (result.isPending) return <LoadingRows />;
  if (!result.data) return <ErrorPanel error={result.error} onRetry={() => void result.refetch()} />;
  return (
    <>
      <Failures failures={result.data.failures} total={task.rows_failed} />
      <ResultView result={result.data} />
    </>
  );
}

function NoResult({ task }: { task: TaskRun }) {
  const { t } = useTranslation();
  if (task.state === "failed" && task.error) return null;
  const reason = task.state === "done" || task.state === "failed" ? "none" : task.state;
  return (
    <Notice>
      <p>{t(`result.${reason}`)}</p>
    </Notice>
  );
}
