"""Whether references stand where their values can be put safely: not in a comment of SQL, not in a URL's host.

The very code that puts values in at run time is asked, with a short text in the place of every reference.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from outcode.appkit import Action
from outcode.appkit.fields import CodeField, Field, JsonField, TextField
from outcode.flows.checks.uses import Uses
from outcode.flows.dataflow import Dataflow
from outcode.flows.findings import Finding
from outcode.values.problems import ReferenceProblem
from outcode.values.references import (
    Reference,
    Root,
    Template,
    bind_javascript,
    bind_sql,
    print_reference,
    print_template,
    resolve_json_text,
    resolve_url,
)
from outcode.values.references.suggestions import shortened

_PROBE = {"probe": Root("x")}
_DEPENDS_ON_CONNECTION = frozenset({"url_host_refused"})
"""A connection may allow hosts, so before the run nothing can be said."""


def place_findings(document: Dataflow, actions: Mapping[str, Action], uses: Uses) -> Iterator[Finding]:
    """References at refused places of SQL, JavaScript, JSON and URL fields."""
    for letter, action in actions.items():
        connected = document.tasks[letter].connection is not None
        for text in uses.by_task[letter]:
            field = action.field(text.field)
            if field is None or not text.whole:
                continue
            try:
                _probe(field, text.template, print_template(text.template))
            except ReferenceProblem as problem:
                if not (connected and problem.code in _DEPENDS_ON_CONNECTION):
                    yield Finding(_renamed(problem, text.template), text.path)


def _probe(field: Field, template: Template, written: str) -> None:
    probes = tuple(
        Reference("probe", start=part.start, end=part.end) if isinstance(part, Reference) else part
        for part in template.parts
    )
    probe = Template(probes)
    match field:
        case CodeField(place="sql", dialect=dialect):
            bind_sql(probe, _PROBE, dialect or "postgresql")
        case CodeField(place="javascript"):
            bind_javascript(probe, _PROBE)
        case JsonField() if field.reads_as_json(written):
            resolve_json_text(probe, _PROBE)
        case TextField(place="url"):
            resolve_url(probe, _PROBE)
        case _:
            pass


def _renamed(problem: ReferenceProblem, template: Template) -> ReferenceProblem:
    """The problem with the reference that was written in place of its probe."""
    offset = problem.place.offset
    if "reference" in problem.details and offset is not None:
        written = next((each for each in template.references if each.start <= offset < each.end), None)
        problem.details["reference"] = "{{…}}" if written is None else shortened(print_reference(written))
    return problem
