import { Button } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { flowsQuery } from "../../api/flows";
import { CodeBlock } from "../../ui/CodeBlock";
import list from "../../ui/List.module.css";
import { LoadingRows, Notice } from "../../ui/Notice";
import { Page } from "../../ui/Page";
import { ErrorPanel } from "../../ui/ProblemPanel";
import { FlowRow } from "./FlowRow";
import classes from "./flows.module.css";

export function FlowsPage() {
  const { t } = useTranslation();
  const flows = useInfiniteQuery(flowsQuery);
  const items = flows.data?.pages.flatMap((page) => page.items);
  return (
    <Page title={t("flows.title")}>
      {flows.error && <ErrorPanel error={flows.error} onRetry={() => void flows.refetch()} />}
      {flows.isPending && <LoadingRows />}
      {items?.length === 0 && <NoFlows />}
      {items && items.length > 0 && (
        <>
          <div className={`${list.head} ${classes.columns} ${classes.listHead}`} aria-hidden="true">
            <span>{t("flows.name")}</span>
            <span>{t("flows.trigger")}</span>
            <span>{t("flows.lastRun")}</span>
          </div>
          <ul className={list.list}>
            {items.map((flow) => (
              <FlowRow key={flow.id} flow={flow} />
            ))}
          </ul>
          {flows.hasNextPage && (
            <Button className={list.more} loading={flows.isFetchingNextPage} onClick={() => void flows.fetchNextPage()}>
              {t("action.more")}
            </Button>
          )}
        </>
      )}
    </Page>
  );
}

function NoFlows() {
  const { t } = useTranslation();
  return (
    <Notice title={t("flows.empty.title")}>
      <p>{t("flows.empty.text")}</p>
      <div className={classes.command}>
        <CodeBlock text="outcode import FILE.yaml" label="outcode import" />
      </div>
      <p>{t("flows.empty.after")}</p>
    </Notice>
  );
}
