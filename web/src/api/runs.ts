import { infiniteQueryOptions, queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";

import { answerOf, client } from "../client/api";
import { type Json, parseExact } from "../client/exact";
import type { Run, RunState, TaskResult, TaskState } from "../client/types";
import { flowKeys } from "./flows";
import { rememberInput } from "./run-inputs";

const PAGE_SIZE = 20;
const WATCH_EVERY_MS = 3_000;

export const runKeys = {
  all: ["runs"] as const,
  list: (flowId: string) => [...runKeys.all, "list", flowId] as const,
  detail: (id: string) => [...runKeys.all, "detail", id] as const,
  result: (id: string, letter: string, state: TaskState) => [...runKeys.all, "result", id, letter, state] as const,
};

export type ExactResult = Omit<TaskResult, "value" | "meta"> & { value: Json; meta: Json };

export function isUnfinished(state: RunState): boolean {
  return state === "waiting" || state === "running";
}

export const runsQuery = (flowId: string) =>
  infiniteQueryOptions({
    queryKey: runKeys.list(flowId),
    queryFn: ({ signal, pageParam }) =>
      answerOf(
        client.GET("/api/v1/runs", {
          signal,
          params: { query: { flow_id: flowId, limit: PAGE_SIZE, cursor: pageParam ?? undefined } },
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    refetchInterval: (query) => {
      const runs = query.state.data?.pages.flatMap((page) => page.items) ?? [];
      return runs.some((run) => isUnfinished(run.state)) ? WATCH_EVERY_MS : false;
    },
  });

export const runQuery = (id: string) =>
  queryOptions({
    queryKey: runKeys.detail(id),
    queryFn: ({ signal }) => answerOf(client.GET("/api/v1/runs/{id}", { signal, params: { path: { id } } })),
  });

/** The state is part of the key: a task that has ended may have more to show than while it ran. */
export const resultQuery = (id: string, letter: string, state: TaskState) =>
  queryOptions({
    queryKey: runKeys.result(id, letter, state),
    queryFn: async ({ signal }) => {
      const text = await answerOf(
        client.GET("/api/v1/runs/{id}/tasks/{letter}/result", {
          signal,
          params: { path: { id, letter } },
          parseAs: "text",
        }),
      );
      return parseExact(text) as unknown as ExactResult;
    },
  });

export interface RunStart {
  flowId: string;
  /** The input as JSON text, sent as it stands so that no digit is lost. */
  inputJson: string;
  test: boolean;
}

export function useStartRun() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ flowId, inputJson, test }: RunStart): Promise<Run> =>
      answerOf(
        client.POST("/api/v1/flows/{id}/runs", {
          params: { path: { id: flowId } },
          body: { input: {}, test },
          bodySerializer: () => `{"input":${inputJson},"test":${test}}`,
        }),
      ),
    onSuccess: (run, { flowId, inputJson }) => {
      rememberInput(run.id, inputJson);
      queries.setQueryData(runKeys.detail(run.id), run);
      void queries.invalidateQueries({ queryKey: runKeys.list(flowId) });
      void queries.invalidateQueries({ queryKey: flowKeys.list() });
    },
  });
}

export function useCancelRun(id: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: () => answerOf(client.POST("/api/v1/runs/{id}/cancel", { params: { path: { id } } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: runKeys.detail(id) }),
  });
}
