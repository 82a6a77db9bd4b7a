"""Templates made ready for many rows: what can be known before the first row is worked out once.

The quick way covers what rows are full of: keys and indexes that are there, and values of the usual types. Everything
else (a missing key, ``[*]``, ``$meta``, the elder form of ``trigger``, a value of a wrong type) is left to
``resolve.py``, so that there is one place which says what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from typing import Any

from outcode.values import tagged
from outcode.values.json import Json
from outcode.values.problems import ReferenceProblem
from outcode.values.references.numbers import number_text
from outcode.values.references.parser import SMALL, parse_template
from outcode.values.references.pipes import PIPES
from outcode.values.references.rendering import MAX_TEXT_LENGTH, TYPES, render
from outcode.values.references.resolve import TRIGGER_PARTS, resolve_reference, resolve_text
from outcode.values.references.scope import Scope
from outcode.values.references.syntax import Index, Key, Pipe, Reference, Scalar, Template, Text

Resolver = Callable[[Scope], Json]


def resolve_tagged(value: tagged.Tagged, scope: Scope, *, field: str) -> Json:
    """The value of an input: literals as they are, templates resolved.

    ``field`` is its dotted path; it is put, with what stands inside, into the place of a ReferenceProblem.
    """
    match value:
        case tagged.Literal(value=literal):
            return literal
        case tagged.Template(text=text):
            try:
                return resolver(text)(scope)
            except ReferenceProblem as problem:
                raise problem.at(field=field) from problem.__cause__
        case tagged.List(items=items):
            return [resolve_tagged(item, scope, field=f"{field}[{index}]") for index, item in enumerate(items)]
        case tagged.Object(entries=entries):
            return {key: resolve_tagged(item, scope, field=f"{field}.{key}") for key, item in entries.items()}


def resolver(text: str) -> Resolver:
    """The resolver of a template's text; the same text is read and prepared once and remembered.

    Raises ReferenceProblem as ``parse_template`` does; what it returns raises as ``resolve_text`` does.

    >>> from outcode.values.references import Root
    >>> greeting = resolver("Hi {{a.name}}")
    >>> [greeting({"a": Root({"name": name})}) for name in ("Ann", "Bo")]
    ['Hi Ann', 'Hi Bo']
    """
    return _remembered(text) if len(text) <= SMALL else compile_template(parse_template(text))


def compile_template(template: Template) -> Resolver:
    """A function that gives for every scope what ``resolve_text`` gives, in a fraction of the time."""
    if template.lone is not None:
        return _value_of(template.lone)
    pieces = [_piece(part) for part in template.parts]
    if any(piece is None for piece in pieces):
        return lambda scope: resolve_text(template, scope)
    plan = tuple(piece for piece in pieces if piece is not None)
    literal_size = sum(len(part.value) for part in template.parts if isinstance(part, Text))

    def resolve(scope: Scope) -> Json:
        # All in one loop, as in _value_of: a call for each reference would be a third of the time.
        written: list[str] = []
        size = literal_size
        try:
            for literal, root_name, of_whole, steps, pipes in plan:
                if root_name is None:
                    written.append(literal)
                    continue
                root = scope[root_name]
                if of_whole and root.whole is not None:
                    return resolve_text(template, scope)
                value: Any = root.value
                for container, step in steps:
                    if type(value) is not container:
                        return resolve_text(template, scope)
                    value = value[step]
                for accepted, apply, arguments in pipes:
                    if type(value) not in accepted:
                        return resolve_text(template, scope)
                    value = apply(value, *arguments)
                kind = type(value)
                text = value if kind is str else number_text(value) if kind is int or kind is Decimal else render(value)
                size += len(text)
                if size > MAX_TEXT_LENGTH:
                    return resolve_text(template, scope)
                written.append(text)
        except (LookupError, ReferenceProblem):
            return resolve_text(template, scope)
        return "".join(written)

    return resolve


_Steps = tuple[tuple[Any, Any], ...]
_Pipes = tuple[tuple[frozenset[type], Callable[..., Json], tuple[Scalar, ...]], ...]


def _piece(part: Text | Reference) -> tuple[str, str | None, bool, _Steps, _Pipes] | None:
    """A text as it is, or what a reference comes to; None for a reference that the quick way does not cover."""
    if isinstance(part, Text):
        return part.value, None, False, (), ()
    steps = _plain_steps(part)
    if steps is None or any(pipe.name == "default" for pipe in part.pipes):
        return None
    return "", part.root, bool(steps) and steps[0][0] is list, steps, tuple(_prepared(pipe) for pipe in part.pipes)


@lru_cache(maxsize=4096)
def _remembered(text: str) -> Resolver:
    return compile_template(parse_template(text))


def _value_of(reference: Reference) -> Resolver:
    steps = _plain_steps(reference)
    if steps is None:
        return lambda scope: resolve_reference(reference, scope)
    root_name = reference.root
    pipes = tuple(_prepared(pipe) for pipe in reference.pipes)
    has_default = any(pipe.name == "default" for pipe in reference.pipes)
    begins_with_index = bool(steps) and steps[0][0] is list

    def value_of(scope: Scope) -> Json:
        root = scope.get(root_name)
        if root is None or (begins_with_index and root.whole is not None):
            return resolve_reference(reference, scope)
        value: Json = root.value
        try:
            for container, step in steps:
                if type(value) is not container:
                    return resolve_reference(reference, scope)
                value = value[step]
            if value is None and has_default:
                return resolve_reference(reference, scope)
            for accepted, apply, arguments in pipes:
                if type(value) not in accepted:
                    return resolve_reference(reference, scope)
                value = apply(value, *arguments)
        except (LookupError, ReferenceProblem):
            return resolve_reference(reference, scope)
        return value if type(value) in TYPES else resolve_reference(reference, scope)

    return value_of


def _prepared(pipe: Pipe) -> tuple[frozenset[type], Callable[..., Json], tuple[Scalar, ...]]:
    """The Python types on which a pipe works without a closer look, its function and its arguments."""
    entry = PIPES[pipe.name]
    accepted = frozenset(kind for kind, name in TYPES.items() if name in entry.accepts)
    return accepted if "file" in entry.accepts else accepted - {dict}, entry.apply, pipe.arguments


def _plain_steps(reference: Reference) -> _Steps | None:
    """The keys and indexes of a path that is made of nothing else, and whose first key means what it says."""
    steps: list[tuple[Any, Any]] = []
    for step in reference.path:
        match step:
            case Key(name=name):
                steps.append((dict, name))
            case Index(position=position):
                steps.append((list, position))
            case _:
                return None
    elder_form = reference.root == "trigger" and steps and steps[0][1] not in TRIGGER_PARTS
    return None if elder_form else tuple(steps)
