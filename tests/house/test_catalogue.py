"""Every problem has its words: what src raises is in the catalogue, in both languages, and nothing there is unused.

The sources are read as syntax trees. A code is what a call of a problem's class starts with; functions that take a
``code`` and hand it on to such a call are followed, so that their callers are checked as well.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from string import Formatter
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "outcode"
MESSAGES = SOURCE / "values" / "messages"
LANGUAGES = {"en", "ko"}
NOT_DETAILS = {"place", "retry_after"}
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Maker:
    """Something whose call makes a problem: at which argument its code stands, and what it adds to the details."""

    position: int = 0
    parameter: str = "code"
    own: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Use:
    """A code as a source names it: a pattern, since part of it may be known at run time only."""

    code: str
    literal: bool
    supplied: frozenset[str] | None
    where: str


class Sources:
    """All sources of a folder, and what in them makes problems."""

    def __init__(self, folder: Path) -> None:
        self.trees = {file: ast.parse(file.read_text("utf-8")) for file in sorted(folder.rglob("*.py"))}
        self.imported = {file: _imported(tree) for file, tree in self.trees.items()}
        self.calls = {file: list(_calls(tree)) for file, tree in self.trees.items()}
        self.added: defaultdict[Path, set[str]] = defaultdict(set)
        for file, tree in self.trees.items():
            self.added[file.parent].update(_added(tree))
        self.classes = {"Problem"}
        self.takers = {"Problem"}
        self.base_calls: set[ast.Call] = set()
        while self._find_classes():
            pass
        self.makers: dict[tuple[Path, str], Maker] = {}
        while self._find_makers():
            pass

    def uses(self) -> Iterator[Use]:
        for file, calls in self.calls.items():
            for call, _ in calls:
                maker = self._maker(file, call)
                given = _argument(call, maker) if maker else None
                supplied = _supplied(call, maker)
                if supplied is not None:
                    supplied |= self.added[file.parent]
                for pattern, literal in _patterns(given) if given else ():
                    yield Use(pattern, literal, supplied, f"{file.name}:{call.lineno}")

    def words(self) -> set[str]:
        """Every string constant, for codes that reach a problem through a variable or a table."""
        nodes = (node for tree in self.trees.values() for node in ast.walk(tree))
        return {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}

    def _find_classes(self) -> bool:
        before = len(self.classes)
        for tree in self.trees.values():
            for node in ast.walk(tree):
                if isinstance(node, ast.ClassDef) and {_name(base) for base in node.bases} & self.classes:
                    self.classes.add(node.name)
                    self.base_calls.update(call for call, _ in _calls(node) if _is_base_call(call))
                    starts = [part for part in node.body if isinstance(part, Function) and part.name == "__init__"]
                    if not starts or "code" in _parameters(starts[0]):
                        self.takers.add(node.name)
        return len(self.classes) > before

    def _find_makers(self) -> bool:
        before = len(self.makers)
        for file, calls in self.calls.items():
            for call, function in calls:
                maker = self._maker(file, call)
                given = _argument(call, maker) if maker else None
                if maker is None or function is None or not isinstance(given, ast.Name):
                    continue
                names = [name for name in _parameters(function) if name not in {"self", "cls"}]
                if given.id in names and function.name != "__init__":
                    own = maker.own | {keyword.arg for keyword in call.keywords if keyword.arg}
                    key = (file, function.name)
                    self.makers.setdefault(key, Maker(names.index(given.id), given.id, own))
        return len(self.makers) > before

    def _maker(self, file: Path, call: ast.Call) -> Maker | None:
        name = _name(call.func)
        if name in self.takers or call in self.base_calls:
            return Maker()
        for (home, made), maker in self.makers.items():
            if made == name and (home == file or {name, home.stem} & self.imported[file]):
                return maker
        return None


def _calls(tree: ast.AST) -> Iterator[tuple[ast.Call, Function | None]]:
    """Every call with the function it stands in."""
    stack: list[tuple[ast.AST, Function | None]] = [(tree, None)]
    while stack:
        node, function = stack.pop()
        if isinstance(node, ast.Call):
            yield node, function
        inside = node if isinstance(node, Function) else function
        stack.extend((child, inside) for child in ast.iter_child_nodes(node))


def _is_base_call(call: ast.Call) -> bool:
    """Whether this is ``super().__init__(...)``."""
    match call.func:
        case ast.Attribute(attr="__init__", value=ast.Call(func=ast.Name(id="super"))):
            return True
        case _:
            return False


def _imported(tree: ast.Module) -> set[str]:
    nodes = (node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom))
    return {alias.asname or alias.name for node in nodes for alias in node.names}


def _added(tree: ast.Module) -> Iterator[str]:
    """What ``{"reference": ...} | problem.details`` adds to a problem on its way up; it counts for the whole folder."""
    for node in ast.walk(tree):
        match node:
            case (
                ast.BinOp(op=ast.BitOr(), left=ast.Dict(keys=keys), right=ast.Attribute(attr="details"))
                | ast.BinOp(op=ast.BitOr(), left=ast.Attribute(attr="details"), right=ast.Dict(keys=keys))
            ):
                yield from (key.value for key in keys if isinstance(key, ast.Constant) and isinstance(key.value, str))


def _name(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Call(func=function):
            return _name(function)
        case _:
            return ""


def _parameters(function: Function) -> list[str]:
    return [argument.arg for argument in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)]


def _argument(call: ast.Call, maker: Maker) -> ast.expr | None:
    if len(call.args) > maker.position:
        return call.args[maker.position]
    return next((keyword.value for keyword in call.keywords if keyword.arg == maker.parameter), None)


def _patterns(node: ast.expr) -> list[tuple[str, bool]]:
    """The codes an expression can be, as regular expressions, and whether each is a plain literal."""
    match node:
        case ast.Constant(value=str(text)):
            return [(re.escape(text), True)]
        case ast.IfExp(body=body, orelse=other):
            return [*_patterns(body), *_patterns(other)]
        case ast.JoinedStr(values=parts):
            known = [re.escape(str(part.value)) if isinstance(part, ast.Constant) else ".+" for part in parts]
            return [("".join(known), False)]
        case _:
            return []


def _supplied(call: ast.Call, maker: Maker | None) -> frozenset[str] | None:
    """The details a call gives, or None where some come from a mapping."""
    names = {keyword.arg for keyword in call.keywords}
    if None in names or maker is None:
        return None
    return frozenset(name for name in names if name) - NOT_DETAILS | maker.own


def catalogue(folder: Path) -> dict[str, dict[str, dict[str, str]]]:
    """Every entry by code."""
    return {
        code: entry for file in folder.glob("*.toml") for code, entry in tomllib.loads(file.read_text("utf-8")).items()
    }


def placeholders(sentences: dict[str, str]) -> set[str]:
    """What a language's message and hint leave open; raises ValueError on anything but a bare name."""
    found: set[str] = set()
    for sentence in sentences.values():
        for _, name, form, conversion in Formatter().parse(sentence):
            if name is not None:
                if form or conversion or not name.isidentifier():
                    raise ValueError(f"only bare names stand in braces: {sentence!r}")
                found.add(name)
    return found


