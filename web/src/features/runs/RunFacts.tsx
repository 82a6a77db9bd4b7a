import { useTranslation } from "react-i18next";

import { isUnfinished } from "../../api/runs";
import type { Run } from "../../client/types";
import { CopyButton } from "../../ui/CopyButton";
import { FieldGrid } from "../../ui/FieldGrid";
import { At, Duration } from "../../ui/Time";
import { triggerLabel } from "../flows/trigger";
import classes from "./runs.module.css";

export function RunFacts({ run }: { run: Run }) {
  const { t } = useTranslation();
  return (
    <div className={classes.facts}>
      <FieldGrid
        fields={[
          { name: t("run.trigger"), value: triggerLabel(run.trigger, t) },
          { name: t("run.queued"), value: <At at={run.queued_at} /> },
          { name: t("run.started"), value: <At at={run.started_at} /> },
          { name: t("run.finished"), value: <At at={run.finished_at} /> },
          {
            name: t("run.duration"),
            value: <Duration from={run.started_at} to={run.finished_at} ticking={isUnfinished(run.state)} />,
          },
          {
            name: t("run.id"),
            value: (
              <span className={classes.id}>
                <code title={run.id}>{run.id.length > 13 ? `${run.id.slice(0, 8)}…` : run.id}</code>
                <CopyButton value={run.id} />
              </span>
            ),
          },
        ]}
      />
    </div>
  );
}
