import { Button } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link, useRouteError } from "react-router";

import { Notice } from "../../ui/Notice";
import { Page } from "../../ui/Page";
import { ErrorPanel } from "../../ui/ProblemPanel";

export function NotFoundPage() {
  const { t } = useTranslation();
  return (
    <Page title={t("notFound.title")}>
      <Notice>
        <p>{t("notFound.text")}</p>
        <Button component={Link} to="/">
          {t("action.back")}
        </Button>
      </Notice>
    </Page>
  );
}

/** A fault in drawing a page: said plainly, with a way on. */
export function PageFault() {
  const { t } = useTranslation();
  const error = useRouteError();
  return (
    <Page title={t("problem.title")}>
      <ErrorPanel error={error} onRetry={() => window.location.reload()} />
    </Page>
  );
}
