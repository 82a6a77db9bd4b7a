"""Problems as people read them in a shell: place and message, the line with a caret under it, and what to do."""

from __future__ import annotations

from pathlib import Path

from rich.cells import cell_len

from outcode.cli.console import say
from outcode.cli.words import language, words
from outcode.values.problems import Place, Problem, ProblemList

_SHOWN = 100
"""Of a longer line so many characters are shown, around the place."""
_LARGEST = 4 * 1024 * 1024


def explain(problem: Problem) -> None:
    """Say what is wrong, where, and what to do, one block a problem."""
    for item in problem.problems if isinstance(problem, ProblemList) else [problem]:
        where = where_text(item.place)
        message = item.message(language())
        say(f"{where}: {message}" if where else message, bold=True)
        for line in picture(item.place):
            say(line)
        for line in item.hint(language()).splitlines():
            say(f"  {line}")


def where_text(place: Place) -> str:
    """A place in the shell's language: ``flow.yaml:12:5, task b, field inputs.url``."""
    position = [str(part) for part in (place.file, place.line, place.column) if part is not None]
    parts = [":".join(position)] if position else []
    parts += [
        words(f"place.{name}", **{name: value})
        for name, value in (("task", place.task), ("field", place.field), ("row", place.row))
        if value is not None
    ]
    return ", ".join(parts)


def picture(place: Place) -> list[str]:
    """The line of the file and a caret under the place; nothing where the file cannot be read any more."""
    if place.file is None or place.line is None:
        return []
    lines = _lines(place.file)
    if not 1 <= place.line <= len(lines):
        return []
    line = lines[place.line - 1]
    number = f"{place.line:>5} | "
    if place.column is None or place.column > len(line) + 1:
        return [number + _plain(line[:_SHOWN])]
    start = max(0, place.column - 1 - _SHOWN // 2) if len(line) > _SHOWN else 0
    before = ("…" if start else "") + _plain(line[start : place.column - 1])
    after = _plain(line[place.column - 1 : start + _SHOWN]) + ("…" if len(line) > start + _SHOWN else "")
    return [number + before + after, " " * (len(number) - 2) + "| " + " " * cell_len(before) + "^"]


def _plain(text: str) -> str:
    """Tabs become one space, so that the caret stands right; what would steer a terminal is shown as a dot."""
    return "".join(sign if sign.isprintable() else " " if sign == "\t" else "·" for sign in text)


def _lines(file: str) -> list[str]:
    try:
        path = Path(file)
        if not path.is_file() or path.stat().st_size > _LARGEST:
            return []
        text = path.read_bytes().decode("utf-8-sig", "replace")
    except (OSError, ValueError):
        return []
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
