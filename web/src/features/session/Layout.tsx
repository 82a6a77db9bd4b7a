import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link, Outlet, ScrollRestoration } from "react-router";

import { meQuery } from "../../api/session";
import { isNotSignedIn } from "../../client/problem";
import { LoadingRows } from "../../ui/Notice";
import { Page } from "../../ui/Page";
import { ErrorPanel } from "../../ui/ProblemPanel";
import mark from "../../ui/mark.svg";
import classes from "./Layout.module.css";
import { NotSignedIn } from "./NotSignedIn";
import { LanguageMenu, ThemeMenu } from "./Preferences";

/** The frame around every page: who and where you are, language and theme. */
export function Layout() {
  const { t } = useTranslation();
  const me = useQuery(meQuery);
  return (
    <>
      <a className={classes.skip} href="#content">
        {t("skip")}
      </a>
      <header className={classes.header}>
        <Link to="/" className={classes.home}>
          <img src={mark} alt="" width={20} height={20} />
          {t("product")}
        </Link>
        {me.data && (
          <p className={classes.team}>
            <span>{me.data.organization.name}</span>
            <span aria-hidden="true">/</span>
            <strong>{me.data.team.name}</strong>
          </p>
        )}
        <div className={classes.preferences}>
          <LanguageMenu />
          <ThemeMenu />
        </div>
      </header>
      <main id="content" tabIndex={-1} className={classes.content}>
        {me.data && !isNotSignedIn(me.error) ? (
          <Outlet />
        ) : isNotSignedIn(me.error) ? (
          <NotSignedIn />
        ) : me.error ? (
          <Page title={t("problem.title")}>
            <ErrorPanel error={me.error} onRetry={() => void me.refetch()} />
          </Page>
        ) : (
          <Page title={t("loading")}>
            <LoadingRows />
          </Page>
        )}
      </main>
      <ScrollRestoration />
    </>
  );
}
