import type { Flow, Problem, Run, TaskRun } from "../client/types";

export const problem: Problem = {
  kind: "vendor_rejected",
  code: "vendor_rejected",
  message: "Slack refused the message: channel_not_found.",
  hint: "Invite the app to the channel.",
  place: { task: "b", field: "inputs.channel", row: 3 },
  details: {},
};

export function task(letter: string, more: Partial<TaskRun> = {}): TaskRun {
  return {
    letter,
    name: `Task ${letter}`,
    app: "http",
    action: "request",
    state: "waiting",
    started_at: null,
    finished_at: null,
    rows_total: null,
    rows_done: null,
    rows_failed: null,
    error: null,
    attempt: 1,
    reason: null,
    waiting_for: null,
    has_result: false,
    has_calls: false,
    ...more,
  };
}

export function run(more: Partial<Run> = {}): Run {
  return {
    id: "r1",
    flow_id: "f1",
    flow_name: "Orders",
    trigger: "manual",
    test: false,
    state: "running",
    waiting_for: null,
    error: null,
    queued_at: "2026-11-21T00:00:00Z",
    started_at: "2026-11-21T00:00:01Z",
    finished_at: null,
    version: 2,
    counted: true,
    parent_id: null,
    origin_id: null,
    tasks: [task("a", { state: "running", rows_total: 10, rows_done: 4, rows_failed: 1 }), task("b")],
    ...more,
  };
}

export function flow(more: Partial<Flow> = {}): Flow {
  return {
    id: "f1",
    kind: "dataflow",
    name: "Orders",
    trigger: { kind: "webhook", name: "orders", reply: "at_once" },
    webhook_url: "http://localhost:3000/hooks/acme/orders",
    active: true,
    version: 2,
    published_version: 2,
    published_at: "2026-11-20T00:00:00Z",
    updated_at: "2026-11-20T00:00:00Z",
    last_run: null,
    document: { tasks: { b: { app: "slack", action: "send", name: "Tell" }, a: { app: "http", action: "request" } } },
    ...more,
  };
}
