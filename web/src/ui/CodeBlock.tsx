import { CopyButton } from "./CopyButton";
import classes from "./CodeBlock.module.css";

/** Text to read or copy; scrolls inside itself, by keyboard too. */
export function CodeBlock({ text, label, wrap = false }: { text: string; label: string; wrap?: boolean }) {
  return (
    <div className={classes.frame}>
      <pre className={classes.code} data-wrap={wrap || undefined} tabIndex={0} aria-label={label}>
        {text}
      </pre>
      <div className={classes.copy}>
        <CopyButton value={text} />
      </div>
    </div>
  );
}
