import { useTranslation } from "react-i18next";

import type { RunState, TaskState } from "../client/types";
import { CancelledIcon, DoneIcon, FailedIcon, RunningIcon, SkippedIcon, UnknownIcon, WaitingIcon } from "./icons";
import classes from "./StateBadge.module.css";

export type State = RunState | TaskState;

const ICONS = {
  waiting: WaitingIcon,
  running: RunningIcon,
  done: DoneIcon,
  failed: FailedIcon,
  crashed: FailedIcon,
  cancelled: CancelledIcon,
  skipped: SkippedIcon,
  unknown: UnknownIcon,
} satisfies Record<State, unknown>;

/** A state as icon and word; `compact` leaves the word to screen readers and the tooltip. */
export function StateBadge({ state, compact = false }: { state: State; compact?: boolean }) {
  const { t } = useTranslation();
  const Icon = ICONS[state];
  const word = t(`state.${state}`);
  return (
    <span className={classes.badge} data-state={state} title={compact ? word : undefined}>
      <Icon className={classes.icon} />
      <span className={compact ? classes.hidden : undefined}>{word}</span>
    </span>
  );
}
