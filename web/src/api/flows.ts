import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";

import { answerOf, client } from "../client/api";
import { type Json, parseExact } from "../client/exact";
import type { Flow } from "../client/types";
import { isUnfinished } from "./runs";

const PAGE_SIZE = 50;
const WATCH_EVERY_MS = 3_000;

export const flowKeys = {
  all: ["flows"] as const,
  list: () => [...flowKeys.all, "list"] as const,
  detail: (id: string) => [...flowKeys.all, "detail", id] as const,
};

/** A flow whose document keeps the digits of its numbers, such as those of inputs' defaults. */
export type ExactFlow = Omit<Flow, "document"> & { document: Json };

export const flowsQuery = infiniteQueryOptions({
  queryKey: flowKeys.list(),
  queryFn: ({ signal, pageParam }) =>
    answerOf(
      client.GET("/api/v1/flows", { signal, params: { query: { limit: PAGE_SIZE, cursor: pageParam ?? undefined } } }),
    ),
  initialPageParam: null as string | null,
  getNextPageParam: (page) => page.next_cursor,
  refetchInterval: (query) => {
    const flows = query.state.data?.pages.flatMap((page) => page.items) ?? [];
    return flows.some((flow) => flow.last_run && isUnfinished(flow.last_run.state)) ? WATCH_EVERY_MS : false;
  },
});

export const flowQuery = (id: string) =>
  queryOptions({
    queryKey: flowKeys.detail(id),
    queryFn: async ({ signal }) => {
      const text = await answerOf(
        client.GET("/api/v1/flows/{id}", { signal, params: { path: { id } }, parseAs: "text" }),
      );
      return parseExact(text) as unknown as ExactFlow;
    },
  });
