"""The words for every problem: ``messages/<room>.toml``, one table a code, each language side by side.

    [field_required]
    en = { message = "{label} is empty.", hint = "Fill it, or write a reference such as {{{{a.email}}}}." }
    ko = { message = "{label}이(가) 비어 있습니다.", hint = "값을 넣거나 {{{{a.email}}}} 같은 참조를 쓰세요." }

Placeholders are filled with ``str.format_map`` on plain text: a value is never read as a pattern, and an entry's own
text is ours, never a user's.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

LANGUAGES = ("en", "ko")
DEFAULT_LANGUAGE = "en"


@cache
def entries() -> dict[str, dict[str, dict[str, str]]]:
    """All entries by code: ``{code: {language: {"message", "hint"}}}``; raises ValueError on a code written twice."""
    found: dict[str, dict[str, dict[str, str]]] = {}
    for file in sorted(files("outcode.values").joinpath("messages").iterdir(), key=lambda path: path.name):
        for code, entry in tomllib.loads(file.read_text("utf-8")).items():
            if code in found:
                raise ValueError(f"the catalogue has {code!r} twice, again in {file.name}")
            found[code] = entry
    return found


def sentence(code: str, part: str, language: str, details: Mapping[str, Any]) -> str:
    """The ``message`` or ``hint`` of a code, its placeholders filled.

    >>> sentence("field_required", "message", "en", {"label": "URL"})
    'URL is empty.'
    """
    words = entries()[code]
    text = words.get(language, words[DEFAULT_LANGUAGE])[part]
    return text.format_map({key: _plain(value, language) for key, value in details.items()})


def _plain(value: Any, language: str) -> str:
    """A detail as text; a dict of languages, such as a field's label, gives the word of the reader's language."""
    match value:
        case {"en": english}:
            return str(value.get(language, english))
        case list() | tuple():
            return ", ".join(_plain(item, language) for item in value)
        case _:
            return str(value)
