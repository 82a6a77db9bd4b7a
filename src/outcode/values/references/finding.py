"""Asking a document's inputs about their references without resolving them: which there are, and renaming in them."""

from __future__ import annotations

from collections.abc import Iterator

from outcode.values import tagged
from outcode.values.problems import ReferenceProblem
from outcode.values.references.parser import parse_template
from outcode.values.references.printing import print_step
from outcode.values.references.resolve import TRIGGER_PARTS
from outcode.values.references.syntax import Key, Reference
from outcode.values.references.tokens import Kind, Tokens


def references_in(value: tagged.Tagged, field: str = "") -> Iterator[tuple[str, Reference]]:
    """Every reference inside, with the dotted path of its field; raises ReferenceProblem with field and offset.

    >>> [(path, reference.root) for path, reference in references_in(tagged.tag({"x": ["{{a.y}}"]}), "inputs")]
    [('inputs.x[0]', 'a')]
    """
    for path, template in tagged.templates(value, field):
        try:
            parsed = parse_template(template.text)
        except ReferenceProblem as problem:
            raise problem.at(field=path) from problem.__cause__
        for reference in parsed.references:
            yield path, reference


def rename_root(template_text: str, old: str, new: str) -> str:
    """The text with every reference to ``old`` naming ``new``; all else, spaces included, stays as it was typed.

    >>> rename_root("{{ a.x }} and a.x", "a", "b")
    '{{ b.x }} and a.x'
    """
    written: list[str] = []
    position = 0
    for reference in parse_template(template_text).references:
        if reference.root == old:
            start = reference.start + 2
            while template_text[start].isspace():
                start += 1
            written += [template_text[position:start], new]
            position = start + len(old)
    return "".join([*written, template_text[position:]])


def rename_trigger_key(template_text: str, old: str, new: str) -> str:
    """The text with every reference to ``trigger.body.old``, in the elder form too, naming ``new`` instead.

    >>> rename_trigger_key("{{ trigger.body.mail | upper }} {{trigger.mail.x}}", "mail", "e-mail address")
    '{{ trigger.body["e-mail address"] | upper }} {{trigger["e-mail address"].x}}'
    """
    written: list[str] = []
    position = 0
    for reference in parse_template(template_text).references:
        if reference.root != "trigger":
            continue
        match reference.path:
            case (Key(name="body"), Key(name=name), *_) if name == old:
                number, renamed = 1, print_step(Key(new), first=False)
            case (Key(name=name), *_) if name == old and name not in TRIGGER_PARTS:
                body = ".body" if new in TRIGGER_PARTS or new == "$meta" else ""
                number, renamed = 0, body + print_step(Key(new), first=False)
            case _:
                continue
        start, end = _step_span(template_text, reference, number)
        written += [template_text[position:start], renamed]
        position = end
    return "".join([*written, template_text[position:]])


def _step_span(template_text: str, reference: Reference, number: int) -> tuple[int, int]:
    """Where a step of a reference's path is written: ``.key`` or ``["key"]``, spaces inside included."""
    tokens = Tokens(template_text, reference.start)
    tokens.advance()
    start = end = reference.start
    for _ in range(number + 1):
        opening = tokens.advance()
        start, end = opening.start, tokens.advance().end
        if opening.kind is Kind.OPEN_BRACKET:
            end = tokens.advance().end
    return start, end
