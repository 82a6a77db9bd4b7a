"""What pydantic says about a request, in our words: where the wrong part stands, what it is, and what it should be."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError

from outcode.values.problems import InputProblem, Place, Problem, ProblemList

_SHOWN = 100
_PARTS = {
    "body": {"en": "body", "ko": "본문"},
    "query": {"en": "query", "ko": "쿼리"},
    "path": {"en": "path", "ko": "경로"},
    "header": {"en": "headers", "ko": "헤더"},
}
_WHOLE_PART = {"en": "The value", "ko": "값"}
_TEXT = {"en": "text", "ko": "텍스트"}
_SWITCH = {"en": "true or false", "ko": "true 또는 false"}
_WHOLE = {"en": "a whole number", "ko": "정수"}
_OBJECT = {"en": "a JSON object", "ko": "JSON 객체"}
_FILE = {"en": "a file", "ko": "파일"}
_WANTED = {
    "string_type": _TEXT,
    "bool_type": _SWITCH,
    "bool_parsing": _SWITCH,
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_from_float": _WHOLE,
    "dict_type": _OBJECT,
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
    "value_error": _FILE,
}


def request_problem(error: RequestValidationError, request: Request) -> tuple[Problem, int]:
    """Everything that is wrong with a request, as one problem, and the status that says so."""
    items = error.errors()
    if any(item["loc"] == ("body",) and isinstance(item["input"], bytes) for item in items):
        media_type = request.headers.get("content-type", "")[:_SHOWN] or "–"
        return InputProblem("request_body_not_json", Place(field="body"), media_type=media_type), 415
    problems = [_problem(item) for item in items]
    return problems[0] if len(problems) == 1 else ProblemList(problems), 400


def refuse_unknown_parameters(request: Request, known: Sequence[str]) -> None:
    """Refuse a query parameter that the route does not have: a mistyped filter must not answer everything."""
    for name in request.query_params:
        if name not in known:
            raise InputProblem(
                "request_parameter_unknown",
                Place(field=name[:_SHOWN]),
                field=name[:_SHOWN],
                known=list(known) or ["–"],
            )


def header_problem(name: str, value: str, maximum: int) -> InputProblem:
    """A header that is empty or longer than ``maximum``."""
    said: dict[str, Any] = {"field": name, "part": _PARTS["header"]}
    if not value:
        return InputProblem("request_text_empty", Place(field=name), **said)
    return InputProblem("request_text_too_long", Place(field=name), **said, maximum=maximum)


def _problem(item: Mapping[str, Any]) -> Problem:
    where, *path = [str(part) for part in item["loc"]]
    field = ".".join(path) or where
    kind, limits = item["type"], item.get("ctx", {})
    place = Place(field=field)
    said: dict[str, Any] = {"field": field if path else _WHOLE_PART, "part": _PARTS[where]}
    if wanted := _WANTED.get(kind):
        return InputProblem("request_type_wrong", place, **said, wanted=wanted)
    match kind:
        case "missing":
            return InputProblem("request_part_missing", place, **said)
        case "extra_forbidden":
            return InputProblem("request_field_unknown", place, **said)
        case "greater_than_equal":
            return InputProblem("request_number_too_small", place, **said, minimum=limits["ge"])
        case "less_than_equal":
            return InputProblem("request_number_too_large", place, **said, maximum=limits["le"])
        case "string_too_short":
            return InputProblem("request_text_empty", place, **said)
        case "string_too_long":
            return InputProblem("request_text_too_long", place, **said, maximum=limits["max_length"])
        case "literal_error":
            choices = re.findall(r"'([^']*)'", limits["expected"])
            return InputProblem(
                "request_choice_unknown", place, **said, value=str(item["input"])[:_SHOWN], choices=choices
            )
        case _:
            return InputProblem("request_part_wrong", place, **said)
