"""Text as it is compared: composed (NFC) and, where case does not matter, folded; the same for one text and a column.

Columns go through Polars as long as its answer is known to be Python's: for plain ASCII, Hangul syllables and Chinese
characters, which are composed already and have case in ASCII only. Of other texts each distinct one is looked at once.
"""

from __future__ import annotations

from collections.abc import Callable
from unicodedata import normalize

import polars as pl

_PLAIN = r"\A[\x00-\x7F\x{3001}-\x{3003}\x{3041}-\x{3096}\x{30A1}-\x{30FA}\x{4E00}-\x{9FA5}\x{AC00}-\x{D7A3}]*\z"


def composed(text: str) -> str:
    """The text in Unicode's composed form."""
    return text if text.isascii() else normalize("NFC", text)


def folded(text: str) -> str:
    """The composed text without the differences of upper and lower case.

    >>> folded("STRASSE") == folded("straße")
    True
    """
    return text.lower() if text.isascii() else normalize("NFC", normalize("NFC", text).casefold())


def composed_column(texts: pl.Series) -> pl.Series:
    """:func:`composed` of every text; nulls stay."""
    return _mapped(texts, lambda plain: plain, composed)


def folded_column(texts: pl.Series) -> pl.Series:
    """:func:`folded` of every text; nulls stay."""
    return _mapped(texts, lambda plain: plain.str.to_lowercase(), folded)


def _mapped(texts: pl.Series, plain: Callable[[pl.Series], pl.Series], other: Callable[[str], str]) -> pl.Series:
    is_plain = texts.str.contains(_PLAIN).fill_null(value=True)
    if is_plain.all():
        return plain(texts)
    distinct = texts.filter(~is_plain).unique()
    changed = {text: new for text in distinct if (new := other(text)) != text}
    others = texts.replace(list(changed), list(changed.values())) if changed else texts
    return plain(texts).zip_with(is_plain, others)
