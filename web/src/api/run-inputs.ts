/** What runs started from this browser tab were given, so that *Run again* can give the same. */
import { ofTab, recall, remember } from "../storage";

const PREFIX = "outcode.input.";
const LONGEST = 200_000;

export function rememberInput(runId: string, inputJson: string): void {
  if (inputJson.length <= LONGEST) remember(ofTab, PREFIX + runId, inputJson);
}

export function rememberedInput(runId: string): string | null {
  return recall(ofTab, PREFIX + runId);
}
