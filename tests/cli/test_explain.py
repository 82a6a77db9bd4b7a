"""Pictures of lines."""

from __future__ import annotations

from pathlib import Path
from tempfile import NamedTemporaryFile

from hypothesis import given
from hypothesis import strategies as some
from rich.cells import cell_len

from outcode.cli.explain import picture
from outcode.values.problems import Place


def of(tmp_path: Path, text: str, line: int, column: int | None) -> list[str]:
    file = tmp_path / f"{abs(hash((text, line, column)))}.yaml"
    file.write_text(text, "utf-8", newline="")
    return picture(Place(file=str(file), line=line, column=column))


def test_the_caret_stands_under_the_column(tmp_path: Path) -> None:
    assert of(tmp_path, "a: 1\r\nname: x y\r\n", 2, 9) == ["    2 | name: x y", "      |         ^"]


def test_tabs_and_signs_that_steer_a_terminal_do_not_move_the_caret(tmp_path: Path) -> None:
    assert of(tmp_path, "\ta\x1b[2Jb", 1, 7) == ["    1 |  a·[2Jb", "      |       ^"]


def test_a_long_line_is_shown_around_its_place(tmp_path: Path) -> None:
    line, caret = of(tmp_path, "x" * 5000 + "!" + "y" * 5000, 1, 5001)
    assert len(line) < 120
    assert line[caret.index("^")] == "!"


def test_a_place_that_is_not_in_the_file_has_no_picture(tmp_path: Path) -> None:
    assert of(tmp_path, "a: 1", 7, 1) == []
    assert of(tmp_path, "a: 1", 0, 1) == []
    assert picture(Place(file="/nowhere", line=1, column=1)) == []
    assert picture(Place(file="nul\0", line=1)) == []
    assert picture(Place(field="x")) == []


@given(text=some.text('ab {}:"é가한漢！', max_size=300), data=some.data())
def test_the_caret_stands_under_its_sign_whatever_the_line_holds(text: str, data: some.DataObject) -> None:
    column = data.draw(some.integers(1, len(text) + 1))
    with NamedTemporaryFile() as file:
        file.write(text.encode())
        file.flush()
        line, caret = picture(Place(file=file.name, line=1, column=column))
    shown = line[len("    1 | ") :]
    width = cell_len(caret) - len("      | ^")
    taken = next(length for length in range(len(shown) + 1) if cell_len(shown[:length]) >= width)
    assert cell_len(shown[:taken]) == width
    assert shown[taken : taken + 1] in {text[column - 1 : column], "…"} or column > len(text)
