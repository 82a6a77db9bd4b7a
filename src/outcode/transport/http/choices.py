"""The options behind a pick field: asked for when a form is filled in, in three empty states that each say why."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from outcode.appkit.accept import is_empty
from outcode.appkit.app import App
from outcode.appkit.base import Words
from outcode.appkit.choices import Choices
from outcode.appkit.fields import ChoiceField
from outcode.appkit.outputs import Outputs
from outcode.transport.answer import optional_at
from outcode.transport.http.auth import HttpConnection
from outcode.transport.http.client import HttpClient
from outcode.transport.http.sending import Record
from outcode.values.json import Json
from outcode.values.references.rendering import render

MOST_OPTIONS = 1000
MOST_PAGES = 20
_NOT_CONNECTED = Words(
    en="Choose a connection first; the options come from there.", ko="먼저 연결을 고르세요. 선택지를 거기서 가져옵니다."
)
_PARENT_MISSING = Words(
    en="Fill in the fields that the options depend on first.", ko="선택지를 정하는 다른 필드부터 채우세요."
)

OptionValue = str | int


@dataclass(frozen=True, slots=True)
class ChoiceList:
    """What a form shows: options as ``(value, label)``, or the words that say why there are none.

    ``missing`` names the fields that must be filled in first. ``more``: the list went on beyond 1,000 options.
    """

    state: Literal["ready", "not_connected", "parent_missing", "none_found"]
    options: tuple[tuple[OptionValue, str], ...] = ()
    message: Words | None = None
    missing: tuple[str, ...] = ()
    more: bool = False


async def load_choices(
    client: HttpClient,
    field: ChoiceField,
    answers: Mapping[str, Json],
    connection: HttpConnection | None,
    *,
    app: App,
    search: str = "",
    record: Record | None = None,
) -> ChoiceList:
    """The options of a field, given the other answers of its form; ``search`` keeps those that hold the text.

    Raises whatever the call raises: a list that failed to load says why.
    """
    if connection is None and app.connections and app.connection_required:
        return ChoiceList("not_connected", message=_NOT_CONNECTED)
    choices = field.choices
    missing = tuple(key for key in choices.depends_on if is_empty(answers.get(key)))
    if missing:
        return ChoiceList("parent_missing", message=_PARENT_MISSING, missing=missing)
    answer = await client.perform(
        choices.call.model_copy(update={"paging": choices.call.paging.model_copy(update=_CAPS)}),
        answers,
        Outputs(rows=choices.rows),
        connection or HttpConnection.of(app, None),
        app=app,
        record=record,
    )
    options = dict(_options(choices, answer.value[:MOST_OPTIONS]))
    if not options:
        return ChoiceList("none_found", message=choices.empty)
    wanted = _folded(search)
    found = tuple((value, label) for value, label in options.items() if wanted in _folded(f"{label} {value}"))
    more = len(answer.value) > MOST_OPTIONS or bool(answer.meta and answer.meta.get("truncated"))
    return ChoiceList("ready", found, more=more)


_CAPS = {"max_rows": MOST_OPTIONS, "max_pages": MOST_PAGES}


def _options(choices: Choices, rows: Iterable[Json]) -> Iterable[tuple[OptionValue, str]]:
    for row in rows:
        value = optional_at(row, choices.value)
        if isinstance(value, str | int) and not isinstance(value, bool) and value != "":
            yield value, render(optional_at(row, choices.label)) or str(value)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold().strip()
