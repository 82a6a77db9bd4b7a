import { screen } from "@testing-library/react";
import { describe, expect, it } from "vitest";

import { i18n } from "../i18n";
import { draw } from "../testing/render";
import { StateBadge } from "./StateBadge";

describe("StateBadge", () => {
  it.each([
    ["waiting", "Waiting"],
    ["running", "Running"],
    ["done", "Done"],
    ["failed", "Failed"],
    ["crashed", "Crashed"],
    ["cancelled", "Cancelled"],
    ["skipped", "Skipped"],
    ["unknown", "Unknown"],
  ] as const)("says %s in words, not by colour alone", (state, word) => {
    draw(<StateBadge state={state} />);
    expect(screen.getByText(word)).toBeVisible();
  });

  it("speaks Korean, and keeps its word for screen readers when compact", async () => {
    await i18n.changeLanguage("ko");
    draw(<StateBadge state="failed" compact />);
    expect(screen.getByText("실패")).toBeInTheDocument();
    expect(screen.getByTitle("실패")).toBeInTheDocument();
  });
});
