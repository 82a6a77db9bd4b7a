import type { ReactNode } from "react";

import classes from "./FieldGrid.module.css";

/** Names and values in columns, as a description list. */
export function FieldGrid({ fields }: { fields: { name: string; value: ReactNode }[] }) {
  return (
    <dl className={classes.grid}>
      {fields.map((field) => (
        <div key={field.name} className={classes.field}>
          <dt>{field.name}</dt>
          <dd>{field.value}</dd>
        </div>
      ))}
    </dl>
  );
}
