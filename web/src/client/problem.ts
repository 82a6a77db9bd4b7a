import type { Place, Problem, ProblemAnswer } from "./types";

/** What went wrong with a call: the server's problem, or that it could not be reached (`status` 0). */
export class ApiProblem extends Error {
  override readonly name = "ApiProblem";

  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly hint: string,
    readonly place: Place = {},
    readonly problems: Problem[] = [],
  ) {
    super(message);
  }

  /** The problems one by one: those that the server listed, else this one. */
  list(): Pick<Problem, "code" | "message" | "hint" | "place">[] {
    return this.problems.length > 0 ? this.problems : [this];
  }
}

/** Reads an error answer; a body that is no problem document (a proxy's page, say) leaves the words to the screen. */
export function problemFrom(status: number, body: unknown): ApiProblem {
  if (typeof body !== "object" || body === null || !("code" in body)) {
    return new ApiProblem(status, `http_${status}`, "", "");
  }
  const answer = body as Partial<ProblemAnswer>;
  return new ApiProblem(
    status,
    answer.code ?? `http_${status}`,
    answer.title ?? "",
    answer.hint ?? "",
    answer.place ?? {},
    answer.problems ?? [],
  );
}

export function isNotSignedIn(error: unknown): boolean {
  return error instanceof ApiProblem && error.status === 401;
}
