"""What comes back: outputs, error maps, limits."""

from __future__ import annotations

import re
from collections.abc import Iterator

from outcode.appkit.app import App
from outcode.appkit.errors import Success
from outcode.appkit.lint.fields import unique_findings
from outcode.appkit.lint.taken import is_path
from outcode.appkit.lint.words import label_findings
from outcode.appkit.outputs import OutputField, Outputs

_SECRET = re.compile(r"(?:\A|[._])(?:password|passwd|secret|access_token|refresh_token|api_key|private_key)\Z")


def outputs_findings(owner: str, outputs: Outputs) -> Iterator[str]:
    """Of what an action or a trigger answers."""
    if outputs.rows is not None and outputs.result is not None:
        yield f"{owner}: outputs have rows and a result; one of them is the task's result"
    for part in ("rows", "result"):
        path = getattr(outputs, part)
        if isinstance(path, str) and not is_path(path):
            yield f"{owner}: {part} of the outputs is not a path"
    for fields in (outputs.fields, outputs.meta):
        yield from unique_findings(f"{owner}: output", [output.path for output in fields])
        for output in fields:
            yield from _output(owner, output)


def map_findings(app: App) -> Iterator[str]:
    """Of the way an app's error answers are read."""
    errors = app.errors
    for path in (*errors.message, *([errors.code] if errors.code is not None else [])):
        if not is_path(path):
            yield f"{app.slug}: {path!r} in errors is not a path"
    if errors.codes and errors.code is None:
        yield f"{app.slug}: errors map codes, and no path says where a code stands"
    for status in errors.statuses:
        if not 400 <= status <= 599:
            yield f"{app.slug}: errors give status {status} a meaning, which is no error"
    yield from success_findings(app.slug, errors.success)


def success_findings(place: str, success: Success | None) -> Iterator[str]:
    """Of the sign by which success is known."""
    if success is not None and not is_path(success.path):
        yield f"{place}: {success.path!r} in success is not a path"


def limit_findings(app: App) -> Iterator[str]:
    """Of how often the app may be called."""
    for limit in app.limits:
        if limit.calls < 1 or limit.seconds < 1:
            yield f"{app.slug}: a limit of {limit.calls} calls in {limit.seconds} seconds lets nothing through"
        if not limit.source.startswith("https://"):
            yield f"{app.slug}: a limit names no page of the vendor as its source"


def _output(owner: str, output: OutputField) -> Iterator[str]:
    place = f"{owner} output {output.path}"
    yield from label_findings(place, output.label)
    if not is_path(output.path):
        yield f"{place}: is not a path"
    if _SECRET.search(output.path.lower()) and not output.sensitive:
        yield f"{place}: holds a secret by its name and is not sensitive"
