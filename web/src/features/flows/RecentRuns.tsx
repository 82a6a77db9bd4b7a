import { Badge, Button } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { isUnfinished, runsQuery } from "../../api/runs";
import list from "../../ui/List.module.css";
import { LoadingRows, Notice } from "../../ui/Notice";
import { ErrorPanel } from "../../ui/ProblemPanel";
import { StateBadge } from "../../ui/StateBadge";
import { Ago, Duration } from "../../ui/Time";
import classes from "./flows.module.css";
import { triggerLabel } from "./trigger";

export function RecentRuns({ flowId }: { flowId: string }) {
  const { t } = useTranslation();
  const runs = useInfiniteQuery(runsQuery(flowId));
  if (runs.isPending) return <LoadingRows rows={3} />;
  const items = runs.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <>
      {runs.error && <ErrorPanel error={runs.error} onRetry={() => void runs.refetch()} />}
      {items.length === 0 && !runs.error && (
        <Notice>
          <p>{t("flow.noRuns")}</p>
        </Notice>
      )}
      {items.length > 0 && (
        <ul className={list.list}>
          {items.map((run) => (
            <li key={run.id} className={`${list.row} ${classes.runRow}`}>
              <Link className={list.link} to={`/runs/${run.id}`}>
                <StateBadge state={run.state} />
              </Link>
              <span className={list.muted}>
                {triggerLabel(run.trigger, t)}
                {run.test && (
                  <Badge size="xs" variant="default" ml={8}>
                    {t("run.test")}
                  </Badge>
                )}
              </span>
              <span className={list.muted}>
                <Ago at={run.queued_at} />
              </span>
              <span className={`${list.muted} ${classes.right}`}>
                <Duration from={run.started_at} to={run.finished_at} ticking={isUnfinished(run.state)} />
              </span>
            </li>
          ))}
        </ul>
      )}
      {runs.hasNextPage && (
        <Button className={list.more} loading={runs.isFetchingNextPage} onClick={() => void runs.fetchNextPage()}>
          {t("action.more")}
        </Button>
      )}
    </>
  );
}
