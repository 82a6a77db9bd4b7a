"""From the tree and a scope to a value: plain steps through dicts and lists, then the pipes.

Only exact ``dict`` and ``list`` are ever entered, by ``[]``; no attribute is read, nothing is called or formatted. A
missing key is an error that names it, unless ``default`` is piped: then everything up to the first ``default`` is
skipped and its argument taken, inside ``[*]`` for each element.
"""

from __future__ import annotations

from outcode.values.json import Json
from outcode.values.problems import ReferenceProblem
from outcode.values.references.pipes import apply_pipe
from outcode.values.references.printing import print_reference
from outcode.values.references.rendering import MAX_TEXT_LENGTH, render, type_name
from outcode.values.references.scope import Root, Scope
from outcode.values.references.suggestions import nearest, shortened
from outcode.values.references.syntax import Each, Index, Key, Meta, Reference, Scalar, Step, Template

TRIGGER_PARTS = frozenset({"body", "query", "headers", "method"})
MAX_ELEMENTS = 1_000_000


class _Missing:
    pass


_MISSING = _Missing()


def resolve_text(template: Template, scope: Scope) -> Json:
    """The value of a lone reference with its type, else the text with every reference rendered.

    Raises ReferenceProblem. The value is the scope's own object: read it, do not change it.

    >>> from outcode.values.references import parse_template
    >>> resolve_text(parse_template("{{a.n}}"), {"a": Root({"n": 5})})
    5
    """
    if template.lone is not None:
        return resolve_reference(template.lone, scope)
    written: list[str] = []
    size = 0
    for part in template.parts:
        text = resolve_as_text(part, scope) if isinstance(part, Reference) else part.value
        size += len(text)
        if size > MAX_TEXT_LENGTH:
            raise ReferenceProblem("result_too_large", limit=MAX_TEXT_LENGTH)
        written.append(text)
    return "".join(written)


def resolve_as_text(reference: Reference, scope: Scope) -> str:
    """A reference's value, rendered."""
    value = resolve_reference(reference, scope)
    try:
        return render(value)
    except ReferenceProblem as problem:
        raise completed(problem, reference) from problem


def resolve_reference(reference: Reference, scope: Scope) -> Json:
    """A reference's value after its pipes, with its type; raises ReferenceProblem with the reference's offset."""
    try:
        return _Walk(reference, scope).value()
    except ReferenceProblem as problem:
        raise completed(problem, reference) from problem


def completed(problem: ReferenceProblem, reference: Reference) -> ReferenceProblem:
    """The problem with the text and the place of the reference it is about, for whoever resolves in another place."""
    details = {"reference": shortened(print_reference(reference), 120)} | problem.details
    known = ReferenceProblem(problem.code, problem.place, **details)
    return known.at(offset=reference.start, line=reference.line, column=reference.column)


class _Walk:
    def __init__(self, reference: Reference, scope: Scope) -> None:
        self.reference = reference
        self.scope = scope
        self.defaults = [number for number, pipe in enumerate(reference.pipes) if pipe.name == "default"]

    def value(self) -> Json:
        reference = self.reference
        value, first = self._walked(), 0
        if (value is _MISSING or value is None) and self.defaults:
            value, first = self._fallback(), self.defaults[0] + 1
        type_name(value)
        for pipe in reference.pipes[first:]:
            value = apply_pipe(pipe, value)
        return value

    def _fallback(self) -> Scalar:
        return self.reference.pipes[self.defaults[0]].arguments[0]

    def _walked(self) -> Json | _Missing:
        reference = self.reference
        root = self.scope.get(reference.root)
        if root is None:
            return self._no_root()
        label = root.label or reference.root
        path = reference.path
        if path and isinstance(path[0], Meta):
            return self._steps(root.meta, path[1:], f"{label} $meta")
        if reference.root == "trigger" and path and isinstance(path[0], Key) and _is_in_body(path[0].name, root):
            path = (Key("body"), *path)
        names_array = root.whole is not None and path and isinstance(path[0], Index | Each)
        return self._steps(root.whole if names_array else root.value, path, label)

    def _steps(self, value: Json, path: tuple[Step, ...], label: str) -> Json | _Missing:
        for number, step in enumerate(path):
            match step:
                case Key(name=name):
                    value = self._key(value, name, label)
                case Index(position=position):
                    value = self._index(value, position, label)
                case Each():
                    return self._each(value, path[number + 1 :], label)
                case Meta():
                    value = self._key(value, "$meta", label)
            if value is _MISSING:
                return _MISSING
        return value

    def _each(self, value: Json, rest: tuple[Step, ...], label: str) -> Json | _Missing:
        if value is None:
            return self._missing("reference_null", label=label, key="[*]")
        if type(value) is not list:
            raise ReferenceProblem("reference_not_a_list", step="[*]", got=type_name(value), label=label)
        found: list[Json] = []
        flat = any(isinstance(step, Each) for step in rest)
        for index, element in enumerate(value):
            taken = self._steps(element, rest, f"{label} [{index}]")
            if (taken is _MISSING or taken is None) and self.defaults:
                taken = self._fallback()
            if flat and type(taken) is list:
                found.extend(taken)
            else:
                found.append(taken)
            if len(found) > MAX_ELEMENTS:
                raise ReferenceProblem("result_too_many", limit=MAX_ELEMENTS)
        return found

    def _key(self, value: Json, name: str, label: str) -> Json | _Missing:
        if type(value) is dict:
            if name in value:
                return value[name]
            near = nearest(name, (key for key in value if type(key) is str))
            if near is None:
                return self._missing("reference_key_missing", label=label, key=shortened(name))
            return self._missing("reference_key_missing_near", label=label, key=shortened(name), near=near)
        if value is None:
            return self._missing("reference_null", label=label, key=shortened(name))
        if type(value) is list:
            raise ReferenceProblem("reference_key_of_list", label=label, key=shortened(name), length=len(value))
        raise ReferenceProblem("reference_key_of_scalar", label=label, key=shortened(name), got=type_name(value))

    def _index(self, value: Json, position: int, label: str) -> Json | _Missing:
        if value is None:
            return self._missing("reference_null", label=label, key=f"[{position}]")
        if type(value) is not list:
            raise ReferenceProblem("reference_not_a_list", step=f"[{position}]", got=type_name(value), label=label)
        if -len(value) <= position < len(value):
            return value[position]
        return self._missing("reference_index_missing", label=label, index=position, length=len(value))

    def _no_root(self) -> _Missing:
        root = shortened(self.reference.root)
        near = nearest(self.reference.root, self.scope)
        if near is None:
            raise ReferenceProblem("reference_root_missing", root=root, names=sorted(self.scope) or ["-"])
        raise ReferenceProblem("reference_root_missing_near", root=root, near=near)

    def _missing(self, code: str, **details: Json) -> _Missing:
        if self.defaults:
            return _MISSING
        raise ReferenceProblem(code, **details)


def _is_in_body(name: str, trigger: Root) -> bool:
    if name in TRIGGER_PARTS or type(trigger.value) is not dict:
        return False
    body = trigger.value.get("body")
    return type(body) is dict and (name in body or name not in trigger.value)
