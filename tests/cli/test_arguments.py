"""JSON arguments: where they go wrong is said, what stands there is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from outcode.cli.arguments import read_json
from outcode.values.problems import InputProblem


@pytest.mark.parametrize(
    ("text", "code", "line", "column"),
    [
        ('{"name": oy"}', "argument_not_json", 1, 10),
        ('{\n  "이름": 1,,\n}', "argument_not_json", 2, 11),
        ('{"a": 1', "argument_json_cut_short", 1, 8),
        ("", "argument_json_cut_short", 1, 1),
        ("{'a': 1}", "argument_not_json", 1, 2),
    ],
)
def test_the_place_is_said(text: str, code: str, line: int, column: int) -> None:
    with pytest.raises(InputProblem) as caught:
        read_json("--input", text)
    problem = caught.value
    assert (problem.code, problem.details["line"], problem.details["column"]) == (code, line, column)
    for language in ("en", "ko"):
        assert str(column) in problem.message(language)
        assert "--input" in problem.message(language) + problem.hint(language)


def test_a_secret_is_never_repeated() -> None:
    with pytest.raises(InputProblem) as caught:
        read_json("--fields", '{"password": hunter2}')
    assert "hunter2" not in caught.value.message() + caught.value.hint() + str(caught.value.details)


def test_a_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "input.json"
    file.write_bytes(b'\xef\xbb\xbf{"a": 0.1}')
    assert str(read_json("--input", f"@{file}")["a"]) == "0.1"
    file.write_text('{"a"')
    with pytest.raises(InputProblem) as caught:
        read_json("--input", f"@{file}")
    assert str(file) in caught.value.message()


@pytest.mark.parametrize(("text", "code"), [("@/nowhere", "file_unreadable"), ("[" * 100_000, "json_invalid")])
def test_what_has_no_place_is_said_all_the_same(text: str, code: str) -> None:
    with pytest.raises(InputProblem) as caught:
        read_json("--input", text)
    assert caught.value.code == code
