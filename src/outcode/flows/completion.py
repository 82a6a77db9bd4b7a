"""What can be referred to from a field of a task, with samples, and the pipes: what a list shows after ``{{``.

Known before any run are the outputs that actions declare and the inputs that the flow declares; results of a last run
or test add the keys that only the other side knows. Nothing here reads a database: whoever asks brings the samples.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from outcode.appkit import Action, App, OutputField, Outputs, RowsField, Words
from outcode.flows.checks.lineage import makes_rows
from outcode.flows.checks.order import Needs, needs_of, runnable_order
from outcode.flows.checks.tasks import actions_of
from outcode.flows.checks.uses import Uses
from outcode.flows.dataflow import Dataflow, EventTrigger, ManualTrigger, ScheduleTrigger, WebhookTrigger
from outcode.flows.samples import Found, Names, found_in, shown
from outcode.values.json import Json
from outcode.values.references import PIPES, Each, Index, Key, Meta, Reference, Step, print_reference

_ROWS_LOOKED_AT = 20
"""Failed rows have no result, so the first that has one is the sample."""
_EACH_ROW = Words(en="Each row", ko="각 행")
_ALL_ROWS = Words(en="All rows", ko="모든 행")
_RESULT = Words(en="Whole result", ko="전체 결과")
_INPUT_TYPES = {"url": "text", "json": "any"}
_TRIGGER_PARTS = {
    "body": (Words(en="Body", ko="본문"), "any"),
    "query": (Words(en="Query parameters", ko="쿼리 매개변수"), "object"),
    "headers": (Words(en="Headers", ko="헤더"), "object"),
    "method": (Words(en="Method", ko="메서드"), "text"),
}
_SCHEDULE_PARTS = {"scheduledAt": (Words(en="Planned time", ko="예정 시각"), "datetime")}
_RUN = {
    ("run", "id"): (Words(en="Run ID", ko="실행 ID"), "text"),
    ("run", "startedAt"): (Words(en="Start of the run", ko="실행 시작 시각"), "datetime"),
    ("now",): (Words(en="Now", ko="현재 시각"), "datetime"),
}
_ROW_NUMBER = Words(en="Number of the row", ko="행 번호")


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One thing that can be referred to.

    ``text`` is the whole reference, ``{{a.email}}``; ``type`` one of text, number, boolean, datetime, object, list,
    file, any; ``sample`` a value as people read it, cut short, masked where it is sensitive, None where none is known;
    ``source`` the root: a task's letter, ``trigger``, ``run``, ``now`` or ``row``.
    """

    text: str
    label: Words
    type: str
    sample: str | None
    source: str


@dataclass(frozen=True, slots=True)
class PipeSuggestion:
    """One pipe: how it is written, on which types it works, and what it makes of what."""

    name: str
    usage: str
    words: Words
    accepts: tuple[str, ...]
    example: str


def pipe_suggestions() -> list[PipeSuggestion]:
    """All pipes, in the order in which the documentation lists them.

    >>> pipe_suggestions()[1].example
    'ann → ANN'
    """
    return [
        PipeSuggestion(
            name=entry.name,
            usage=entry.usage,
            words=Words(en=entry.english, ko=entry.korean),
            accepts=tuple(sorted(entry.accepts)),
            example=f"{shown(entry.example[1])} → {shown(entry.example[2])}",
        )
        for entry in PIPES.values()
    ]


def suggestions(
    document: Dataflow, apps: Mapping[str, App], letter: str, field: str, *, samples: Mapping[str, Json] | None = None
) -> list[Suggestion]:
    """Everything that ``field`` of task ``letter`` can refer to: other tasks in order, trigger, run, now, row.

    Left out are the task itself and the tasks that wait for it. A letter that no task has stands for one about to be
    added. ``samples`` maps letters, and ``trigger``, to what they gave the last time.

    >>> [each.text for each in suggestions(Dataflow(name="Hello", tasks={}), {}, "a", "url")]
    ['{{trigger.body}}', '{{run.id}}', '{{run.startedAt}}', '{{now}}']
    """
    known = _Known.of(document, apps, samples or {})
    action = known.actions.get(letter)
    task = document.tasks.get(letter)
    whole = isinstance(action.field(field) if action else None, RowsField) or (task is not None and task.run_once)
    behind = known.behind(letter)
    found = [
        suggestion
        for other in document.tasks
        if other not in behind
        for suggestion in _of_task(known, other, whole=whole)
    ]
    found += _of_trigger(document, known.samples.get("trigger"))
    found += [_suggestion(root, [Key(key) for key in keys], *each) for (root, *keys), each in _RUN.items()]
    if letter in known.iterating and not whole:
        found.append(_suggestion("row", [Key("number")], _ROW_NUMBER, "number", "1"))
    return list({suggestion.text: suggestion for suggestion in reversed(found)}.values())[::-1]


