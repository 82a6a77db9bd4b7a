from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from outcode.appkit import (
    Field,
    FileField,
    JsonField,
    ListField,
    MapField,
    NumberField,
    Option,
    RowsField,
    SelectField,
    ShownWhen,
    SwitchField,
    TextField,
    Words,
)
from outcode.appkit.accept import accept, accept_answers
from outcode.values.problems import InputProblem, ProblemList

LABEL = Words(en="Thing", ko="항목")
TEXT = TextField(key="x", label=LABEL, max_length=5)
NUMBER = NumberField(key="x", label=LABEL, minimum=Decimal(1), maximum=Decimal(10))
WHOLE = NumberField(key="x", label=LABEL, whole=True)
SWITCH = SwitchField(key="x", label=LABEL)
SELECT = SelectField(key="x", label=LABEL, options=(Option(value="a", label=LABEL), Option(value="b", label=LABEL)))
LIST = ListField(key="x", label=LABEL, max_items=2)
ROWS = RowsField(key="x", label=LABEL)
MAP = MapField(key="x", label=LABEL, max_items=2)
FILE = FileField(key="x", label=LABEL, suffixes=(".csv",))
ANY = JsonField(key="x", label=LABEL)
OBJECT = JsonField(key="x", label=LABEL, accepts=("object",))


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        (TEXT, "abc", "abc"),
        (TEXT, 12, "12"),
        (TEXT, Decimal("1.50"), "1.50"),
        (TEXT, True, "true"),
        (NUMBER, 5, 5),
        (NUMBER, "5", 5),
        (NUMBER, " 2.50 ", Decimal("2.50")),
        (WHOLE, Decimal("3.0"), 3),
        (WHOLE, "12345678901234567890", 12345678901234567890),
        (SWITCH, False, False),
        (SWITCH, "True", True),
        (SELECT, "b", "b"),
        (LIST, [1, "x"], [1, "x"]),
        (ROWS, [{"a": 1}, 2], [{"a": 1}, 2]),
        (MAP, {"a": 1}, {"a": 1}),
        (
            MAP,
            [{"key": "a", "value": 1}, {"key": "a", "value": 2}],
            [{"key": "a", "value": 1}, {"key": "a", "value": 2}],
        ),
        (FILE, {"fileId": "f1", "name": "a.csv"}, {"fileId": "f1", "name": "a.csv"}),
        (ANY, [None], [None]),
        (ANY, "text", "text"),
        (OBJECT, '{"n": 1.10}', {"n": Decimal("1.10")}),
        (TEXT, None, None),
        (SWITCH.model_copy(update={"default": True}), "", True),
    ],
)
def test_taken(field: Field, value: Any, expected: Any) -> None:
    found = accept(field, value)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        (TEXT.model_copy(update={"required": True}), None, "field_required"),
        (TEXT.model_copy(update={"required": True}), "", "field_required"),
        (TEXT, ["a"], "field_type_wrong"),
        (TEXT, "abcdef", "field_too_long"),
        (FILE, "f1", "field_type_wrong"),
        (FILE, {"fileId": 1}, "field_type_wrong"),
        (NUMBER, "five", "field_type_wrong"),
        (NUMBER, True, "field_type_wrong"),
        (NUMBER, "NaN", "field_type_wrong"),
        (NUMBER, "Infinity", "field_type_wrong"),
        (NUMBER, 0, "field_out_of_range"),
        (NUMBER, Decimal("10.01"), "field_out_of_range"),
        (WHOLE, "1.5", "field_type_wrong"),
        (SWITCH, "yes", "field_type_wrong"),
        (SWITCH, 1, "field_type_wrong"),
        (SELECT, "c", "field_not_an_option"),
        (LIST, {"a": 1}, "field_type_wrong"),
        (LIST, [1, 2, 3], "field_too_many"),
        (ROWS, {"a": 1}, "field_type_wrong"),
        (MAP, ["a"], "field_type_wrong"),
        (MAP, [{"key": "a"}], "field_type_wrong"),
        (MAP, {"a": 1, "b": 2, "c": 3}, "field_too_many"),
        (OBJECT, [1], "field_type_wrong"),
        (OBJECT, "{", "json_invalid"),
    ],
)
def test_refused_with_words_in_both_languages(field: Field, value: Any, code: str) -> None:
    with pytest.raises(InputProblem) as caught:
        accept(field, value)
    problem = caught.value
    assert problem.code == code
    assert problem.message("en") != problem.message("ko")
    if "label" in problem.details:
        assert "Thing" in problem.message("en")
        assert "항목" in problem.message("ko")


def test_all_wrong_answers_are_told_at_once_with_their_places() -> None:
    fields = (TEXT.model_copy(update={"key": "a"}), NUMBER.model_copy(update={"key": "b"}), SWITCH)
    with pytest.raises(ProblemList) as caught:
        accept_answers(fields, {"a": "too long", "b": 99, "x": True}, within="inputs")
    assert [problem.place.field for problem in caught.value.problems] == ["inputs.a", "inputs.b"]


@pytest.mark.parametrize(
    ("field", "text", "is_json"),
    [
        (OBJECT, "{{a.x}}", True),
        (ANY, "{{a.x}} and more", False),
        (ANY, ' {"n": {{a.x}}}', True),
        (ANY, "[{{a.x}}]", True),
        (ANY, '"{{a.x}}"', True),
        (ANY, "Hello {{a.x}}", False),
    ],
)
def test_typed_text_is_json_or_text_by_how_it_begins(field: JsonField, text: str, *, is_json: bool) -> None:
    assert field.reads_as_json(text) is is_json


@pytest.mark.parametrize("value", ["1e30000000", Decimal("1e30000000"), "-1e-30000000", 10**2000])
def test_numbers_too_long_to_work_with_are_refused_at_once(value: Any) -> None:
    for field in (NumberField(key="x", label=LABEL), WHOLE):
        with pytest.raises(InputProblem):
            accept(field, value)


def test_what_the_form_does_not_show_is_neither_asked_nor_kept() -> None:
    kind = SelectField(key="kind", label=LABEL, default="a", options=SELECT.options)
    when = ShownWhen(field="kind", values=("b",))
    secret = TextField(key="secret", label=LABEL, required=True, shown_when=when)
    deeper = TextField(key="deeper", label=LABEL, required=True, shown_when=ShownWhen(field="secret", values=("yes",)))
    fields = (secret, deeper, kind)
    assert accept_answers(fields, {"secret": "ignored"}) == {"kind": "a"}
    assert accept_answers(fields, {"kind": "b", "secret": "s"}) == {"kind": "b", "secret": "s"}
    with pytest.raises(InputProblem) as missing:
        accept_answers(fields, {"kind": "b"})
    assert missing.value.place.field == "secret"
    with pytest.raises(InputProblem) as below:
        accept_answers(fields, {"kind": "b", "secret": "yes"})
    assert below.value.place.field == "deeper"
