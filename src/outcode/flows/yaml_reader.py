"""YAML bytes to plain values and their positions, by the core rules of YAML 1.2 and without its traps.

libyaml finds the events; what they mean is decided here: only ``true`` and ``false`` are booleans (``on``, ``yes`` and
``no`` stay text), dates stay text, integers and decimals are exact. Anchors, aliases, merge keys, tags and a second
document are refused: a flow does not need them, and they are how a small file becomes a large one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NoReturn, Protocol

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
)

from outcode.flows.findings import MAX_FINDINGS
from outcode.flows.positions import Path, Positions, Spot, dotted
from outcode.flows.yaml_scalars import plain_scalar
from outcode.flows.yaml_syntax import explain
from outcode.values.json import Json
from outcode.values.problems import InputProblem, Place, Problem, ProblemList, TooLarge
from outcode.values.references.suggestions import shortened

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 64

_OTHER_ENCODINGS = (
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)
_CONTROL = re.compile("[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def read_yaml(data: bytes, *, file: str | None = None) -> tuple[Json, Positions]:
    """The one document of a YAML file and where its parts stand; an empty file is None.

    Raises ProblemList with everything that was found; broken syntax ends the search.

    >>> read_yaml(b"switch: on\\nprice: 19.90")[0]
    {'switch': 'on', 'price': Decimal('19.90')}
    """
    text = _decode(data, file)
    return _Reader(text, file).document()


def _decode(data: bytes, file: str | None) -> str:
    where = Place(file=file)
    if len(data) > MAX_BYTES:
        raise ProblemList([TooLarge("yaml_too_large", where, size=len(data), maximum=MAX_BYTES)])
    for mark, encoding in _OTHER_ENCODINGS:
        if data.startswith(mark):
            raise ProblemList([InputProblem("yaml_other_encoding", where, encoding=encoding)])
    if len(data) > 1 and 0 in data[:2]:
        raise ProblemList([InputProblem("yaml_other_encoding", where, encoding="UTF-16")])
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        where = Place(file=file, line=line)
        raise ProblemList([InputProblem("yaml_not_utf8", where, position=error.start)]) from error
    if found := _CONTROL.search(text):
        line, column = Positions(text, {}).at(found.start())
        where = Place(file=file, line=line, column=column)
        raise ProblemList([InputProblem("yaml_control_character", where, character=f"U+{ord(found[0]):04X}")])
    return text


class _Reader:
    def __init__(self, text: str, file: str | None) -> None:
        self._text = text
        self._file = file
        self._spots: dict[str, Spot] = {}
        self._positions = Positions(text, self._spots)
        self._problems: list[Problem] = []
        self._events: Iterator[Event] = yaml.parse(text, Loader=yaml.CSafeLoader)

    def document(self) -> tuple[Json, Positions]:
        value: Json = None
        try:
            next(self._events)
            if isinstance(next(self._events), DocumentStartEvent):
                value = self._node(next(self._events), (), None)
                next(self._events)
                following = next(self._events)
                if not isinstance(following, StreamEndEvent):
                    self._stop("yaml_several_documents", _index(following.start_mark))
        except yaml.MarkedYAMLError as error:
            self._syntax(error)
        if self._problems:
            raise ProblemList(self._problems)
        return value, self._positions

    def _node(self, event: Event, path: Path, key: int | None) -> Json:
        start = _index(event.start_mark)
        if len(path) > MAX_DEPTH:
            self._stop("yaml_too_deep", start, maximum=MAX_DEPTH)
        if isinstance(event, AliasEvent):
            self._note("yaml_alias", start)
            return None
        if isinstance(event, NodeEvent) and event.anchor is not None:
            self._note("yaml_alias", start)
        if getattr(event, "tag", None) is not None:
            self._note("yaml_tag", start, tag=shortened(str(getattr(event, "tag", None))))
        key = start if key is None else key
        if isinstance(event, ScalarEvent):
            style = event.style or ""
            self._spots.setdefault(dotted(path), Spot(key, start, _index(event.end_mark), style, event.value))
            return event.value if style else self._plain(event.value, start)
        self._spots.setdefault(dotted(path), Spot(key, start, start, ""))
        return self._mapping(event, path) if isinstance(event, MappingStartEvent) else self._sequence(path)

    def _sequence(self, path: Path) -> list[Json]:
        items: list[Json] = []
        while not isinstance(event := next(self._events), SequenceEndEvent):
            items.append(self._node(event, (*path, len(items)), None))
        return items

    def _mapping(self, opening: Event, path: Path) -> dict[str, Json]:
        if self._text.startswith("{{", _index(opening.start_mark)):
            self._stop("yaml_reference_unquoted", _index(opening.start_mark))
        entries: dict[str, Json] = {}
        first: dict[str, int] = {}
        while not isinstance(event := next(self._events), MappingEndEvent):
            start = _index(event.start_mark)
            if not isinstance(event, ScalarEvent):
                self._stop("yaml_alias" if isinstance(event, AliasEvent) else "yaml_key_not_text", start)
            key: str = event.value
            if event.tag is not None or event.anchor is not None:
                self._note("yaml_tag", start, tag=shortened(event.tag or f"&{event.anchor}"))
            if not key and not event.style:
                self._note("yaml_key_empty", start)
            if key == "<<" and not event.style:
                self._note("yaml_merge_key", start)
            if key in first:
                line, column = self._positions.at(first[key])
                self._note("yaml_duplicate_key", start, key=shortened(key), first_line=line, first_column=column)
            value = self._node(next(self._events), (*path, key), start)
            if first.setdefault(key, start) == start:
                entries[key] = value
        return entries

    def _plain(self, text: str, start: int) -> Json:
        try:
            return plain_scalar(text)
        except InputProblem as problem:
            self._note(problem.code, start, **problem.details)
            return None

    def _place(self, index: int) -> Place:
        line, column = self._positions.at(index)
        return Place(file=self._file, line=line, column=column)

    def _note(self, code: str, index: int, **details: Any) -> None:
        self._problems.append(InputProblem(code, self._place(index), **details))
        if len(self._problems) >= MAX_FINDINGS:
            raise ProblemList(self._problems)

    def _stop(self, code: str, index: int, **details: Any) -> NoReturn:
        raise ProblemList([*self._problems, InputProblem(code, self._place(index), **details)])

    def _syntax(self, error: yaml.MarkedYAMLError) -> NoReturn:
        here = _index(error.problem_mark)
        began = _index(error.context_mark) if error.context_mark else here
        code, index = explain(f"{error.context or ''} {error.problem or ''}", here, began, self._positions)
        self._stop(code, index)


class _Mark(Protocol):
    index: int


def _index(mark: _Mark | None) -> int:
    """The character at which libyaml's mark stands; it always gives one, though its types leave that open."""
    return mark.index if mark is not None else 0
