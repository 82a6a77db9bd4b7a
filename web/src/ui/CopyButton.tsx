import { ActionIcon, Tooltip } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import { useTranslation } from "react-i18next";

import { CheckIcon, CopyIcon } from "./icons";

/** Copies `value`; says so for two seconds, to the eye and to screen readers. */
export function CopyButton({ value, label }: { value: string; label?: string }) {
  const { t } = useTranslation();
  const clipboard = useClipboard({ timeout: 2000 });
  const words = clipboard.copied ? t("action.copied") : (label ?? t("action.copy"));
  return (
    <Tooltip label={words}>
      <ActionIcon aria-label={words} size="sm" onClick={() => clipboard.copy(value)}>
        {clipboard.copied ? <CheckIcon size={14} /> : <CopyIcon size={14} />}
        <span role="status" hidden={!clipboard.copied} />
      </ActionIcon>
    </Tooltip>
  );
}
