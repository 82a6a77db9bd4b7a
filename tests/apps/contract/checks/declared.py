"""The declaration and its samples, before anything is sent."""

from __future__ import annotations

from collections.abc import Iterable

from outcode.appkit import Action, App, NoteField
from outcode.appkit.accept import accept_answers, is_empty
from outcode.appkit.fields import Field
from outcode.appkit.lint import lint
from outcode.appkit.samples import TEST, Sample, owner_of, shows
from outcode.values.problems import Problem, ProblemList
from tests.apps.contract.canaries import held
from tests.apps.contract.findings import Findings
from tests.apps.contract.stage import staged
from tests.apps.contract.subjects import Subject


async def declaration(subject: Subject) -> Findings:
    """Valid, in good form, and the same after a journey through plain values."""
    plain = subject.app.model_dump()
    again = App.model_validate(plain).model_dump()
    found = Findings()
    found.of("form", lint(subject.app))
    found.of("copy", [] if again == plain else ["the declaration does not survive being written down"])
    return found


async def samples(subject: Subject) -> Findings:
    """Every action, trigger and the connection test has one, and each fits its form."""
    app = subject.app
    found = Findings()
    owners = {each.key for each in app.actions} | {each.key for each in app.triggers}
    wanted = owners | ({TEST} if app.test is not None else set())
    good = {owner_of(name) for name, sample in subject.samples.items() if shows(app, name, sample)}
    found += [f"{key} has no sample in which it succeeds" for key in sorted(wanted - good)]
    found += [f"{name} belongs to nothing" for name in subject.samples if owner_of(name) not in wanted]
    for name, sample in subject.samples.items():
        found.of(name, _sample(app, owner_of(name), sample))
    return found


async def required(subject: Subject) -> Findings:
    """Each required answer that is missing is named, in both languages; all others can be left out."""
    found = Findings()
    for action in subject.app.actions:
        for sample in subject.good(action):
            for field in _asked(action, sample):
                found.of(action.key, _missing(action, sample, field))
    await _optional(subject, found)
    for kind in subject.app.connections:
        fields = held(kind, Sample()).fields
        for field in kind.fields:
            if field.required and field.shown_when is None and is_empty(field.default) and field.kind != "file":
                left = {key: value for key, value in fields.items() if key != field.key}
                others = [each for each in kind.fields if each.kind != "file"]
                found.of(kind.key, _named(others, left, field))
    return found


async def _optional(subject: Subject, found: Findings) -> None:
    """What is not required can be left out: without it there is still a call."""
    async with staged(subject) as stage:
        for name, action, _call, sample in subject.first_http_cases():
            for field in action.fields:
                if field.required or field.key not in sample.inputs or action.before is not None:
                    continue
                left = {key: value for key, value in sample.inputs.items() if key != field.key}
                less = sample.model_copy(update={"inputs": left})
                problem = (await stage.perform(action, less, *(each.response for each in sample.exchanges))).problem
                refused = problem is not None and problem.kind == "input"
                found.of(name, [f"{field.key} is not required, and without it: {problem}"] if refused else [])


def _sample(app: App, owner: str, sample: Sample) -> Iterable[str]:
    action = app.action(owner)
    if sample.connection.kind is not None and app.connection_kind(sample.connection.kind) is None:
        yield f"the app has no kind of connection {sample.connection.kind!r}"
    if action is None:
        return
    known = {field.key for field in action.fields}
    for key in sorted(set(sample.inputs) - known):
        yield f"there is no field {key!r}"
    try:
        accept_answers(action.fields, dict(sample.inputs))
    except ProblemList as problems:
        yield from (f"{problem.place.field}: {problem.message()}" for problem in problems.problems)
    except Problem as problem:
        yield f"{problem.place.field}: {problem.message()}"
    if action.call.kind == "request" and not sample.exchanges:
        yield "nothing goes over HTTP"
    if sample.problem is not None and (sample.result is not None or sample.meta is not None):
        yield "succeeds and fails at once"


def _asked(action: Action, sample: Sample) -> Iterable[Field]:
    """The required fields that a sample answers and that have no default to fall back on."""
    for field in action.fields:
        alone = field.shown_when is None and is_empty(field.default) and not isinstance(field, NoteField)
        if field.required and alone and field.key in sample.inputs:
            yield field


def _missing(action: Action, sample: Sample, field: Field) -> list[str]:
    left = {key: value for key, value in sample.inputs.items() if key != field.key}
    return _named(action.fields, left, field)


def _named(fields: Iterable[Field], answers: dict[str, object], missing: Field) -> list[str]:
    try:
        accept_answers(fields, answers, within="inputs")
    except Problem as problem:
        named = problem.place.field == f"inputs.{missing.key}"
        said = all(getattr(missing.label, language) in problem.message(language) for language in ("en", "ko"))
        if named and said:
            return []
        return [f"{missing.key}: its absence is told as {problem.message()!r} at {problem.place.field}"]
    return [f"{missing.key}: nothing says that it is missing"]
