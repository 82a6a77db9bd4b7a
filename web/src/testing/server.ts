import { vi } from "vitest";

export interface Call {
  method: string;
  path: string;
  language: string | null;
  body: string;
}

type Answer = { status?: number; body: unknown };

/** Answers `fetch` by "METHOD /path"; a body that is a string is sent as it stands. What has no answer is a 404. */
export function serve(answers: Record<string, Answer | (() => Answer)>): Call[] {
  const calls: Call[] = [];
  vi.stubGlobal("fetch", async (request: Request) => {
    const path = new URL(request.url).pathname;
    const language = request.headers.get("Accept-Language");
    calls.push({ method: request.method, path, language, body: await request.text() });
    const found = answers[`${request.method} ${path}`];
    const { status = 200, body } = typeof found === "function" ? found() : (found ?? { status: 404, body: {} });
    return new Response(typeof body === "string" ? body : JSON.stringify(body), { status });
  });
  return calls;
}
