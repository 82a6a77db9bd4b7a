import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query";

import { sessionKeys } from "./api/session";
import { ApiProblem, isNotSignedIn } from "./client/problem";

const TRIES = 2;

export function makeQueryClient(): QueryClient {
  // A session that ended shows at once; 403 is an answer to read and stays on its page.
  const onError = (error: Error) => {
    if (isNotSignedIn(error)) void queries.invalidateQueries({ queryKey: sessionKeys.me });
  };
  const queries = new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 2_000,
        // Only what may pass by itself is tried again: a server that is away or overloaded, not one that said no.
        retry: (failures, error) =>
          failures < TRIES && error instanceof ApiProblem && (error.status === 0 || error.status >= 502),
      },
    },
    queryCache: new QueryCache({
      onError: (error, query) => {
        if (query.queryKey[0] !== sessionKeys.me[0]) onError(error);
      },
    }),
    mutationCache: new MutationCache({ onError }),
  });
  return queries;
}
