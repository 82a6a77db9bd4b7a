"""JSON Feed 1.0 and 1.1, https://www.jsonfeed.org/version/1.1/."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from outcode.apps.rss.xml_feeds import clean_html
from outcode.values.json import Json, loads
from outcode.values.problems import InputProblem, VendorRejected
from outcode.values.references.rendering import render

_VERSION = "jsonfeed.org/version/"
"""In the address that every JSON Feed names as its version, be it of http or https, with www or without."""


def read_json(text: str) -> tuple[dict[str, Json], list[dict[str, Json]]]:
    """A feed's own values and its entries; raises VendorRejected ``feed_malformed`` or ``feed_unknown``."""
    try:
        whole = loads(text)
    except InputProblem as problem:
        raise VendorRejected("feed_malformed", reason=problem.details["reason"]) from problem
    if not isinstance(whole, dict) or _VERSION not in str(whole.get("version")):
        raise VendorRejected("feed_unknown")
    items = [item for item in _list(whole, "items") if isinstance(item, dict)]
    contents = iter(clean_html([_text(item, "content_html") or "" for item in items]))
    feed: dict[str, Json] = {
        "title": _text(whole, "title"),
        "link": _text(whole, "home_page_url"),
        "description": _text(whole, "description"),
        "language": _text(whole, "language"),
        "updated": None,
        "image": _text(whole, "icon") or _text(whole, "favicon"),
        "generator": None,
    }
    return feed, [_item(item, next(contents)) for item in items]


def _item(item: dict[str, Json], html: str) -> dict[str, Json]:
    text = _text(item, "content_text")
    attachments = [each for each in _list(item, "attachments") if isinstance(each, dict) and _text(each, "url")]
    identity = item.get("id")
    return {
        "id": render(identity) or None if isinstance(identity, str | int) else None,
        "title": _text(item, "title"),
        "link": _text(item, "url") or _text(item, "external_url"),
        "summary": _text(item, "summary") or text or html or None,
        "content": html or text,
        "author": ", ".join(_authors(item)) or None,
        "published": _moment(item, "date_published"),
        "updated": _moment(item, "date_modified"),
        "published_raw": _text(item, "date_published") or _text(item, "date_modified"),
        "categories": [tag for tag in _list(item, "tags") if isinstance(tag, str) and tag],
        "enclosures": [
            {"url": _text(each, "url"), "type": _text(each, "mime_type"), "length": _whole(each.get("size_in_bytes"))}
            for each in attachments
        ],
        "comments": None,
        "image": _text(item, "image") or _text(item, "banner_image"),
    }


def _authors(item: dict[str, Json]) -> Iterator[str]:
    # Version 1.0 has one author, 1.1 has several.
    for author in (*_list(item, "authors"), item.get("author")):
        if isinstance(author, dict) and (name := _text(author, "name")):
            yield name


def _moment(item: dict[str, Json], key: str) -> str | None:
    try:
        moment = datetime.fromisoformat(_text(item, key) or "")
        moment = moment.astimezone(UTC) if moment.tzinfo is not None else moment
    except (ValueError, OverflowError):
        return None
    return f"{moment.replace(tzinfo=None, microsecond=0).isoformat()}Z"


def _whole(value: Json) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53 else None


def _text(part: dict[str, Json], key: str) -> str | None:
    value = part.get(key)
    return value.strip() or None if isinstance(value, str) else None


def _list(part: dict[str, Json], key: str) -> list[Json]:
    value = part.get(key)
    return value if isinstance(value, list) else []
