"""The place "JSON": a bare reference becomes a JSON value, inside a JSON string its text, escaped.

{"n": {{a.count}}, "greeting": "Hello {{a.name}}"}
"""

from __future__ import annotations

from outcode.values.json import Json, loads
from outcode.values.problems import InputProblem, ReferenceProblem
from outcode.values.references.rendering import MAX_TEXT_LENGTH, json_text
from outcode.values.references.resolve import completed, resolve_as_text, resolve_reference
from outcode.values.references.scope import Scope
from outcode.values.references.syntax import Reference, Template
from outcode.values.references.weaving import MARK, weave


def resolve_json_text(template: Template, scope: Scope) -> Json:
    """The JSON value of a text of JSON; raises ReferenceProblem, with the parser's reason if it is not JSON."""
    if template.lone is not None:
        return resolve_reference(template.lone, scope)
    woven = weave(template)
    written: list[str] = []
    size = position = 0
    quoted = False
    for offset, reference in woven.within(0, len(woven.text)):
        plain = woven.text[position:offset]
        quoted, escaping = _state_after(plain, quoted=quoted)
        if escaping:
            raise completed(ReferenceProblem("reference_after_backslash"), reference)
        value = _written(reference, scope, quoted=quoted)
        written += [plain, value]
        size += len(plain) + len(value)
        if size > MAX_TEXT_LENGTH:
            raise ReferenceProblem("result_too_large", limit=MAX_TEXT_LENGTH)
        position = offset + len(MARK)
    written.append(woven.text[position:])
    try:
        return loads("".join(written))
    except InputProblem as problem:
        raise ReferenceProblem("reference_json_invalid", reason=problem.details["reason"]) from problem


def _written(reference: Reference, scope: Scope, *, quoted: bool) -> str:
    value = resolve_as_text(reference, scope) if quoted else resolve_reference(reference, scope)
    try:
        written = json_text(value)
    except ReferenceProblem as problem:
        raise completed(problem, reference) from problem
    # The spaces keep 1{{a.n}} from becoming another number.
    return written[1:-1] if quoted else f" {written} "


def _state_after(text: str, *, quoted: bool) -> tuple[bool, bool]:
    """Whether the text ends inside a string, and whether it ends with a backslash that would escape what follows."""
    position = 0
    while position < len(text):
        if quoted and text[position] == "\\":
            position += 1
        elif text[position] == '"':
            quoted = not quoted
        position += 1
    return quoted, position > len(text)
