import createClient from "openapi-fetch";

import { i18n } from "../i18n";
import { type ApiProblem, problemFrom } from "./problem";
import type { paths } from "./schema";

export const client = createClient<paths>({
  baseUrl: window.location.origin,
  // Looked up at each call, so that tests and tools can stand in for it.
  fetch: (request) => globalThis.fetch(request),
});

client.use({
  onRequest({ request }) {
    request.headers.set("Accept-Language", i18n.language);
    return request;
  },
});

interface Answer<Data> {
  data?: Data;
  error?: unknown;
  response: Response;
}

/** The data of an answer; throws {@link ApiProblem} for an error answer and when the server cannot be reached. */
export async function answerOf<Data>(call: Promise<Answer<Data>>): Promise<Data> {
  const { data, error, response } = await call.catch((cause: unknown) => {
    if (cause instanceof DOMException && cause.name === "AbortError") throw cause;
    throw unreachable();
  });
  if (!response.ok) throw problemFrom(response.status, parsed(error));
  return data as Data;
}

function unreachable(): ApiProblem {
  return problemFrom(0, undefined);
}

function parsed(error: unknown): unknown {
  if (typeof error !== "string") return error;
  try {
    return JSON.parse(error) as unknown;
  } catch {
    return undefined;
  }
}
