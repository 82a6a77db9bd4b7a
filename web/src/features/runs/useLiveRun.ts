import { type QueryClient, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useReducer } from "react";

import { flowKeys } from "../../api/flows";
import { isUnfinished, runKeys, runQuery } from "../../api/runs";
import type { Run } from "../../client/types";
import { followRun, newerRun, nextConnection } from "./live";

const POLL_EVERY_MS = 3_000;

/** The run, kept up to date by events; by asking again while events do not arrive. */
export function useLiveRun(runId: string) {
  const queries = useQueryClient();
  const [connection, report] = useReducer(nextConnection, "connecting");
  const query = useQuery({
    ...runQuery(runId),
    refetchInterval: (current) =>
      connection !== "live" && current.state.data && isUnfinished(current.state.data.state) ? POLL_EVERY_MS : false,
  });
  const isFollowed = query.data !== undefined && isUnfinished(query.data.state);

  useEffect(() => {
    if (!isFollowed) return;
    return followRun(runId, (event) => {
      report(event);
      if (event.type === "run") keep(queries, event.run);
    });
  }, [isFollowed, queries, runId]);

  return { query, connection };
}

function keep(queries: QueryClient, run: Run): void {
  queries.setQueryData(runKeys.detail(run.id), (known: Run | undefined) => newerRun(known, run));
  if (isUnfinished(run.state)) return;
  // Events speak the browser's language; asked again, the run's problems come in the chosen one.
  void queries.invalidateQueries({ queryKey: runKeys.detail(run.id) });
  void queries.invalidateQueries({ queryKey: flowKeys.list() });
  if (run.flow_id !== null) void queries.invalidateQueries({ queryKey: runKeys.list(run.flow_id) });
}
