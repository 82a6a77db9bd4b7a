import { Tabs } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { ExactResult } from "../../api/runs";
import { formatExact, isObject } from "../../client/exact";
import { CodeBlock } from "../../ui/CodeBlock";
import { rowsOf, storedFile } from "../../ui/json-value";
import { Notice } from "../../ui/Notice";
import { Cell, KeyValueTable, ResultTable } from "../../ui/ResultTable";
import classes from "./runs.module.css";

/** A result as a table and as JSON. */
export function ResultView({ result }: { result: ExactResult }) {
  const { t } = useTranslation();
  return (
    <Tabs defaultValue="table" variant="none" classNames={{ list: classes.tabs, tab: classes.tab }}>
      <div className={classes.resultBar}>
        <Tabs.List aria-label={t("result.views")}>
          <Tabs.Tab value="table">{t("result.table")}</Tabs.Tab>
          <Tabs.Tab value="json">{t("result.json")}</Tabs.Tab>
        </Tabs.List>
        <Count result={result} />
      </div>
      <Tabs.Panel value="table">
        <AsTable result={result} />
      </Tabs.Panel>
      <Tabs.Panel value="json">
        <CodeBlock text={formatExact(result.value)} label={t("result.json")} />
      </Tabs.Panel>
    </Tabs>
  );
}

function Count({ result: { value, rows, truncated } }: { result: ExactResult }) {
  const { t, i18n } = useTranslation();
  if (!Array.isArray(value)) return null;
  const number = new Intl.NumberFormat(i18n.language);
  const count = rows ?? value.length;
  const total = number.format(count);
  return (
    <span className={classes.count}>
      {truncated
        ? t("result.truncated", { shown: number.format(value.length), total })
        : t("result.rows", { count, total })}
    </span>
  );
}

function AsTable({ result: { value } }: { result: ExactResult }) {
  const { t } = useTranslation();
  const label = t("result.title");
  const rows = rowsOf(value);
  if (rows) return <ResultTable rows={rows} label={label} />;
  if (Array.isArray(value)) {
    return value.length === 0 ? (
      <Notice>
        <p>{t("result.empty")}</p>
      </Notice>
    ) : (
      <ResultTable rows={value.map((item) => ({ [t("result.value")]: item }))} label={label} />
    );
  }
  if (isObject(value) && !storedFile(value)) {
    return Object.keys(value).length === 0 ? (
      <Notice>
        <p>{t("result.emptyObject")}</p>
      </Notice>
    ) : (
      <KeyValueTable value={value} label={label} />
    );
  }
  return (
    <div className={classes.single}>
      <Cell value={value} />
    </div>
  );
}
