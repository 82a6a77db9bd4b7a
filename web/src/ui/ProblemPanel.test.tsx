import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";

import { i18n } from "../i18n";
import { problemFrom } from "../client/problem";
import { draw } from "../testing/render";
import { problem } from "../testing/samples";
import { ErrorPanel, ProblemPanel } from "./ProblemPanel";

describe("ProblemPanel", () => {
  it("says what is wrong, what to do, where, and the code", () => {
    draw(<ProblemPanel problem={problem} />);
    const panel = screen.getByRole("alert");
    expect(panel).toHaveTextContent("Slack refused the message: channel_not_found.");
    expect(panel).toHaveTextContent("Invite the app to the channel.");
    expect(panel).toHaveTextContent("task b · field inputs.channel · row 3");
    expect(panel).toHaveTextContent("vendor_rejected");
  });

  it("names line and column of a file, in Korean too", async () => {
    await i18n.changeLanguage("ko");
    draw(<ProblemPanel problem={{ ...problem, place: { file: "flow.yaml", line: 12, column: 5 } }} />);
    expect(screen.getByRole("alert")).toHaveTextContent("파일 flow.yaml · 12:5번째 줄");
  });
});

describe("ErrorPanel", () => {
  it("shows each of several problems and offers to try again once", async () => {
    const retry = vi.fn();
    const error = problemFrom(422, {
      code: "several_problems",
      problems: [problem, { ...problem, message: "Second." }],
    });
    draw(<ErrorPanel error={error} onRetry={retry} />);
    expect(screen.getAllByRole("alert")).toHaveLength(2);
    await userEvent.click(screen.getByRole("button", { name: "Try again" }));
    expect(retry).toHaveBeenCalledOnce();
  });

  it.each([
    [0, "The server does not answer."],
    [403, "You may not do this."],
    [404, "This does not exist, or belongs to another team."],
    [502, "The server gave an answer that this page cannot read (http_502)."],
  ])("has words of its own for a bare %i", (status, words) => {
    draw(<ErrorPanel error={problemFrom(status, "<html>")} />);
    expect(screen.getByRole("alert")).toHaveTextContent(words);
  });
});
