"""From the bytes of an answer to a feed's text that is safe to parse: the right characters, and no declarations."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

from outcode.values.problems import TooLarge, VendorRejected

MOST_TAGS = 400_000
"""Some 40,000 tags take a second to be read, so a feed made of nothing else would take minutes."""

# Korean sites declare the standard and send the Windows code page, which is its superset.
_CHARSETS = {"euc-kr": "cp949", "ks_c_5601-1987": "cp949", "gb2312": "gb18030", "iso-8859-1": "cp1252"}
# Python also knows codecs that no server may choose for us, such as punycode or unicode_escape.
_CODEC = re.compile(r"utf-(?:8|16|32)|ascii|latin|iso|cp\d|euc|johab|shift|gb|big5|koi8|mac")
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_OF_HEADER = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)
_OF_XML = re.compile(rb"\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([\w.:-]+)[\"']")
_WIDE_XML = ((b"<\x00?\x00x\x00m\x00l\x00", "utf-16-le"), (b"\x00<\x00?\x00x\x00m\x00l", "utf-16-be"))
_ROOT = re.compile(r"<(?:[A-Za-z_][\w.-]{0,30}:)?(?:rss|rdf|feed|channel)(?=[\s/>])", re.IGNORECASE)
_PAGE = re.compile(r"<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_ENTITY = re.compile(r"<!entity\b", re.IGNORECASE)


def text_of(body: bytes, content_type: str) -> str:
    """The body as text: by its byte order mark, the header, the XML declaration, else UTF-8.

    Raises TooLarge ``feed_too_large``.

    >>> text_of("<a>가</a>".encode("euc-kr"), "text/xml; charset=EUC-KR")
    '<a>가</a>'
    """
    names = list(_charsets(body, content_type))
    for name in names:
        try:
            return _bounded(body.decode(name))
        except UnicodeDecodeError:
            continue
    # One broken character does not make a feed unreadable.
    return _bounded(body.decode(names[0], "replace"))


def root_of(text: str) -> str:
    """The document from its root element on; nothing that stands before it, such as a DOCTYPE, reaches a parser.

    Raises VendorRejected ``feed_is_page``, ``feed_unknown`` or ``feed_declares_entities``.
    """
    root = _ROOT.search(text)
    before = text if root is None else text[: root.start()]
    if _PAGE.search(before[:100_000]):
        raise VendorRejected("feed_is_page")
    if root is None:
        raise VendorRejected("feed_unknown")
    if _ENTITY.search(before):
        raise VendorRejected("feed_declares_entities")
    return text[root.start() :]


def _bounded(text: str) -> str:
    if text.count("<") + text.count("&lt;") > MOST_TAGS:
        raise TooLarge("feed_too_large", limit=MOST_TAGS)
    return text


def _charsets(body: bytes, content_type: str) -> Iterator[str]:
    mark = next((name for mark, name in (*_MARKS, *_WIDE_XML) if body.startswith(mark)), None)
    if mark is not None:
        yield mark
    header = _OF_HEADER.search(content_type)
    declared = _OF_XML.match(body)
    for name in (header[1] if header else "", declared[1].decode("ascii", "replace") if declared else ""):
        try:
            codec = codecs.lookup(_CHARSETS.get(name.lower(), name)).name
        except LookupError:
            continue
        if _CODEC.match(codec):
            yield codec
    yield "utf-8"
    yield "cp949"
