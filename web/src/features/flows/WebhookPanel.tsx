import { useTranslation } from "react-i18next";

import { CodeBlock } from "../../ui/CodeBlock";
import type { DeclaredInput } from "./document";
import { sampleBody } from "./document";
import classes from "./flows.module.css";
import { absoluteUrl, curlLine } from "./webhook";

interface Props {
  url: string;
  repliesWithResult: boolean;
  inputs: DeclaredInput[];
}

export function WebhookPanel({ url, repliesWithResult, inputs }: Props) {
  const { t } = useTranslation();
  const body = inputs.length > 0 ? sampleBody(inputs) : '{"name": "Kim"}';
  return (
    <div className={classes.panel}>
      <p className={classes.panelText}>
        {t("flow.webhookText")} {t(repliesWithResult ? "flow.replyLastTask" : "flow.replyAtOnce")}
      </p>
      <div>
        <p className={classes.label}>{t("flow.webhookUrl")}</p>
        <CodeBlock text={absoluteUrl(url)} label={t("flow.webhookUrl")} wrap />
      </div>
      <div>
        <p className={classes.label}>{t("flow.webhookCurl")}</p>
        <CodeBlock text={curlLine(url, body)} label={t("flow.webhookCurl")} />
      </div>
    </div>
  );
}
