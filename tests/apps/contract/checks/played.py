"""Samples played: what is sent is what the vendor wants, what comes back is what the declaration promises.

Those of calls other than HTTP requests are played on the scene that fits them, in each way of being connected.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from yarl import URL

from outcode.appkit import OutputField, Outputs, RedisCommand, RedisScan, Request
from outcode.appkit.samples import Sample, SampleRequest
from outcode.values import json
from outcode.values.references.rendering import render
from tests.apps.contract.canaries import Held
from tests.apps.contract.findings import Findings
from tests.apps.contract.paths import MISSING, at, leaves
from tests.apps.contract.player import Seen
from tests.apps.contract.scenes import on_scene
from tests.apps.contract.stage import Outcome, staged
from tests.apps.contract.subjects import Subject

_OF_THE_WIRE = ("content-length", "date", "server")
_OF_THE_MOMENT = ("elapsed_ms", "duration_ms", "fileId")
_INSIDE = {"object", "list", "any"}
_OURS = (Request, RedisCommand, RedisScan)
"""Calls whose answers have the keys that the app says; those of rows and scripts are the users'."""


async def requests(subject: Subject) -> Findings:
    """The requests that are sent are those of the samples: method, address, query, the headers named, body."""
    found = Findings()
    async with staged(subject) as stage:
        for name, action, _call, sample in subject.http_cases():
            await stage.played(action, sample)
            expected = [exchange.request for exchange in sample.exchanges]
            found.of(name, differences(stage.player.seen, expected, stage.held(sample)))
    return found


async def answers(subject: Subject) -> Findings:
    """What the samples' answers become is the samples' results, or their problems."""
    found = Findings()
    async with staged(subject) as stage:
        for name, action, _call, sample in subject.http_cases():
            found.of(name, _unlike(sample, await stage.played(action, sample)))
    async with on_scene(subject) as scene:
        for action in subject.other_actions():
            for name, sample in subject.samples_of(action).items():
                for way, outcome in await scene.play(action, sample):
                    found.of(f"{name}, {way}", _unlike(sample, outcome))
    return found


async def outputs(subject: Subject) -> Findings:
    """Every key of a result is declared, every declared key is there, and each is of its type."""
    found = Findings()
    async with staged(subject) as stage, on_scene(subject) as scene:
        for action in subject.app.actions:
            ended: list[Outcome] = []
            for sample in subject.good(action):
                if isinstance(action.call, Request):
                    ended.append(await stage.played(action, sample))
                else:
                    ended += [outcome for _, outcome in await scene.play(action, sample)]
            results = [(each.answer.value, each.answer.meta) for each in ended if each.answer is not None]
            ours = isinstance(action.call, _OURS) and not action.outputs.open
            found.of(action.key, undeclared(action.outputs, results, closed=ours))
    return found


def differences(seen: list[Seen], expected: list[SampleRequest], held: Held | None) -> list[str]:
    """How the requests that came differ from those of a sample."""
    found: list[str] = []
    if len(seen) != len(expected):
        found.append(f"{len(seen)} requests instead of {len(expected)}")
    for number, (came, written) in enumerate(zip(seen, expected, strict=False), 1):
        wanted = SampleRequest.model_validate(held.written(written.model_dump()) if held else written.model_dump())
        for part, ours, theirs in (
            ("method", came.method, wanted.method),
            ("url", came.url, str(URL(wanted.url))),
            ("query", came.query, {name: _texts(value) for name, value in wanted.query.items()}),
            ("body", _plain(came.body), _plain(wanted.body)),
            *((f"header {name}", came.headers.get(name.lower()), value) for name, value in wanted.headers.items()),
        ):
            if ours != theirs:
                found.append(f"request {number}: {part} is {ours!r} instead of {theirs!r}")
    return found


def steady(value: Any) -> Any:
    """A result without what differs from run to run."""
    if not isinstance(value, Mapping):
        return value
    kept = {key: item for key, item in value.items() if key not in _OF_THE_MOMENT}
    if isinstance(kept.get("headers"), Mapping):
        kept["headers"] = {name: item for name, item in kept["headers"].items() if name not in _OF_THE_WIRE}
    return kept


