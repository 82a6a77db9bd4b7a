import { useEffect } from "react";
import { useTranslation } from "react-i18next";

import { CodeBlock } from "../../ui/CodeBlock";
import classes from "./Layout.module.css";

export function NotSignedIn() {
  const { t } = useTranslation();
  const title = t("signIn.title");
  useEffect(() => {
    document.title = `${title} · ${t("product")}`;
  }, [title, t]);
  return (
    <div className={classes.panel}>
      <h1>{title}</h1>
      <p>{t("signIn.text")}</p>
      <p>{t("signIn.how")}</p>
      <div className={classes.commands}>
        <CodeBlock text="outcode link" label="outcode link" />
      </div>
      <p>{t("signIn.again")}</p>
    </div>
  );
}
