"""What YAML means here, and what of it is refused, with the place that the user is shown."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from outcode.flows.yaml_reader import MAX_BYTES, read_yaml
from outcode.values.problems import Problem, ProblemList


def problems_of(data: bytes) -> list[Problem]:
    with pytest.raises(ProblemList) as caught:
        read_yaml(data, file="flow.yaml")
    return caught.value.problems


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on", "on"),
        ("yes", "yes"),
        ("No", "No"),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("null", None),
        ("0", 0),
        ("-17", -17),
        ("+3", 3),
        ("123456789012345678901234567890", 123456789012345678901234567890),
        ("0x1f", 31),
        ("0o17", 15),
        ("0.10", Decimal("0.10")),
        (".5", Decimal("0.5")),
        ("-1.5e3", Decimal("-1.5e3")),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        ("2026-11-21", "2026-11-21"),
        ("2026-11-21T09:00:00Z", "2026-11-21T09:00:00Z"),
        ("010-1234-5678", "010-1234-5678"),
        ('"010"', "010"),
        ("'true'", "true"),
        ("='", "='"),
        ("서울", "서울"),
        ("0b11", "0b11"),
        ('"\\u263a\\n"', "☺\n"),
        ("|\n  {{a.x}}\n   y\n", "{{a.x}}\n y\n"),
        (">\n  one\n  two\n", "one two\n"),
        ("[1, [a], {}]", [1, ["a"], {}]),
    ],
)
def test_values(text: str, value: Any) -> None:
    found = read_yaml(f"key: {text}".encode())[0]
    assert found == {"key": value}
    assert type(found["key"]) is type(value)


def test_keys_are_text_whatever_they_look_like() -> None:
    assert read_yaml(b"1: a\ntrue: b\nnull: c\non: d\n'<<': e")[0] == {
        "1": "a",
        "true": "b",
        "null": "c",
        "on": "d",
        "<<": "e",
    }


def test_a_byte_order_mark_and_windows_line_ends_are_fine() -> None:
    value, positions = read_yaml(b"\xef\xbb\xbfa: 1\r\nb: \xea\xb0\x80\r\n")
    assert value == {"a": 1, "b": "가"}
    assert positions.find("b") == (2, 4)


@pytest.mark.parametrize("data", [b"", b"\n", b"# only a comment\n", b"---\n"])
def test_an_empty_file_is_nothing(data: bytes) -> None:
    assert read_yaml(data)[0] is None


@pytest.mark.parametrize(
    ("text", "code", "line", "column"),
    [
        ("a: 1\n\tb: 2", "yaml_tab", 2, 1),
        ("a:\n\t- x", "yaml_tab", 2, 1),
        ("name: Orders: today", "yaml_colon", 1, 13),
        ("a: 1\n b: 2", "yaml_colon", 2, 3),
        ("a: 1\nlonely\n", "yaml_colon_missing", 2, 1),
        ("a: [1, 2\nb: 3", "yaml_bracket_open", 1, 4),
        ("a: {x: 1\n", "yaml_bracket_open", 1, 4),
        ('a: 1\nb: "x', "yaml_quote_open", 2, 4),
        ("b: 'x\nc: 1", "yaml_quote_open", 1, 4),
        ('a: "C:\\q"', "yaml_escape", 1, 7),
        ("a: @x", "yaml_character", 1, 4),
        ("a: `x`", "yaml_character", 1, 4),
        ("a:\n  - x\n - y", "yaml_indentation", 3, 2),
        ("a: ]", "yaml_syntax", 1, 4),
        ("%YAML 9.9\n---\na: 1", "yaml_syntax", 1, 1),
        ("url: {{a.url}}", "yaml_reference_unquoted", 1, 6),
        ("url: {{a.url}}/x", "yaml_reference_unquoted", 1, 6),
        ('a: 1\nb: {{a["first name"] | default("x: y")}}', "yaml_reference_unquoted", 2, 4),
        ("a: [1, {{b}}]", "yaml_reference_unquoted", 1, 8),
        ("- {{a}}", "yaml_reference_unquoted", 1, 3),
        ("a: &x 1", "yaml_alias", 1, 4),
        ("a: *x", "yaml_alias", 1, 4),
        ("*x : 1", "yaml_alias", 1, 1),
        ("a: !!python/object:os.system x", "yaml_tag", 1, 4),
        ("!mine a: 1", "yaml_tag", 1, 1),
        ("<<: {a: 1}", "yaml_merge_key", 1, 1),
        ("a: 1\nb: 2\na: 3", "yaml_duplicate_key", 3, 1),
        ('a: 1\n"a": 3', "yaml_duplicate_key", 2, 1),
        ("? [a]\n: 1", "yaml_key_not_text", 1, 3),
        ("?\n: 1", "yaml_key_empty", 1, 2),
        ("phone: 01012345678", "yaml_leading_zero", 1, 8),
        ("a: -.inf", "yaml_not_finite", 1, 4),
        ("a: .nan", "yaml_not_finite", 1, 4),
        ("a: 1e99999999999999999999", "yaml_number_too_long", 1, 4),
        ("a: 1e1001", "yaml_number_too_long", 1, 4),
        ("a: " + "9" * 5000, "yaml_number_too_long", 1, 4),
        ("a: 1." + "9" * 5000, "yaml_number_too_long", 1, 4),
        ("a: 1\n---\nb: 1", "yaml_several_documents", 2, 1),
        ("a: x\x00y", "yaml_control_character", 1, 5),
        ("a: 1\nb: \x1b[0m", "yaml_control_character", 2, 4),
    ],
)
def test_what_is_refused_and_where(text: str, code: str, line: int, column: int) -> None:
    problem = problems_of(text.encode())[0]
    assert (problem.code, problem.place.line, problem.place.column) == (code, line, column)
    assert problem.place.file == "flow.yaml"


def test_every_fault_is_named_not_just_the_first() -> None:
    found = problems_of(b"a: 1\na: 2\nb: *x\nc: 007\nd: !t 1\n")
    assert [(each.code, each.place.line) for each in found] == [
        ("yaml_duplicate_key", 2),
        ("yaml_alias", 3),
        ("yaml_leading_zero", 4),
        ("yaml_tag", 5),
    ]


def test_a_duplicate_names_both_places() -> None:
    problem = problems_of(b"tasks:\n  a: {}\n  b: {}\n  a: {}\n")[0]
    assert (problem.place.line, problem.place.column) == (4, 3)
    assert "line 2, column 3" in problem.message()


@pytest.mark.parametrize(
    ("data", "code", "details"),
    [
        ("a: 1".encode("utf-16"), "yaml_other_encoding", {"encoding": "UTF-16"}),
        ("a: 1".encode("utf-16-le"), "yaml_other_encoding", {"encoding": "UTF-16"}),
        ("a: 1".encode("utf-16-be"), "yaml_other_encoding", {"encoding": "UTF-16"}),
        ("a: 1".encode("utf-32"), "yaml_other_encoding", {"encoding": "UTF-32"}),
        ("a: 1\nb: 가".encode("cp949"), "yaml_not_utf8", {"position": 8}),
        (b"a: " + b"x" * MAX_BYTES, "yaml_too_large", {"size": MAX_BYTES + 3, "maximum": MAX_BYTES}),
    ],
)
def test_what_is_no_utf8_or_too_large(data: bytes, code: str, details: dict[str, Any]) -> None:
    (problem,) = problems_of(data)
    assert (problem.code, problem.details) == (code, details)


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "[{a: "])
def test_deep_nesting_ends_at_once(opening: str) -> None:
    assert problems_of((opening * 60_000).encode())[-1].code == "yaml_too_deep"


def test_an_alias_bomb_does_not_go_off() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    found = problems_of("\n".join(lines).encode())
    assert {each.code for each in found} == {"yaml_alias"}
    assert len(found) <= 100


def test_as_many_faults_as_fit_in_a_file_are_cut_to_a_hundred() -> None:
    assert len(problems_of(b"- *x\n" * 100_000)) == 100


def faults_of(data: bytes) -> list[Problem]:
    try:
        read_yaml(data)
    except ProblemList as caught:
        return caught.problems
    return []


@settings(deadline=None)
@given(some.binary(max_size=300))
def test_any_bytes_give_a_value_or_problems_with_words(data: bytes) -> None:
    assert all(each.message("ko") and each.hint("en") for each in faults_of(data))


@settings(deadline=None)
@given(some.text(alphabet="{}[]:,-?!&*|>'\"%@` \n\tab0.#~<=\\", max_size=60))
def test_any_signs_give_a_value_or_problems_with_a_place(text: str) -> None:
    assert all((each.place.line or 0) >= 1 and (each.place.column or 0) >= 1 for each in faults_of(text.encode()))
