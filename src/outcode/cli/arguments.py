"""Arguments that hold JSON, a secret, or a choice of version."""

from __future__ import annotations

import re
from pathlib import Path

import typer

from outcode.cli.console import read_file
from outcode.values import json
from outcode.values.json import Json
from outcode.values.problems import InputProblem
from outcode.workspace.versions import Wanted

_BYTE = re.compile(r"(?:byte|in position) (\d+)")


def read_json(option: str, text: str) -> Json:
    """The JSON of an option: the text itself, ``@FILE``, or ``-`` for standard input.

    Raises InputProblem that says in which line and column it ends to be JSON; what stands there is not repeated, since
    it may be a password.
    """
    source = text[1:] if text.startswith("@") else option
    content = _content(text)
    try:
        return json.loads(content)
    except InputProblem as problem:
        reason = str(problem.details["reason"])
        if found := _BYTE.search(reason):
            code, (line, column) = "argument_not_json", _place(content, int(found[1]))
        elif "truncated" in reason:
            code, (line, column) = "argument_json_cut_short", _place(content, len(content.rstrip()))
        else:
            raise
        raise InputProblem(code, option=option, source=source, line=line, column=column) from problem


def read_secret(text: str) -> str:
    """The secret of an option: the text itself, ``@FILE``, or ``-`` for standard input; without the line's end."""
    return _content(text).decode("utf-8", "replace").strip()


def wanted_version(text: str) -> Wanted:
    """Which version of a flow is meant; raises InputProblem.

    >>> wanted_version("draft"), wanted_version("12")
    ('draft', 12)
    """
    match text:
        case "draft" | "published":
            return text
        case _ if text.isascii() and text.isdecimal() and 0 < len(text) < 10:
            return int(text)
    raise InputProblem("version_wanted_unknown", value=text[:100])


def _content(text: str) -> bytes:
    if text == "-":
        content = typer.get_binary_stream("stdin").read()
    elif text.startswith("@"):
        content = read_file(Path(text[1:]))
    else:
        content = text.encode("utf-8", "surrogateescape")
    return content.removeprefix(b"\xef\xbb\xbf")


def _place(content: bytes, index: int) -> tuple[int, int]:
    before = content[:index]
    line_start = before.rfind(b"\n") + 1
    return before.count(b"\n") + 1, len(before[line_start:].decode("utf-8", "replace")) + 1
