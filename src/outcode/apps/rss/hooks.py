"""Reads the answer of a feed's server: whatever kind of feed it is, the same rows come of it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime

from outcode.appkit.hooks import ReceivedAnswer
from outcode.apps.rss.documents import root_of, text_of
from outcode.apps.rss.json_feeds import read_json
from outcode.apps.rss.plain_text import plain_text
from outcode.apps.rss.xml_feeds import read_xml
from outcode.values.json import Json

_USUAL_LIMIT = 50
_MARKED_UP = ("title", "summary", "content")


def read_feed(answer: ReceivedAnswer, inputs: Mapping[str, Json]) -> Json:
    """``{feed, items}`` of a feed: as many items as ``limit``, after ``since``, with ``keyword``, as text if asked.

    Raises VendorRejected ``feed_is_page``, ``feed_unknown``, ``feed_malformed`` or ``feed_declares_entities``, and
    TooLarge ``feed_too_large``.
    """
    text = text_of(answer.body, answer.header("content-type") or "")
    feed, items = read_json(text) if text.lstrip()[:1] == "{" else read_xml(root_of(text))
    since = _moment(inputs.get("since"))
    keyword = str(inputs.get("keyword") or "").strip().casefold()
    limit = int(inputs.get("limit") or _USUAL_LIMIT)
    chosen: list[Json] = []
    for item in items:
        if len(chosen) >= limit:
            break
        if _is_after(item, since) and _mentions(item, keyword):
            item["id"] = item["id"] or item["link"] or _digest(item)
            chosen.append(item)
    if inputs.get("strip_html"):
        for part in (feed, *chosen):
            part |= {key: plain_text(part[key]) for key in (*_MARKED_UP, "description") if part.get(key)}
    return {"feed": feed, "items": chosen}


def _is_after(item: dict[str, Json], since: datetime | None) -> bool:
    """An entry without a date passes: it cannot be told to be old."""
    moment = _moment(item["published"] or item["updated"])
    return since is None or moment is None or moment > since


def _mentions(item: dict[str, Json], keyword: str) -> bool:
    texts = (plain_text(item[key]) for key in ("title", "summary") if item[key])
    return not keyword or any(keyword in text.casefold() for text in texts)


def _moment(text: Json) -> datetime | None:
    if not text:
        return None
    moment = datetime.fromisoformat(str(text))
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _digest(item: dict[str, Json]) -> str:
    parts = (item[key] or "" for key in ("title", "published_raw", "summary"))
    return hashlib.sha256("\n".join(parts).encode("utf-8", "replace")).hexdigest()
