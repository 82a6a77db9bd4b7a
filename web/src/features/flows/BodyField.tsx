import { Button, Textarea } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import classes from "./flows.module.css";
import type { JsonFault } from "./input-form";

interface Props {
  value: string;
  onChange: (value: string) => void;
  fault: JsonFault | null;
  /** Whether a run of this flow usually has a body; if not, the field opens on request. */
  isExpected: boolean;
}

export function BodyField({ value, onChange, fault, isExpected }: Props) {
  const { t } = useTranslation();
  const [isOpen, setOpen] = useState(isExpected);
  if (!isOpen) {
    return (
      <div className={classes.noInputs}>
        <p className={classes.panelText}>{t("flow.noInputs")}</p>
        <Button variant="subtle" size="compact-xs" className={classes.quiet} onClick={() => setOpen(true)}>
          {t("flow.addBody")}
        </Button>
      </div>
    );
  }
  return (
    <Textarea
      label={t("flow.body")}
      description={t("flow.bodyHint", { example: "{{trigger.body.name}}", interpolation: { skipOnVariables: true } })}
      error={fault && t("input.json", { reason: fault.reason })}
      value={value}
      rows={7}
      spellCheck={false}
      autoFocus={!isExpected}
      classNames={{ input: classes.mono }}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}
