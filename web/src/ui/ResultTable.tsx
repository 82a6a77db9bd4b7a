import { Anchor } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { Json, JsonObject } from "../client/exact";
import { DownloadIcon } from "./icons";
import { cellText, columnsOf, isNumber, storedFile } from "./json-value";
import classes from "./ResultTable.module.css";

const MOST_ROWS = 200;

/** Rows under their columns; scrolls inside itself, by keyboard too. */
export function ResultTable({ rows, label }: { rows: JsonObject[]; label: string }) {
  const columns = columnsOf(rows);
  const numeric = new Set(
    columns.filter((column) => rows.every((row) => row[column] == null || isNumber(row[column]))),
  );
  return (
    <div className={classes.frame} tabIndex={0} role="region" aria-label={label}>
      <table className={classes.table}>
        <thead>
          <tr>
            <th scope="col" className={classes.number} aria-label="#" />
            {columns.map((column) => (
              <th key={column} scope="col" data-numeric={numeric.has(column) || undefined}>
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, MOST_ROWS).map((row, index) => (
            <tr key={index}>
              <th scope="row" className={classes.number}>
                {index + 1}
              </th>
              {columns.map((column) => (
                <td key={column} data-numeric={numeric.has(column) || undefined}>
                  <Cell value={row[column]} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** An object's keys and values. */
export function KeyValueTable({ value, label }: { value: JsonObject; label: string }) {
  return (
    <div className={classes.frame} tabIndex={0} role="region" aria-label={label}>
      <table className={classes.table} data-keys>
        <tbody>
          {Object.entries(value).map(([key, item]) => (
            <tr key={key}>
              <th scope="row">{key}</th>
              <td>
                <Cell value={item} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** One value; what is missing stays blank, null is dimmed, a file can be downloaded. */
export function Cell({ value }: { value: Json | undefined }) {
  if (value === undefined) return null;
  if (value === null) return <span className={classes.nothing}>null</span>;
  const file = storedFile(value);
  if (file) return <FileLink {...file} />;
  const text = cellText(value);
  const structured = typeof value === "object" && !isNumber(value);
  return (
    <span className={structured ? classes.structure : classes.text} title={text.length > 40 ? text : undefined}>
      {text}
    </span>
  );
}

function FileLink({ fileId, name, size }: { fileId: string; name: string; size: number }) {
  const { t, i18n } = useTranslation();
  return (
    <Anchor
      className={classes.file}
      href={`/api/v1/files/${encodeURIComponent(fileId)}`}
      download={name}
      aria-label={t("action.download", { name })}
    >
      <DownloadIcon size={14} />
      {name}
      <span className={classes.nothing}>{fileSize(size, i18n.language)}</span>
    </Anchor>
  );
}

function fileSize(bytes: number, language: string): string {
  const [unit, size] = bytes < 1000 ? ["byte", 1] : bytes < 1_000_000 ? ["kilobyte", 1000] : ["megabyte", 1_000_000];
  return new Intl.NumberFormat(language, {
    style: "unit",
    unit: String(unit),
    unitDisplay: "short",
    maximumFractionDigits: 1,
  }).format(bytes / Number(size));
}
