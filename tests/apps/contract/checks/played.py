"""Samples played: what is sent is what the vendor wants, what comes back is what the declaration promises."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from yarl import URL

from outcode.appkit import OutputField, Outputs, Request
from outcode.appkit.samples import Sample, SampleRequest
from outcode.values import json
from outcode.values.references.rendering import render
from tests.apps.contract.apart import performed_apart
from tests.apps.contract.canaries import Held
from tests.apps.contract.paths import MISSING, at, leaves
from tests.apps.contract.player import Seen
from tests.apps.contract.stage import staged
from tests.apps.contract.subjects import Subject

_OF_THE_WIRE = ("content-length", "date", "server")
_OF_THE_MOMENT = ("elapsed_ms", "duration_ms", "fileId")
_INSIDE = {"object", "list", "any"}


async def requests(subject: Subject) -> list[str]:
    """The requests that are sent are those of the samples: method, address, query, the headers named, body."""
    found: list[str] = []
    async with staged(subject) as stage:
        for name, action, _call, sample in subject.http_cases():
            await stage.played(action, sample)
            expected = [exchange.request for exchange in sample.exchanges]
            found += [f"{name}: {finding}" for finding in differences(stage.player.seen, expected, stage.held(sample))]
    return found


async def answers(subject: Subject) -> list[str]:
    """What the samples' answers become is the samples' results, or their problems."""
    found: list[str] = []
    async with staged(subject) as stage:
        for name, action, _call, sample in subject.http_cases():
            outcome = await stage.played(action, sample)
            if outcome.problem is not None:
                found += [f"{name}: {finding}" for finding in _refusal(sample, outcome.problem)]
            elif sample.problem is not None:
                found.append(f"{name}: succeeds, and the sample says {sample.problem.code}")
            elif outcome.answer is not None:
                found += [
                    f"{name}: {finding}" for finding in _unlike(sample, outcome.answer.value, outcome.answer.meta)
                ]
    for action in subject.app.actions:
        for name, sample in subject.samples_of(action).items():
            result = await performed_apart(subject, action, sample)
            if result is not None:
                found += [f"{name}: {finding}" for finding in _unlike(sample, *result)]
    return found


async def outputs(subject: Subject) -> list[str]:
    """Every key of a result is declared, every declared key is there, and each is of its type."""
    found: list[str] = []
    async with staged(subject) as stage:
        for action in subject.app.actions:
            results: list[tuple[Any, Any]] = []
            for sample in subject.good(action):
                if isinstance(action.call, Request):
                    answer = (await stage.played(action, sample)).answer
                    if answer is not None:
                        results.append((answer.value, answer.meta))
                else:
                    results.append((sample.result, sample.meta))
            ours = isinstance(action.call, Request) and not action.outputs.open
            findings = undeclared(action.outputs, results, closed=ours)
            found += [f"{action.key}: {finding}" for finding in findings]
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


def _unlike(sample: Sample, value: Any, meta: Any) -> list[str]:
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
