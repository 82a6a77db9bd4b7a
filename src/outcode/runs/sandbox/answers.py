"""From what the child said to what the caller gets: results, or problems with their place in the user's own lines."""

from __future__ import annotations

from dataclasses import dataclass

from outcode.runs.sandbox.frames import MAX_BATCH_RESULT_BYTES, MAX_RESULT_BYTES, Element, Failure, Reply
from outcode.values.json import Json, loads
from outcode.values.problems import InputProblem, Place, Problem, SetupProblem, TooLarge

HEADER_LINES = 1
LOG_LINE_BYTES = 2048
_LOGS_IN_PROBLEM = 20


@dataclass(frozen=True, slots=True)
class ScriptResult:
    """What a script returned, the lines it wrote to the console, and how long it ran."""

    value: Json
    logs: list[str]
    duration_ms: int


def results_of(reply: Reply, code: str, memory_mb: int) -> list[ScriptResult | Problem]:
    """One result or problem for each argument.

    Raises what stopped all of them: InputProblem ``script_syntax_error``, TooLarge ``script_out_of_memory`` or
    ``script_results_too_large``.
    """
    problem = _problem_of_all(reply, code, memory_mb)
    if problem is not None:
        raise problem
    return [_result(element, code, memory_mb) for element in reply.results]


def out_of_memory(memory_mb: int) -> TooLarge:
    """The problem of a script that needed more memory than it was given."""
    return TooLarge("script_out_of_memory", memory_mb=memory_mb)


def _problem_of_all(reply: Reply, code: str, memory_mb: int) -> Problem | None:
    match reply.outcome:
        case "done":
            return None
        case "memory":
            return out_of_memory(memory_mb)
        case "too_large":
            return TooLarge("script_results_too_large", limit_mb=MAX_BATCH_RESULT_BYTES // 1024**2)
        case "unbalanced":
            return InputProblem("script_syntax_error", reason="a bracket is closed that the code never opened")
        case "syntax":
            place = _place(reply.line, reply.column, code)
            ended = reply.line is not None and reply.line - HEADER_LINES > _lines(code)
            reason = "the code ends before a bracket is closed" if ended else reply.message
            return InputProblem("script_syntax_error", place, reason=reason)


def _result(element: Element, code: str, memory_mb: int) -> ScriptResult | Problem:
    logs = [_cut(line) for line in element.logs]
    if element.error is not None:
        return _problem(element.error, logs, code, memory_mb)
    raw = bytes(element.value)
    if len(raw) > MAX_RESULT_BYTES:
        return _too_large()
    try:
        return ScriptResult(loads(raw), logs, element.duration_ms)
    except InputProblem as problem:
        return InputProblem("script_result_unreadable", reason=str(problem.details.get("reason", problem.code)))


def _problem(error: Failure, logs: list[str], code: str, memory_mb: int) -> Problem:
    match error.kind:
        case "memory":
            return out_of_memory(memory_mb)
        case "too_large":
            return _too_large()
        case "circular":
            return InputProblem("script_result_circular", reason=error.message)
        case "not_json":
            return InputProblem("script_result_not_json", type=error.type, key=error.key or "return")
        case "no_library":
            return SetupProblem("script_library_missing", name=error.name)
        case "runtime":
            reason = ": ".join(part for part in (error.name, error.message) if part) or "an empty value was thrown"
            place = _place(error.line, error.column, code)
            return InputProblem("script_runtime_error", place, reason=reason, logs=logs[-_LOGS_IN_PROBLEM:])


def _too_large() -> TooLarge:
    return TooLarge("script_result_too_large", limit_mb=MAX_RESULT_BYTES // 1024**2)


def _lines(code: str) -> int:
    return code.count("\n") + 1


def _place(line: int | None, column: int | None, code: str) -> Place:
    if line is None:
        return Place()
    own = line - HEADER_LINES
    last = _lines(code)
    if own > last:
        return Place(line=last, column=len(code.rpartition("\n")[2]) + 1)
    return Place(line=max(own, 1), column=column)


def _cut(line: str) -> str:
    return line.encode()[:LOG_LINE_BYTES].decode(errors="ignore")
