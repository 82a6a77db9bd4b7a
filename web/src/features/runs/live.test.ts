import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { run } from "../../testing/samples";
import { FakeSource } from "../../testing/fake-source";
import { type Connection, followRun, type LiveEvent, newerRun, nextConnection } from "./live";

const running = run();
const done = run({ state: "done", finished_at: "2026-11-21T00:00:09Z" });

describe("nextConnection", () => {
  it.each([
    ["connecting", { type: "opened" }, "live"],
    ["connecting", { type: "run", run: running }, "live"],
    ["live", { type: "dropped" }, "reconnecting"],
    ["reconnecting", { type: "opened" }, "live"],
    ["live", { type: "run", run: done }, "ended"],
    ["ended", { type: "dropped" }, "ended"],
  ] as [Connection, LiveEvent, Connection][])("%s, %o: %s", (before, event, after) => {
    expect(nextConnection(before, event)).toBe(after);
  });
});

describe("newerRun", () => {
  it("takes what comes, but never goes back from an end", () => {
    expect(newerRun(undefined, running)).toBe(running);
    expect(newerRun(running, done)).toBe(done);
    expect(newerRun(done, running)).toBe(done);
  });
});

describe("followRun", () => {
  beforeEach(() => {
    vi.useFakeTimers();
    FakeSource.opened.length = 0;
  });
  afterEach(() => {
    vi.useRealTimers();
  });
  const follow = () => {
    const events: LiveEvent[] = [];
    const stop = followRun(
      "r1",
      (event) => events.push(event),
      (url) => new FakeSource(url),
    );
    return { events, stop };
  };

  it("tells of the run and closes at its end", () => {
    const { events } = follow();
    const source = FakeSource.last();
    expect(source.url).toBe("/api/v1/runs/r1/events");
    source.open();
    source.send(running);
    source.send(done);
    expect(events).toEqual([{ type: "opened" }, { type: "run", run: running }, { type: "run", run: done }]);
    expect(source.readyState).toBe(2);
  });

  it("leaves reconnecting to the browser while that tries", () => {
    const { events } = follow();
    FakeSource.last().drop("connecting");
    vi.advanceTimersByTime(60_000);
    expect(events).toEqual([{ type: "dropped" }]);
    expect(FakeSource.opened).toHaveLength(1);
  });

  it("reconnects by itself, ever more slowly, when the browser has given up", () => {
    const { stop } = follow();
    FakeSource.last().drop("closed");
    vi.advanceTimersByTime(1_000);
    expect(FakeSource.opened).toHaveLength(2);
    FakeSource.last().drop("closed");
    vi.advanceTimersByTime(1_999);
    expect(FakeSource.opened).toHaveLength(2);
    vi.advanceTimersByTime(1);
    expect(FakeSource.opened).toHaveLength(3);
    FakeSource.last().drop("closed");
    stop();
    vi.advanceTimersByTime(60_000);
    expect(FakeSource.opened).toHaveLength(3);
  });
});
