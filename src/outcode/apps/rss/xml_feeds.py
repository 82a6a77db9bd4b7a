"""RSS 0.9x, 1.0 and 2.0, and Atom 0.3 and 1.0, read by feedparser from a text that we fetched."""

from __future__ import annotations

import calendar
import io
import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urljoin
from xml.sax.saxutils import escape

from outcode.values.json import Json
from outcode.values.problems import VendorRejected

_DECLARATION = '<?xml version="1.0" encoding="utf-8"?>\n'
# The type is said, so that feedparser does not guess another character set.
_HEADERS = {"content-type": "application/xml; charset=utf-8"}
_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_REASON = 200

Parsed = Mapping[str, Any]
"""A part of feedparser's answer; read by :func:`_of`, since its own look-up invents values and warns."""


def read_xml(document: str) -> tuple[dict[str, Json], list[dict[str, Json]]]:
    """A feed's own values and its entries; a damaged feed counts as far as entries were found.

    Raises VendorRejected ``feed_malformed`` or ``feed_unknown``.
    """
    parsed = _parse(document)
    entries = [_entry(entry, _link(parsed["feed"])) for entry in parsed["entries"]]
    if not entries and parsed["bozo"]:
        reason = " ".join(str(parsed.get("bozo_exception", "")).split())[:_REASON]
        raise VendorRejected("feed_malformed", reason=reason)
    if not entries and not parsed.get("version"):
        raise VendorRejected("feed_unknown")
    return _feed(parsed["feed"]), entries


def clean_html(texts: list[str]) -> list[str]:
    """Pieces of HTML from elsewhere without scripts and the like, as feedparser leaves those of feeds.

    >>> clean_html(["<p onclick='x()'>a</p><script>y()</script>"])
    ['<p>a</p>']
    """
    entries = "".join(
        f'<entry><content type="html">{escape(_NOT_XML.sub("", text))}</content></entry>' for text in texts
    )
    parsed = _parse(f'<feed xmlns="http://www.w3.org/2005/Atom">{entries}</feed>')
    return [_content(entry) or "" for entry in parsed["entries"]]


def _parse(document: str) -> Parsed:
    # Imported here, since a start reads every declaration and no feed. The package has no types.
    import feedparser  # type: ignore[import-untyped]  # noqa: PLC0415

    # A stream, always: feedparser takes bytes for the name of a file first, and text for an address.
    stream = io.BytesIO((_DECLARATION + document).encode("utf-8", "replace"))
    try:
        parsed: Parsed = feedparser.parse(stream, response_headers=_HEADERS)
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        # It reads by many small rules that take the shape of an element for granted.
        raise VendorRejected("feed_malformed", reason=type(error).__name__) from error
    return parsed


def _feed(feed: Parsed) -> dict[str, Json]:
    image = _of(feed, "image")
    return {
        "title": _text(feed, "title"),
        "link": _text(feed, "link"),
        "description": _text(feed, "subtitle"),
        "language": _text(feed, "language"),
        "updated": _moment(feed, "updated") or _moment(feed, "published"),
        "image": _text(image, "href") if isinstance(image, dict) else _text(feed, "logo") or _text(feed, "icon"),
        "generator": _text(feed, "generator"),
    }


def _entry(entry: Parsed, home: str) -> dict[str, Json]:
    def absolute(url: str | None) -> str | None:
        return _joined(home, url) if url else None

    enclosures = [
        {"url": absolute(_text(each, "href")), "type": _text(each, "type"), "length": _whole(_text(each, "length"))}
        for each in _enclosures(entry)
    ]
    return {
        "id": _text(entry, "id"),
        "title": _text(entry, "title"),
        "link": absolute(_text(entry, "link")),
        "summary": _text(entry, "summary"),
        "content": _content(entry),
        "author": _text(entry, "author"),
        "published": _moment(entry, "published"),
        "updated": _moment(entry, "updated"),
        "published_raw": _text(entry, "published") or _text(entry, "updated"),
        "categories": [term for tag in _of(entry, "tags") or () if (term := _text(tag, "term") or _text(tag, "label"))],
        "enclosures": [each for each in enclosures if each["url"]],
        "comments": absolute(_text(entry, "comments")),
        "image": absolute(_image(entry)),
    }


def _content(entry: Parsed) -> str | None:
    contents = _of(entry, "content") or ()
    html = next((each for each in contents if "html" in str(_of(each, "type"))), None)
    return _text(html or contents[0], "value") if contents else None


def _image(entry: Parsed) -> str | None:
    image = _of(entry, "image")
    if isinstance(image, dict) and _text(image, "href"):
        return _text(image, "href")
    pictures = [_text(each, "url") for each in _of(entry, "media_thumbnail") or ()]
    pictures += [_text(each, "url") for each in _of(entry, "media_content") or () if _is_image(each)]
    pictures += [_text(each, "href") for each in _enclosures(entry) if _is_image(each)]
    return next(filter(None, pictures), None)


def _enclosures(entry: Parsed) -> list[Parsed]:
    return [link for link in _of(entry, "links") or () if _of(link, "rel") == "enclosure"]


def _is_image(part: Parsed) -> bool:
    return (_text(part, "type") or _text(part, "medium") or "").startswith("image")


def _link(feed: Parsed) -> str:
    return _text(feed, "link") or ""


def _joined(home: str, url: str) -> str:
    try:
        return urljoin(home, url)
    except ValueError:
        return url


def _moment(part: Parsed, key: str) -> str | None:
    parsed = _of(part, f"{key}_parsed")
    if not isinstance(parsed, time.struct_time):
        return None
    try:
        moment = datetime.fromtimestamp(calendar.timegm(parsed), UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return f"{moment.replace(tzinfo=None).isoformat()}Z"


def _whole(text: str | None) -> int | None:
    return int(text) if text and re.fullmatch(r"[0-9]{1,15}", text) else None


def _text(part: Parsed, key: str) -> str | None:
    value = _of(part, key)
    return value.strip() or None if isinstance(value, str) else None


def _of(part: Parsed, key: str) -> Any:
    return dict.get(part, key) if isinstance(part, dict) else None