def faults(sources: Sources, words: dict[str, dict[str, dict[str, str]]]) -> list[str]:
    """What is wrong between sources and catalogue, one line each."""
    found: list[str] = []
    used = words.keys() & sources.words()
    for use in sources.uses():
        codes = [code for code in words if re.fullmatch(use.code, code)]
        used.update(codes)
        if not codes:
            found.append(f"{use.where}: {use.code} is not in the catalogue")
        for code in codes if use.literal and use.supplied is not None else ():
            missing = placeholders(words[code]["en"]) - (use.supplied or set())
            found.extend(f"{use.where}: {code} leaves {{{name}}} open" for name in sorted(missing))
    found.extend(f"{code} is in the catalogue and nothing raises it" for code in words if code not in used)
    return found


ENTRIES = catalogue(MESSAGES)


def test_sources_and_catalogue_agree() -> None:
    if found := faults(Sources(SOURCE), ENTRIES):
        pytest.fail("\n".join(found), pytrace=False)


@pytest.mark.parametrize("code", sorted(ENTRIES))
def test_every_entry_speaks_both_languages(code: str) -> None:
    entry: dict[str, Any] = ENTRIES[code]
    assert entry.keys() == LANGUAGES
    assert all(part.keys() == {"message", "hint"} for part in entry.values())
    assert all(sentence.strip() for part in entry.values() for sentence in part.values())
    assert placeholders(entry["en"]) == placeholders(entry["ko"])
    assert any("가" <= character <= "힣" for character in entry["ko"]["message"])


def test_no_code_is_written_twice() -> None:
    files = [tomllib.loads(file.read_text("utf-8")) for file in MESSAGES.glob("*.toml")]
    assert sum(map(len, files)) == len(ENTRIES)


HOSTILE = """
class Late(InputProblem): ...
class InputProblem(Problem): ...
class Other(ValueError):
    def __init__(self, reason): super().__init__("no code at all")
class Fixed(Problem):
    def __init__(self, reason): super().__init__("fixed", reason=reason)
def make(place, code, **details): return Late(code, place, label="x", **details)
def outer(code): return make(None, code)
{}
"""


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ('raise Late("misspelt")', "misspelt is not in the catalogue"),
        ('outer("misspelt")', "misspelt is not in the catalogue"),
        ('make(None, code="misspelt")', "misspelt is not in the catalogue"),
        ('raise Late("known" if a else "misspelt", label=1)', "misspelt is not in the catalogue"),
        ('raise Late(f"miss_{a}")', "miss_.+ is not in the catalogue"),
        ('raise Late("known")', "known leaves {label} open"),
        ('make(None, "two", label=1)', "two leaves {limit} open"),
        ("", "two is in the catalogue and nothing raises it"),
        ('make(None, "known"); make(None, "two", limit=1); Fixed("any words")', ""),
        ('x = {"limit": 1} | a.details; make(None, "two"); y = "known"', ""),
        ('TABLE = {1: "known", 2: "two"}', ""),
        ('raise Late(f"{a}wo", **b); raise Late(f"kno{a}")', ""),
    ],
)
def test_these_faults_are_found(tmp_path: Path, line: str, fault: str) -> None:
    (tmp_path / "hostile.py").write_text(HOSTILE.format(line), "utf-8")
    words = {
        code: {language: {"message": text, "hint": ""} for language in LANGUAGES}
        for code, text in {"known": "{label}", "two": "{label} {limit}", "fixed": "{reason}"}.items()
    }
    found = faults(Sources(tmp_path), words)
    assert any(fault in each for each in found) if fault else not found
