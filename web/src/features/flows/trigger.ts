import type { TFunction } from "i18next";

import type { FlowItem } from "../../client/types";

/** A trigger comes in the plain form of the document; its kind is always there. */
export function triggerKind(flow: Pick<FlowItem, "trigger">): string {
  return String(flow.trigger.kind);
}

export function repliesWithResult(flow: Pick<FlowItem, "trigger">): boolean {
  return flow.trigger.reply === "last_task";
}

/** The word for a kind of trigger; a kind that this page does not know yet is shown as it is called. */
export function triggerLabel(kind: string, t: TFunction): string {
  switch (kind) {
    case "manual":
    case "webhook":
    case "schedule":
    case "event":
    case "api":
    case "cli":
    case "call":
      return t(`trigger.${kind}`);
    default:
      return kind;
  }
}
