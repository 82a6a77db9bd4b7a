"""Reading a cell as any JSON value."""

from __future__ import annotations

from outcode.values.json import Json, loads
from outcode.values.problems import InputProblem
from outcode.values.types.cells import SPACES
from outcode.values.types.errors import CellProblem, about


def read_json(raw: Json) -> Json | CellProblem:
    """The value itself; text that starts like a list or an object is read as one.

    >>> read_json('{"a": 1}'), read_json("a"), read_json("[1").code
    ({'a': 1}, 'a', 'cell_json_invalid')
    """
    if type(raw) is not str or not raw.strip(SPACES).startswith(("{", "[")):
        return raw
    text = raw.strip(SPACES)
    try:
        return loads(text)
    except InputProblem as problem:
        return about("cell_json_invalid", text, reason=problem.details["reason"])
