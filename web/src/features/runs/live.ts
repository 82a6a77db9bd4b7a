/** Following a run by server-sent events: the rules (pure) and the connection (with its source handed in). */
import { isUnfinished } from "../../api/runs";
import type { Run } from "../../client/types";

export type Connection = "connecting" | "live" | "reconnecting" | "ended";

export type LiveEvent = { type: "opened" } | { type: "run"; run: Run } | { type: "dropped" };

/** Once the run has ended nothing more is to come, whatever the connection does. */
export function nextConnection(connection: Connection, event: LiveEvent): Connection {
  if (connection === "ended") return "ended";
  switch (event.type) {
    case "opened":
      return "live";
    case "run":
      return isUnfinished(event.run.state) ? "live" : "ended";
    case "dropped":
      return "reconnecting";
  }
}

/** An event may be older than an answer fetched meanwhile: an ended run never goes back to running. */
export function newerRun(known: Run | undefined, incoming: Run): Run {
  return known && !isUnfinished(known.state) && isUnfinished(incoming.state) ? known : incoming;
}

/** What we use of an EventSource. */
export interface Source {
  readonly readyState: number;
  onopen: ((event: Event) => void) | null;
  onerror: ((event: Event) => void) | null;
  addEventListener(type: "run", listener: (event: MessageEvent<string>) => void): void;
  close(): void;
}

const CLOSED = 2;
const SHORTEST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 15_000;

/**
 * Tells `onEvent` of the run until it ends or the returned function is called. A browser reconnects by itself after a
 * broken connection but gives up after an error answer (a proxy's 502 while the server restarts): then we reconnect.
 */
export function followRun(runId: string, onEvent: (event: LiveEvent) => void, open = openEventSource): () => void {
  let source: Source;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let wait = SHORTEST_WAIT_MS;

  const stop = () => {
    clearTimeout(timer);
    source.close();
  };
  const connect = () => {
    source = open(`/api/v1/runs/${encodeURIComponent(runId)}/events`);
    source.onopen = () => {
      wait = SHORTEST_WAIT_MS;
      onEvent({ type: "opened" });
    };
    source.addEventListener("run", (message) => {
      const run = JSON.parse(message.data) as Run;
      if (!isUnfinished(run.state)) stop();
      onEvent({ type: "run", run });
    });
    source.onerror = () => {
      onEvent({ type: "dropped" });
      if (source.readyState !== CLOSED) return;
      timer = setTimeout(connect, wait);
      wait = Math.min(wait * 2, LONGEST_WAIT_MS);
    };
  };
  connect();
  return stop;
}

function openEventSource(url: string): Source {
  return new EventSource(url);
}
