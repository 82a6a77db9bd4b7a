"""The types a column can have, with the options of each: what a *Transform type* task stores."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from outcode.values.problems import InputProblem
from outcode.values.references.dates import MAX_PATTERN_LENGTH, zone
from outcode.values.types.currencies import is_currency
from outcode.values.types.locales import separators
from outcode.values.types.patterns import check_pattern

MAX_DIGITS = 38
"""How many digits a number can have in all: what a 128-bit decimal column holds."""
MAX_DECIMALS = 18
"""How many of them can stand after the point."""

Rounding = Literal["half_even", "half_up"]
"""Where a half goes: to the even neighbour, or away from zero."""


class _Type(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TextType(_Type):
    """Text, in Unicode's composed form (NFC); ``title`` gives every word a capital."""

    kind: Literal["text"] = "text"
    trim: bool = False
    collapse_spaces: bool = False
    case: Literal["upper", "lower", "title"] | None = None


class _Numeric(_Type):
    """Numbers as they are written: by a locale, or by its two signs; without either it is 1,234.5.

    ``decimals``: how many are kept, the rest is rounded; None keeps all (at most 18, and 20 digits before the point).
    """

    locale: str | None = None
    decimal: Literal[".", ","] | None = None
    group: Literal[",", ".", " ", "'", ""] | None = None
    decimals: int | None = Field(default=None, ge=0, le=MAX_DECIMALS)
    rounding: Rounding = "half_even"

    @model_validator(mode="after")
    def _signs(self) -> Self:
        if self.locale is not None and separators(self.locale) is None:
            raise InputProblem("type_locale_unknown", locale=self.locale)
        if self.decimal_sign == self.group_sign:
            raise InputProblem("type_signs_equal", sign=self.decimal_sign)
        return self

    @property
    def decimal_sign(self) -> str:
        """What stands before the decimals."""
        if self.decimal is not None:
            return self.decimal
        if self.locale is not None:
            return (separators(self.locale) or (".", ","))[0]
        return "," if self.group == "." else "."

    @property
    def group_sign(self) -> str:
        """What stands between groups of three digits; empty: nothing does."""
        if self.group is not None:
            return self.group
        if self.locale is not None and self.decimal is None:
            return (separators(self.locale) or (".", ","))[1]
        return "." if self.decimal_sign == "," else ","


class NumberType(_Numeric):
    """A number."""

    kind: Literal["number"] = "number"


class PercentageType(_Numeric):
    """A share of one: ``12.5%`` is 0.125.

    ``bare``: whether 12.5 without a sign means 12.5 % (``percent``) or 1250 % (``fraction``). ``decimals`` are those
    of the percentage, so 12.5 % has one.
    """

    kind: Literal["percentage"] = "percentage"
    bare: Literal["percent", "fraction"] = "percent"
    decimals: int | None = Field(default=None, ge=0, le=MAX_DECIMALS - 2)


class CurrencyType(_Numeric):
    """An amount in one currency, named by its ISO 4217 code; another currency's sign in a cell is a problem."""

    kind: Literal["currency"] = "currency"
    code: str

    @field_validator("code")
    @classmethod
    def _known(cls, code: str) -> str:
        if not is_currency(code):
            raise InputProblem("type_currency_unknown", currency=code)
        return code


class DatetimeType(_Type):
    """A day, or a moment.

    ``pattern``: how cells are written, in the tokens of :mod:`outcode.values.references.dates`; None: common forms are
    recognised. ``day_first``: how ``03/04/2026`` is read; None: as the context says, else it is a problem.
    ``source_timezone``: where a time without an offset is meant, ``target_timezone``: where times are shown; None: the
    organization's. A time that a clock change skips moves on by as much as the clock did (02:30 becomes 03:30), one
    that comes twice is the first. ``output``: a pattern to write with; None: ISO 8601.
    """

    kind: Literal["datetime"] = "datetime"
    pattern: str | None = Field(default=None, min_length=1, max_length=MAX_PATTERN_LENGTH)
    day_first: bool | None = None
    source_timezone: str | None = None
    target_timezone: str | None = None
    output: str | None = Field(default=None, min_length=1, max_length=MAX_PATTERN_LENGTH)

    @field_validator("source_timezone", "target_timezone")
    @classmethod
    def _known(cls, name: str | None) -> str | None:
        if name is not None:
            zone(name)
        return name

    @field_validator("pattern")
    @classmethod
    def _readable(cls, pattern: str | None) -> str | None:
        if pattern is not None:
            check_pattern(pattern)
        return pattern


class UrlType(_Type):
    """A web address: ``https://`` is added where the scheme is missing, the host is written in ASCII (punycode).

    ``part``: what of it is kept.
    """

    kind: Literal["url"] = "url"
    part: Literal["whole", "host", "path", "query"] = "whole"


class BooleanType(_Type):
    """True or false, or a word for either in English or Korean."""

    kind: Literal["boolean"] = "boolean"


class JsonType(_Type):
    """Any JSON value as it is; text that starts like a list or an object is read as one."""

    kind: Literal["json"] = "json"


ColumnType = Annotated[
    TextType | NumberType | PercentageType | CurrencyType | DatetimeType | UrlType | BooleanType | JsonType,
    Field(discriminator="kind"),
]
NumericType = NumberType | PercentageType | CurrencyType
