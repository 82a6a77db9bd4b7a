import { Button } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";

import { rememberedInput } from "../../api/run-inputs";
import { isUnfinished, useCancelRun, useStartRun } from "../../api/runs";
import type { Run } from "../../client/types";
import { RepeatIcon, StopIcon } from "../../ui/icons";
import { ErrorPanel } from "../../ui/ProblemPanel";
import classes from "./runs.module.css";

/** Stop what runs; run again what has ended. */
export function RunActions({ run }: { run: Run }) {
  const { t } = useTranslation();
  const cancel = useCancelRun(run.id);
  const error = cancel.error;
  if (isUnfinished(run.state)) {
    return (
      <div className={classes.actions}>
        <Button
          leftSection={<StopIcon size={12} />}
          disabled={cancel.isPending || cancel.isSuccess}
          onClick={() => cancel.mutate()}
        >
          {cancel.isPending || cancel.isSuccess ? t("run.cancelling") : t("action.cancel")}
        </Button>
        {error && <ErrorPanel error={error} />}
      </div>
    );
  }
  return run.flow_id === null ? null : <RunAgain run={run} flowId={run.flow_id} />;
}

/** With the same input when this tab knows it, else by the flow's form. */
function RunAgain({ run, flowId }: { run: Run; flowId: string }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const start = useStartRun();
  const again = () => {
    const inputJson = rememberedInput(run.id);
    if (inputJson === null) {
      void navigate(`/flows/${flowId}#start`);
      return;
    }
    start.mutate({ flowId, inputJson, test: run.test }, { onSuccess: (next) => void navigate(`/runs/${next.id}`) });
  };
  return (
    <div className={classes.actions}>
      <Button leftSection={<RepeatIcon size={13} />} loading={start.isPending} onClick={again}>
        {t("action.runAgain")}
      </Button>
      {start.error && <ErrorPanel error={start.error} />}
    </div>
  );
}
