import { queryOptions } from "@tanstack/react-query";

import { answerOf, client } from "../client/api";

export const sessionKeys = { me: ["me"] as const };

export const meQuery = queryOptions({
  queryKey: sessionKeys.me,
  queryFn: ({ signal }) => answerOf(client.GET("/api/v1/me", { signal })),
  staleTime: 5 * 60_000,
});
