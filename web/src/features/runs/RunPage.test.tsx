import { act, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { rememberInput } from "../../api/run-inputs";
import { FakeSource } from "../../testing/fake-source";
import { draw } from "../../testing/render";
import { problem, run, task } from "../../testing/samples";
import { serve } from "../../testing/server";
import { RunPage } from "./RunPage";

const done = run({
  state: "done",
  finished_at: "2026-11-21T00:00:09Z",
  tasks: [task("a", { state: "done", has_result: true, rows_total: 10, rows_done: 10, rows_failed: 0 })],
});
const result = '{"value":[{"id":12345678901234567890}],"meta":null,"rows":1240,"truncated":true,"failures":[]}';

function drawRun() {
  return draw(<RunPage />, { path: "/runs/:runId", at: "/runs/r1" });
}

describe("RunPage", () => {
  beforeEach(() => {
    FakeSource.opened.length = 0;
    vi.stubGlobal("EventSource", FakeSource);
  });
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  it("follows a run by its events to the end", async () => {
    let current = run();
    serve({
      "GET /api/v1/runs/r1": () => ({ body: current }),
      "GET /api/v1/runs/r1/tasks/a/result": { body: result },
    });
    drawRun();
    expect(await screen.findByText("4 of 10 rows")).toBeVisible();
    expect(screen.getByText("1 failed")).toBeVisible();

    const source = FakeSource.last();
    act(() => source.open());
    expect(screen.getByText("Live")).toBeVisible();
    act(() =>
      source.send(run({ tasks: [task("a", { state: "running", rows_total: 10, rows_done: 8, rows_failed: 1 })] })),
    );
    expect(screen.getByText("8 of 10 rows")).toBeVisible();

    act(() => source.drop("connecting"));
    expect(screen.getByText(/Reconnecting; the run goes on/)).toBeVisible();

    current = done;
    act(() => source.send(done));
    expect(await screen.findByText("12345678901234567890")).toBeVisible();
    expect(screen.getByText("First 1 of 1,240 rows")).toBeVisible();
    expect(screen.queryByText(/Reconnecting/)).not.toBeInTheDocument();
    expect(screen.getByRole("button", { name: "Run again" })).toBeVisible();
  });

  it("cancels while it runs", async () => {
    const calls = serve({
      "GET /api/v1/runs/r1": { body: run() },
      "POST /api/v1/runs/r1/cancel": { status: 202, body: run() },
    });
    drawRun();
    await userEvent.click(await screen.findByRole("button", { name: "Cancel run" }));
    expect(await screen.findByRole("button", { name: "Cancelling…" })).toBeDisabled();
    expect(calls.some((call) => call.method === "POST" && call.path === "/api/v1/runs/r1/cancel")).toBe(true);
  });

  it("opens at the task that failed, with its problem", async () => {
    const tasks = [task("a", { state: "done" }), task("b", { state: "failed", error: problem })];
    serve({ "GET /api/v1/runs/r1": { body: run({ ...done, state: "failed", error: problem, tasks }) } });
    drawRun();
    expect(await screen.findByRole("alert")).toHaveTextContent(problem.message);
    const steps = within(screen.getByRole("list")).getAllByRole("button");
    expect(steps.map((step) => step.getAttribute("aria-current"))).toEqual([null, "true"]);
  });

  it("shows a result as JSON on request", async () => {
    serve({
      "GET /api/v1/runs/r1": { body: done },
      "GET /api/v1/runs/r1/tasks/a/result": { body: result },
    });
    drawRun();
    await userEvent.click(await screen.findByRole("tab", { name: "JSON" }));
    expect(screen.getByLabelText("JSON", { selector: "pre" })).toHaveTextContent('[ { "id": 12345678901234567890 } ]');
  });

  it("runs again with the same input, when this tab gave it", async () => {
    const calls = serve({
      "GET /api/v1/runs/r1": { body: { ...done, test: true } },
      "GET /api/v1/runs/r1/tasks/a/result": { body: result },
      "POST /api/v1/flows/f1/runs": { status: 202, body: { ...done, id: "r2" } },
      "GET /api/v1/runs/r2": { body: { ...done, id: "r2" } },
    });
    rememberInput("r1", '{"n":12345678901234567890}');
    const { router } = drawRun();
    await userEvent.click(await screen.findByRole("button", { name: "Run again" }));
    await waitFor(() => expect(router.state.location.pathname).toBe("/runs/r2"));
    expect(calls.find((call) => call.method === "POST")?.body).toBe('{"input":{"n":12345678901234567890},"test":true}');
  });
  it("leads to the form of the flow when it does not know the input", async () => {
    serve({
      "GET /api/v1/runs/r1": { body: done },
      "GET /api/v1/runs/r1/tasks/a/result": { body: result },
    });
    const { router } = drawRun();
    await userEvent.click(await screen.findByRole("button", { name: "Run again" }));
    await waitFor(() => expect(router.state.location.pathname + router.state.location.hash).toBe("/flows/f1#start"));
  });
});
