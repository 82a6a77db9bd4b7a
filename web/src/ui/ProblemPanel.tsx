import { Button } from "@mantine/core";
import type { TFunction } from "i18next";
import { useTranslation } from "react-i18next";

import { ApiProblem } from "../client/problem";
import type { Place, Problem } from "../client/types";
import { FailedIcon } from "./icons";
import classes from "./ProblemPanel.module.css";

type Words = Pick<Problem, "code" | "message" | "hint" | "place">;

/** What is wrong, what to do, and where: one panel for every problem that the server words. */
export function ProblemPanel({ problem, onRetry }: { problem: Words; onRetry?: () => void }) {
  const { t } = useTranslation();
  const place = placeParts(problem.place, t);
  return (
    <div className={classes.panel} role="alert">
      <FailedIcon className={classes.icon} />
      <div className={classes.words}>
        <p className={classes.message}>{problem.message}</p>
        {problem.hint && <p>{problem.hint}</p>}
        <p className={classes.place}>
          {place.length > 0 && <span>{place.join(" · ")}</span>}
          <code>{problem.code}</code>
        </p>
        {onRetry && (
          <Button className={classes.retry} onClick={onRetry}>
            {t("action.retry")}
          </Button>
        )}
      </div>
    </div>
  );
}

/** The same for whatever a call threw; several problems of one answer become several panels. */
export function ErrorPanel({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const { t } = useTranslation();
  const problems = wordsOf(error, t);
  return (
    <div className={classes.list}>
      {problems.map((problem, index) => (
        <ProblemPanel key={index} problem={problem} onRetry={index === problems.length - 1 ? onRetry : undefined} />
      ))}
    </div>
  );
}

function wordsOf(error: unknown, t: TFunction): Words[] {
  if (!(error instanceof ApiProblem)) {
    return [{ code: "page", message: t("problem.page.message"), hint: t("problem.page.hint"), place: {} }];
  }
  return error.list().map((problem) => {
    if (problem.message) return problem;
    const kind =
      error.status === 0
        ? "unreachable"
        : error.status === 404
          ? "notFound"
          : error.status === 403
            ? "forbidden"
            : "unknown";
    return {
      code: problem.code,
      place: problem.place,
      message: t(`problem.${kind}.message`, { code: problem.code }),
      hint: t(`problem.${kind}.hint`),
    };
  });
}

function placeParts(place: Place, t: TFunction): string[] {
  const { file, line, column, task, field, row } = place;
  const position = column === undefined ? line : `${line}:${column}`;
  return [
    file !== undefined && t("problem.place.file", { file }),
    line !== undefined && t("problem.place.line", { line: position }),
    task !== undefined && t("problem.place.task", { task }),
    field !== undefined && t("problem.place.field", { field }),
    row !== undefined && t("problem.place.row", { row }),
  ].filter((part) => part !== false);
}
