"""Text and web addresses for whole columns; what needs more than Polars and Python agree on stays undecided."""

from __future__ import annotations

import re

import polars as pl

from outcode.values.types.cells import SPACES
from outcode.values.types.model import TextType, UrlType

_SIMPLE = r"^[\x00-\x7f\u{a0}-\u{ff}\u{2010}-\u{2027}\u{3000}-\u{3003}ぁ-ゖァ-ヺー一-鿿가-힣]*$"
"""Characters that are in composed form whatever stands beside them, and whose case every Unicode version agrees on."""
_SPACE = f"[{re.escape(SPACES)}]"
_LABEL = "[a-z0-9]{1,25}(?:-[a-z0-9]{1,25})?"
_URL = rf"^https?://(?:{_LABEL}\.){{1,4}}[a-z]{{2,20}}(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*){{0,20}}/?$"


def read_texts(column_type: TextType, raw: pl.Series) -> pl.Series | None:
    """Texts, null where undecided or empty; None where nothing of such a series can be decided here."""
    if raw.dtype.is_integer():
        return raw.cast(pl.String)
    if raw.dtype != pl.String or column_type.case == "title":
        return None
    texts = _where(raw, raw.str.len_bytes() == raw.str.len_chars(), _SIMPLE)
    stripped = texts.str.strip_chars(SPACES)
    texts = (stripped if column_type.trim else texts).set(stripped == "", None)
    if column_type.collapse_spaces:
        several = texts.str.contains(f"{_SPACE}{{2}}|[{re.escape(SPACES.replace(' ', ''))}]").arg_true()
        if not several.is_empty():
            texts = texts.scatter(several, texts.gather(several).str.replace_all(f"{_SPACE}+", " "))
    match column_type.case:
        case "upper":
            return texts.str.to_uppercase()
        case "lower":
            return texts.str.to_lowercase()
        case _:
            return texts


def read_urls(column_type: UrlType, raw: pl.Series) -> pl.Series | None:
    """Addresses that are in their one form already, null where undecided."""
    if raw.dtype != pl.String or column_type.part != "whole":
        return None
    path = raw.str.count_matches("/", literal=True) > 2
    return _where(raw, None, _URL).set(~path, None)


def _where(texts: pl.Series, known: pl.Series | None, expression: str) -> pl.Series:
    """The texts that are known to be good or match, null for all others."""
    if known is not None and known.fill_null(value=True).all():
        return texts
    good = texts.str.contains(expression)
    return texts.set(~good, None)
