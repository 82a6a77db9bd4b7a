"""Options that people and programs write as JSON, read into their models; what is wrong is said in our own words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from outcode.values.filters.model import Filter, Group
from outcode.values.json import Json
from outcode.values.problems import InputProblem, Place, Problem, ProblemList
from outcode.values.references.suggestions import shortened
from outcode.values.tagged import LATER

Model = TypeVar("Model", bound=BaseModel)
_TAGS = {"condition", "group", "text", "number", "percentage", "currency", "datetime", "url", "boolean", "json"}
_EXPECTED = {
    "string": {"en": "text", "ko": "텍스트"},
    "int": {"en": "a whole number", "ko": "정수"},
    "bool": {"en": "true or false", "ko": "true 또는 false"},
    "tuple": {"en": "a list", "ko": "목록"},
    "list": {"en": "a list", "ko": "목록"},
    "model": {"en": "an object", "ko": "객체"},
    "dict": {"en": "an object", "ko": "객체"},
}
_OTHER = {"en": "another value", "ko": "다른 값"}


def read_filter(value: Json) -> Filter:
    """A filter from its JSON: a group, a single condition, or a list of conditions that must all match.

    Raises ProblemList, each of its problems with the path inside the filter as its place's field.

    >>> read_filter([{"column": "age", "type": "number", "operator": "greater", "value": 17}]).match
    'all'
    """
    is_group = isinstance(value, dict) and ("members" in value or "match" in value)
    if is_group:
        return read_model(Group, value)
    is_list = isinstance(value, list)
    try:
        group = read_model(Group, {"match": "all", "members": value if is_list else [value]})
    except ProblemList as problem:
        for each in problem.problems:
            each.place = replace(each.place, field=_unwrapped(each.place.field or "", is_list=is_list))
        raise
    return group if is_list else group.members[0]


def read_model(model: type[Model], value: Json) -> Model:
    """The model that JSON describes; raises ProblemList ``option_*`` with paths such as ``columns[0].name``."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        found = error.errors(include_url=False)
        raise ProblemList([_problem(each) for each in found if not _follows(each, found)]) from None


def _follows(found: ErrorDetails, others: list[ErrorDetails]) -> bool:
    """Whether a list only counts as too short because something inside it could not be read."""
    place = found["loc"]
    return found["type"] == "too_short" and any(
        other["loc"][: len(place)] == place and other["loc"] != place for other in others
    )


def _problem(found: ErrorDetails) -> Problem:
    place = Place(field=_path(found["loc"]) or None)
    context: dict[str, Any] = found.get("ctx", {})
    key = str(found["loc"][-1]) if found["loc"] else "–"
    kind = found["type"]
    if found["input"] is LATER:
        return InputProblem("option_reference", place, key=key)
    if kind in {"missing", "union_tag_not_found"}:
        return InputProblem("option_missing", place, key=key if kind == "missing" else "kind")
    if kind == "extra_forbidden":
        return InputProblem("option_unknown", place, key=shortened(key))
    if kind in {"literal_error", "union_tag_invalid"}:
        choices = str(context.get("expected") or context.get("expected_tags"))
        written = found["input"] if kind == "literal_error" else context.get("tag")
        return InputProblem("option_choice", place, key=key, found=shortened(str(written), 40), choices=choices)
    if kind.startswith(("greater_than", "less_than", "too_", "string_too_", "string_pattern")):
        return InputProblem("option_limits", place, key=key)
    expected = _EXPECTED.get(kind.split("_")[0], _OTHER)
    return InputProblem("option_type", place, key=key, expected=expected)


def _unwrapped(path: str, *, is_list: bool) -> str | None:
    """The path without the group that was put around what somebody wrote."""
    return path.removeprefix("members" if is_list else "members[0]").removeprefix(".") or None


def _path(location: tuple[int | str, ...]) -> str:
    path = ""
    for step in location:
        if isinstance(step, int):
            path += f"[{step}]"
        elif step not in _TAGS:
            path += f".{step}" if path else step
    return path