def _unlike(sample: Sample, outcome: Outcome) -> list[str]:
    if outcome.problem is not None:
        return _refusal(sample, outcome.problem)
    if sample.problem is not None or outcome.answer is None:
        return [f"succeeds, and the sample says {sample.problem.code if sample.problem else 'nothing'}"]
    value, meta = outcome.answer.value, outcome.answer.meta
    found: list[str] = []
    if _plain(steady(value)) != _plain(steady(sample.result)):
        found.append(f"the result is {json.dumps(steady(value))} instead of {json.dumps(sample.result)}")
    came = steady(meta) or {}
    for key, wanted in steady(sample.meta or {}).items():
        if _plain(came.get(key)) != _plain(wanted):
            found.append(f"$meta.{key} is {json.dumps(came.get(key))} instead of {json.dumps(wanted)}")
    return found


def _refusal(sample: Sample, problem: Any) -> list[str]:
    if sample.problem is None:
        return [f"fails: {problem.code}: {problem.message()}"]
    wanted, found = sample.problem, []
    if (problem.kind, problem.code) != (wanted.kind, wanted.code):
        found.append(f"fails with {problem.kind} {problem.code} instead of {wanted.kind} {wanted.code}")
    said = {language: problem.message(language) for language in ("en", "ko")}
    silent = [language for language, message in said.items() if wanted.says not in message]
    return [*found, *(f"does not repeat what the vendor says in {each}: {said[each]}" for each in silent)]


def _texts(value: Any) -> Any:
    return [render(each) for each in value] if isinstance(value, list | tuple) else render(value)


def _plain(value: Any) -> Any:
    """For comparison: 1 and 1.0 are the same number, a tuple is a list, True is not 1."""
    match value:
        case bool() | None | str():
            return value
        case int() | Decimal():
            return Decimal(value).normalize()
        case Mapping():
            return {key: _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case _:
            return value


def undeclared(outputs: Outputs, results: list[tuple[Any, Any]], *, closed: bool = True) -> list[str]:
    """How results, each with its meta, differ from what is declared; ``closed``: no other keys may be there."""
    rows = [row for value, _ in results for row in (value if isinstance(value, list) else [value])]
    metas = [meta for _, meta in results if meta is not None]
    found: list[str] = []
    for part, fields, values in (("", outputs.fields, rows), ("$meta.", outputs.meta, metas)):
        declared = {field.path: field for field in fields}
        for path, field in declared.items():
            there = [at(value, path) for value in values]
            if values and all(each is MISSING for each in there):
                found.append(f"{part}{path} is declared and in no sample")
            found += [
                f"{part}{path} is {json.dumps(each)[:80]}, which is no {field.type}"
                for each in there
                if each is not MISSING and not _is(field, each)
            ]
    if closed and outputs.fields:
        paths = {path for row in rows for path, _ in leaves(row)}
        declared = {field.path: field for field in outputs.fields}
        found += [f"{path} is in a sample and not declared" for path in sorted(paths) if not _known(path, declared)]
    return found


def _known(path: str, declared: Mapping[str, OutputField]) -> bool:
    """Declared itself, inside a declared object, or around a declared key."""
    if path in declared:
        return True
    around = any(other.startswith((f"{path}.", f"{path}[")) for other in declared)
    inside = any(
        path.startswith((f"{other}.", f"{other}[")) and field.type in _INSIDE for other, field in declared.items()
    )
    return around or inside


def _is(field: OutputField, value: Any) -> bool:
    if value is None:
        return True
    match field.type:
        case "text" | "datetime":
            return isinstance(value, str)
        case "number":
            return isinstance(value, int | Decimal) and not isinstance(value, bool)
        case "boolean":
            return isinstance(value, bool)
        case "object":
            return isinstance(value, Mapping)
        case "list":
            return isinstance(value, list | tuple)
        case _:
            return True
