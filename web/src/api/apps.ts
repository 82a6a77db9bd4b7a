import { queryOptions } from "@tanstack/react-query";

import { answerOf, client } from "../client/api";

export const appKeys = { list: ["apps"] as const };

export const appsQuery = queryOptions({
  queryKey: appKeys.list,
  queryFn: ({ signal }) => answerOf(client.GET("/api/v1/apps", { signal })),
  staleTime: Number.POSITIVE_INFINITY,
});