@dataclass(frozen=True, slots=True)
class _Known:
    """What the document says, worked out once: ``lists`` are the tasks whose result is an array."""

    document: Dataflow
    actions: Mapping[str, Action]
    needs: Needs
    samples: Mapping[str, Json]
    lists: frozenset[str]
    iterating: frozenset[str]

    @classmethod
    def of(cls, document: Dataflow, apps: Mapping[str, App], samples: Mapping[str, Json]) -> _Known:
        uses = Uses.of(document)
        needs = needs_of(document, uses)
        actions = actions_of(document, apps)
        lists = {letter for letter, value in samples.items() if isinstance(value, list)}
        iterating: set[str] = set()
        for letter in runnable_order(needs):
            task, action = document.tasks[letter], actions.get(letter)
            for text, reference in uses.references(letter) if not task.run_once else ():
                field = action.field(text.field) if action is not None else None
                of_each = not isinstance(next(iter(reference.path), None), Index | Each | Meta)
                if reference.root in lists and of_each and not isinstance(field, RowsField):
                    iterating.add(letter)
            if letter in iterating or (action is not None and makes_rows(action, task)):
                lists.add(letter)
        return cls(document, actions, needs, samples, frozenset(lists), frozenset(iterating))

    def behind(self, letter: str) -> set[str]:
        """The task itself and all that wait for it."""
        found, more = {letter}, True
        while more:
            waiting = {other for other, needed in self.needs.items() if other not in found and needed & found}
            found |= waiting
            more = bool(waiting)
        return found


def _of_task(known: _Known, letter: str, *, whole: bool) -> Iterator[Suggestion]:
    action = known.actions.get(letter)
    outputs = action.outputs if action is not None else Outputs()
    is_list = letter in known.lists
    inside = _sampled(known.samples, letter, is_list=is_list, outputs=outputs)
    top = inside.pop((), None)
    if not is_list:
        yield _suggestion(letter, [], _RESULT, top.type if top else "any", top.sample if top else None)
    elif whole:
        sample = shown(known.samples[letter], sensitive=_sensitive(outputs)) if top else None
        yield _suggestion(letter, [], _ALL_ROWS, "list", sample)
    else:
        yield _suggestion(letter, [], _EACH_ROW, top.type if top else "any", top.sample if top else None)
    each: list[Step] = [Each()] if is_list and whole else []
    for field in outputs.fields:
        names = tuple(field.path.split("."))
        found = inside.pop(names, None)
        yield _declared(letter, each, names, field, found, is_list=bool(each))
    for found in inside.values():
        yield _suggestion(letter, [*each, *found.steps], _plain(found), "list" if each else found.type, found.sample)
    for field in outputs.meta:
        yield _declared(letter, [Meta()], tuple(field.path.split(".")), field, None)


def _sampled(samples: Mapping[str, Json], letter: str, *, is_list: bool, outputs: Outputs) -> dict[Names, Found]:
    """What is inside a task's sample, by keys; of a list, inside its first element."""
    if letter not in samples:
        return {}
    values = [samples[letter]]
    if is_list:
        rows = samples[letter] if isinstance(samples[letter], list) else []
        values = [row for row in rows[:_ROWS_LOOKED_AT] if row is not None][:1]
    return {found.names: found for value in values for found in found_in(value, _sensitive(outputs))}


def _sensitive(outputs: Outputs) -> frozenset[Names]:
    return frozenset(tuple(field.path.split(".")) for field in outputs.fields if field.sensitive)


def _declared(
    root: str, before: list[Step], names: Names, field: OutputField, found: Found | None, *, is_list: bool = False
) -> Suggestion:
    kind = "list" if is_list else field.type if field.type != "any" or found is None else found.type
    steps = [*before, *(Key(name) for name in names)]
    return _suggestion(root, steps, field.label, kind, found.sample if found else None)


def _of_trigger(document: Dataflow, sample: Json) -> Iterator[Suggestion]:
    parts: Mapping[str, tuple[Words, str]]
    match document.trigger:
        case ManualTrigger():
            parts = {"body": _TRIGGER_PARTS["body"]}
        case ScheduleTrigger():
            parts = _SCHEDULE_PARTS
        case WebhookTrigger():
            parts = _TRIGGER_PARTS
        case EventTrigger():
            return
    given = sample if isinstance(sample, dict) else {}
    inside = {found.names: found for part in given for found in found_in(given[part], within=(part,))}
    for name, declared in document.inputs.items():
        names = ("body", name)
        found = inside.pop(names, None)
        value = declared.default if declared.sample is None else declared.sample
        written = found.sample if found else None if value is None else shown(value, names)
        kind = _INPUT_TYPES.get(declared.type, declared.type)
        yield _suggestion("trigger", [Key(name) for name in names], Words(en=name, ko=name), kind, written)
    for part, (label, kind) in parts.items():
        found = inside.pop((part,), None)
        yield _suggestion("trigger", [Key(part)], label, kind, found.sample if found else None)
    for found in inside.values():
        if found.names[0] in parts:
            yield _suggestion("trigger", list(found.steps), _plain(found), found.type, found.sample)


def _plain(found: Found) -> Words:
    return Words(en=found.names[-1], ko=found.names[-1])


def _suggestion(root: str, steps: list[Step], label: Words, kind: str, sample: str | None = None) -> Suggestion:
    return Suggestion(print_reference(Reference(root, tuple(steps))), label, kind, sample, root)
