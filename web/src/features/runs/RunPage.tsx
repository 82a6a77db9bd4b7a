import { Badge } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useParams, useSearchParams } from "react-router";

import { isUnfinished } from "../../api/runs";
import type { Run } from "../../client/types";
import { LoadingRows, Notice } from "../../ui/Notice";
import { Page, Section } from "../../ui/Page";
import { ErrorPanel, ProblemPanel } from "../../ui/ProblemPanel";
import { StateBadge } from "../../ui/StateBadge";
import { useActionLabel } from "../flows/app-names";
import type { Connection } from "./live";
import { RunActions } from "./RunActions";
import { RunFacts } from "./RunFacts";
import classes from "./runs.module.css";
import { TaskPanel } from "./TaskPanel";
import { Timeline } from "./Timeline";
import { useLiveRun } from "./useLiveRun";

export function RunPage() {
  const { runId = "" } = useParams();
  return <LiveRun key={runId} runId={runId} />;
}

function LiveRun({ runId }: { runId: string }) {
  const { t } = useTranslation();
  const { query, connection } = useLiveRun(runId);
  const run = query.data;
  const flows = { label: t("flows.title"), to: "/" };
  if (!run) {
    return (
      <Page title={query.error ? t("problem.title") : t("loading")} trail={[flows]}>
        {query.error ? <ErrorPanel error={query.error} onRetry={() => void query.refetch()} /> : <LoadingRows />}
      </Page>
    );
  }
  const trail = run.flow_id === null ? [flows] : [flows, { label: run.flow_name, to: `/flows/${run.flow_id}` }];
  return (
    <Page
      title={run.flow_id === null ? run.flow_name : t("run.title")}
      tabTitle={`${t(`state.${run.state}`)} · ${run.flow_name}`}
      trail={trail}
      aside={
        <>
          <span role="status" className={classes.state}>
            <StateBadge state={run.state} />
          </span>
          {run.test && (
            <Badge variant="default" size="sm" title={t("run.testText")}>
              {t("run.test")}
            </Badge>
          )}
          {isUnfinished(run.state) && <ConnectionNote connection={connection} />}
        </>
      }
      actions={<RunActions run={run} />}
    >
      <RunFacts run={run} />
      <RunBody run={run} />
    </Page>
  );
}

function RunBody({ run }: { run: Run }) {
  const { t } = useTranslation();
  const label = useActionLabel();
  const [search, setSearch] = useSearchParams();
  const chosen = run.tasks.find((task) => task.letter === search.get("task")) ?? taskToShow(run);
  const isTold = run.tasks.some((task) => task.error?.code === run.error?.code);
  return (
    <>
      {run.error && !isTold && (
        <div className={classes.runError}>
          <ProblemPanel problem={run.error} />
        </div>
      )}
      {run.tasks.length === 0 ? (
        <Notice>
          <p>{t("run.noTasks")}</p>
        </Notice>
      ) : (
        <div className={classes.columns}>
          <Section title={t("run.tasks")}>
            <Timeline
              run={run}
              label={label}
              chosen={chosen?.letter ?? null}
              onChoose={(letter) => setSearch({ task: letter }, { replace: true, preventScrollReset: true })}
            />
          </Section>
          {chosen && <TaskPanel key={chosen.letter} run={run} task={chosen} label={label} />}
        </div>
      )}
    </>
  );
}

/** What a reader wants to see first: what failed, else what runs, else the last that has a result. */
function taskToShow(run: Run) {
  return (
    run.tasks.find((task) => task.state === "failed") ??
    run.tasks.find((task) => task.state === "running") ??
    run.tasks.findLast((task) => task.has_result) ??
    run.tasks[0]
  );
}

function ConnectionNote({ connection }: { connection: Connection }) {
  const { t } = useTranslation();
  switch (connection) {
    case "ended":
      return null;
    case "live":
      return (
        <span className={classes.live} data-connection="live">
          {t("run.live")}
        </span>
      );
    case "connecting":
      return <span className={classes.live}>{t("run.connecting")}</span>;
    case "reconnecting":
      return (
        <span className={classes.live} data-connection="reconnecting" role="status">
          {t("run.reconnecting")}
        </span>
      );
  }
}
