import { useQuery } from "@tanstack/react-query";
import { Trans, useTranslation } from "react-i18next";
import { useParams } from "react-router";

import { type ExactFlow, flowQuery } from "../../api/flows";
import list from "../../ui/List.module.css";
import { LoadingRows, Notice } from "../../ui/Notice";
import { Page, Section } from "../../ui/Page";
import { ErrorPanel } from "../../ui/ProblemPanel";
import { Ago } from "../../ui/Time";
import { useActionLabel } from "./app-names";
import { declaredInputs, documentTasks } from "./document";
import classes from "./flows.module.css";
import { RecentRuns } from "./RecentRuns";
import { StartForm } from "./StartForm";
import { repliesWithResult, triggerKind, triggerLabel } from "./trigger";
import { WebhookPanel } from "./WebhookPanel";

export function FlowPage() {
  const { t } = useTranslation();
  const { flowId = "" } = useParams();
  const flow = useQuery(flowQuery(flowId));
  const trail = [{ label: t("flows.title"), to: "/" }];
  if (!flow.data) {
    return (
      <Page title={flow.error ? t("problem.title") : t("loading")} trail={trail}>
        {flow.error ? <ErrorPanel error={flow.error} onRetry={() => void flow.refetch()} /> : <LoadingRows />}
      </Page>
    );
  }
  const { name, version, updated_at } = flow.data;
  return (
    <Page
      title={name}
      trail={trail}
      aside={
        <p className={list.muted}>
          {triggerLabel(triggerKind(flow.data), t)} · {t("flow.version", { version })} ·{" "}
          <Trans i18nKey="flow.updated" components={{ when: <Ago at={updated_at} /> }} />
        </p>
      }
    >
      {flow.error && <ErrorPanel error={flow.error} onRetry={() => void flow.refetch()} />}
      <FlowBody key={`${flowId}@${version}`} flow={flow.data} />
    </Page>
  );
}

function FlowBody({ flow }: { flow: ExactFlow }) {
  const { t } = useTranslation();
  const inputs = declaredInputs(flow.document);
  return (
    <div className={classes.twoColumns}>
      <div className={classes.mainColumn}>
        <Section title={t("flow.tasks")}>
          <TaskList flow={flow} />
        </Section>
        <Section title={t("flow.runs")}>
          <RecentRuns flowId={flow.id} />
        </Section>
      </div>
      <div className={classes.sideColumn}>
        <Section title={t("flow.start")}>
          <StartForm flow={flow} inputs={inputs} />
        </Section>
        {flow.webhook_url !== null && (
          <Section title={t("flow.webhook")}>
            <WebhookPanel url={flow.webhook_url} repliesWithResult={repliesWithResult(flow)} inputs={inputs} />
          </Section>
        )}
      </div>
    </div>
  );
}

function TaskList({ flow }: { flow: ExactFlow }) {
  const { t } = useTranslation();
  const label = useActionLabel();
  const tasks = documentTasks(flow.document);
  if (tasks.length === 0) {
    return (
      <Notice>
        <p>{t("flow.noTasks")}</p>
      </Notice>
    );
  }
  return (
    <ol className={list.list}>
      {tasks.map((task) => (
        <li key={task.letter} className={`${list.row} ${classes.task}`}>
          <span className={classes.letter}>{task.letter}</span>
          <span className={classes.taskName}>{task.name ?? label(task.app, task.action)}</span>
          {task.name !== null && <span className={list.muted}>{label(task.app, task.action)}</span>}
        </li>
      ))}
    </ol>
  );
}
