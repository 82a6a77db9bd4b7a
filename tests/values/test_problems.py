from __future__ import annotations

from decimal import Decimal

import pytest

from outcode.values import json
from outcode.values.problems import InputProblem, Place, Problem, ProblemList, VendorDown, restored


def every_kind(kind: type[Problem] = Problem) -> list[type[Problem]]:
    return [found for direct in kind.__subclasses__() for found in (direct, *every_kind(direct))]


@pytest.mark.parametrize("kind", [kind for kind in every_kind() if kind is not ProblemList])
def test_a_problem_survives_the_journal(kind: type[Problem]) -> None:
    problem = kind("field_required", Place(task="b", field="inputs.url", row=3), label={"en": "URL", "ko": "주소"})
    again = restored(json.loads(json.dumps(problem.as_json())))
    assert type(again) is kind
    assert again.as_dict("ko") == problem.as_dict("ko")
    assert "주소" in again.message("ko")


def test_a_list_of_problems_survives_the_journal() -> None:
    problem = ProblemList([InputProblem("field_required", label="A"), VendorDown("unexpected", error="x")])
    again = restored(json.loads(json.dumps(problem.as_json())))
    assert isinstance(again, ProblemList)
    assert [each.message() for each in again.problems] == [each.message() for each in problem.problems]
    assert str(again).count("\n") == 1


def test_a_place_is_filled_from_the_inside_out() -> None:
    problem = InputProblem("field_required", Place(field="x"), label="X").at(field="y", task="b").at(task="c", row=1)
    assert (problem.place.field, problem.place.task, problem.place.row) == ("x", "b", 1)


@pytest.mark.parametrize(
    ("place", "text"),
    [
        (Place(), ""),
        (Place(file="f.yaml"), "f.yaml"),
        (Place(file="f.yaml", line=3, column=5, field="tasks.a"), "f.yaml:3:5, field tasks.a"),
        (Place(line=3, column=5), "line 3:5"),
        (Place(task="a", row=2), "task a, row 2"),
    ],
)
def test_places_read_like_a_compilers(place: Place, text: str) -> None:
    assert str(place) == text


def test_user_text_is_never_read_as_a_pattern() -> None:
    evil = "{0.__class__} {label} %s {"
    assert evil in InputProblem("field_required", label=evil).message()
    assert (
        InputProblem("field_too_many", label="x", limit=Decimal(5), count=6).message().endswith("at most 5 are taken.")
    )
