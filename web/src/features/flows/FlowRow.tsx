import { Button } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useNavigate } from "react-router";

import { flowQuery } from "../../api/flows";
import { useStartRun } from "../../api/runs";
import type { FlowItem } from "../../client/types";
import { CopyButton } from "../../ui/CopyButton";
import { PlayIcon } from "../../ui/icons";
import list from "../../ui/List.module.css";
import { ErrorPanel } from "../../ui/ProblemPanel";
import { StateBadge } from "../../ui/StateBadge";
import { Ago } from "../../ui/Time";
import { startsWithoutForm } from "./document";
import classes from "./flows.module.css";
import { triggerKind, triggerLabel } from "./trigger";
import { absoluteUrl } from "./webhook";

export function FlowRow({ flow }: { flow: FlowItem }) {
  const { t } = useTranslation();
  const run = useRunFromList(flow.id);
  return (
    <li className={`${list.row} ${classes.columns}`}>
      <Link className={list.link} to={`/flows/${flow.id}`}>
        {flow.name}
      </Link>
      <span className={classes.trigger}>
        {triggerLabel(triggerKind(flow), t)}
        {flow.webhook_url !== null && (
          <span className={list.above}>
            <CopyButton value={absoluteUrl(flow.webhook_url)} label={t("action.copyUrl")} />
          </span>
        )}
      </span>
      <span className={classes.lastRun}>
        {flow.last_run ? (
          <Link className={`${list.above} ${classes.lastRunLink}`} to={`/runs/${flow.last_run.id}`}>
            <StateBadge state={flow.last_run.state} />
            <span className={list.muted}>
              <Ago at={flow.last_run.finished_at ?? flow.last_run.started_at ?? flow.last_run.queued_at} />
            </span>
          </Link>
        ) : (
          <span className={list.muted}>{t("state.never")}</span>
        )}
      </span>
      <Button
        className={list.above}
        leftSection={<PlayIcon size={12} />}
        loading={run.isBusy}
        aria-label={t("flows.run", { name: flow.name })}
        onClick={() => void run.start()}
      >
        {t("action.run")}
      </Button>
      {run.error !== null && (
        <div className={`${list.above} ${classes.rowError}`}>
          <ErrorPanel error={run.error} />
        </div>
      )}
    </li>
  );
}

/** Runs at once what needs no input; leads to the form of what does. */
function useRunFromList(flowId: string) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const startRun = useStartRun();
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const start = async () => {
    setBusy(true);
    setError(null);
    try {
      const flow = await queries.fetchQuery(flowQuery(flowId));
      if (!startsWithoutForm(flow.document, triggerKind(flow))) {
        await navigate(`/flows/${flowId}#start`);
        return;
      }
      const run = await startRun.mutateAsync({ flowId, inputJson: "{}", test: false });
      await navigate(`/runs/${run.id}`);
    } catch (cause) {
      setError(cause);
    } finally {
      setBusy(false);
    }
  };
  return { isBusy, error, start };
}
