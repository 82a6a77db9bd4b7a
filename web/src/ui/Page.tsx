import { type ReactNode, useEffect } from "react";
import { Link } from "react-router";
import { useTranslation } from "react-i18next";

import { ChevronIcon } from "./icons";
import classes from "./Page.module.css";

interface Props {
  title: string;
  /** For the browser's tab, where the title alone would say too little. */
  tabTitle?: string;
  /** Shown above the title: where this page stands. */
  trail?: { label: string; to: string }[];
  /** Beside the title, small. */
  aside?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}

export function Page({ title, tabTitle = title, trail = [], aside, actions, children }: Props) {
  const { t } = useTranslation();
  useEffect(() => {
    document.title = `${tabTitle} · ${t("product")}`;
  }, [tabTitle, t]);
  return (
    <div className={classes.page}>
      {trail.length > 0 && (
        <nav className={classes.trail}>
          {trail.map((step, index) => (
            <span key={step.to} className={classes.step}>
              {index > 0 && <ChevronIcon size={12} />}
              <Link to={step.to}>{step.label}</Link>
            </span>
          ))}
        </nav>
      )}
      <header className={classes.header}>
        <div className={classes.heading}>
          <h1>{title}</h1>
          {aside}
        </div>
        {actions && <div className={classes.actions}>{actions}</div>}
      </header>
      {children}
    </div>
  );
}

export function Section({ title, aside, children }: { title: string; aside?: ReactNode; children: ReactNode }) {
  return (
    <section className={classes.section}>
      <div className={classes.sectionHeader}>
        <h2>{title}</h2>
        {aside && <div className={classes.sectionAside}>{aside}</div>}
      </div>
      {children}
    </section>
  );
}
