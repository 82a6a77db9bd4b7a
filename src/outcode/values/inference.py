"""Which type a column has, from a sample of its cells: with reasons, and with a question where it could be two things.

Nothing is guessed that would change what a cell means: ``03/04/2026`` and ``1.234`` lead to a question, and digits that
are names rather than amounts (leading zeros, telephone numbers, long identifiers) stay text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import ROUND_DOWN, Decimal
from functools import reduce

from outcode.values.catalogue import DEFAULT_LANGUAGE, sentence
from outcode.values.json import Json
from outcode.values.references.numbers import number_text
from outcode.values.references.suggestions import shortened
from outcode.values.types import (
    SPACES,
    BooleanType,
    CellProblem,
    ColumnType,
    CurrencyType,
    DatetimeType,
    JsonType,
    NumberType,
    PercentageType,
    ReadContext,
    TextType,
    UrlType,
    is_empty,
    read_cell,
    write_cell,
)
from outcode.values.types.currencies import currencies_of
from outcode.values.types.numerals import peeled

ENOUGH = Decimal("0.9")
"""The share of cells that must be readable for a column to have a type other than text."""
ASKED = Decimal("0.5")
"""The most confidence there is while a question is open."""
_LONG = 16
_LONG_IF_ALL_ALIKE = 9
_LEADING_ZERO = re.compile(r"0[0-9]+")
_PHONE = re.compile(r"\+[0-9][0-9 ().-]{6,18}[0-9]|\(?0[0-9]{1,3}\)?[ .-][0-9]{3,4}[ .-][0-9]{4}|1[0-9]{3}-[0-9]{4}")
_WEB = re.compile(r"(?:https?|ftp)://|www\.", re.IGNORECASE)
_UNSURE_POINT = re.compile(r"[^0-9]*[1-9][0-9]{0,2}\.[0-9]{3}[^0-9]*")
_DAY_DIGITS = re.compile(r"(?:19|20)[0-9]{6}")
_USUAL = ("KRW", "USD", "EUR", "JPY", "GBP", "CNY", "DKK", "INR", "EGP")
_SIGNS: tuple[dict[str, str], ...] = (
    {},
    {"decimal": ","},
    {"decimal": ",", "group": " "},
    {"decimal": ".", "group": " "},
    {"decimal": ".", "group": "'"},
)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a type was found: a code of the catalogue and the details that fill its words."""

    code: str
    details: Mapping[str, Json] = field(default_factory=dict)

    def message(self, language: str = DEFAULT_LANGUAGE) -> str:
        """The reason in one sentence."""
        return sentence(self.code, "message", language, self.details)

    def hint(self, language: str = DEFAULT_LANGUAGE) -> str:
        """What to do where it is wrong."""
        return sentence(self.code, "hint", language, self.details)


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer: the option's value, and what the example would then mean."""

    value: Json
    meaning: str


@dataclass(frozen=True, slots=True)
class Question(Reason):
    """What only a person can say: which value an option of the type has.

    ``suggested`` is the value that other cells of the column speak for, None where none does.
    """

    option: str = ""
    choices: tuple[Choice, ...] = ()
    suggested: Json = None


@dataclass(frozen=True, slots=True)
class Inference:
    """The type of a column, how sure that is (0 to 1), why, and what to ask before it is used."""

    type: ColumnType
    confidence: Decimal
    reasons: tuple[Reason, ...]
    question: Question | None = None


def infer_column(sample: Sequence[Json], context: ReadContext) -> Inference:
    """The type that the cells of a sample speak for; text where nothing else is sure.

    >>> from datetime import UTC, datetime
    >>> from zoneinfo import ZoneInfo
    >>> context = ReadContext(ZoneInfo("Asia/Seoul"), datetime(2026, 11, 21, tzinfo=UTC))
    >>> infer_column(["₩1,000", "2,500원"], context).type.code
    'KRW'
    """
    cells = [cell for cell in sample if not is_empty(cell)]
    if not cells:
        return Inference(TextType(), Decimal(0), (Reason("infer_empty"),))
    kinds = {type(cell) for cell in cells}
    if kinds == {bool}:
        return Inference(BooleanType(), Decimal(1), (Reason("infer_json_booleans"),))
    if kinds <= {list, dict}:
        return Inference(JsonType(), Decimal(1), (Reason("infer_json_values"),))
    if kinds <= {int, Decimal}:
        return Inference(NumberType(), _share(NumberType(), cells, context), (Reason("infer_json_numbers"),))
    if not kinds <= {str, int, Decimal}:
        return Inference(TextType(), ASKED, (Reason("infer_mixed"),))
    texts = [cell.strip(SPACES) if isinstance(cell, str) else _digits(cell) for cell in cells]
    if (reason := _names(texts)) is not None:
        return Inference(TextType(), Decimal(1), (reason,))
    for infer in (_boolean, _url, _json, _datetime, _percentage, _currency, _number):
        found = infer(texts, context)
        if found is not None:
            return found
    return Inference(TextType(), Decimal(1), (Reason("infer_text", {"text": shortened(texts[0])}),))


def _digits(number: int | Decimal) -> str:
    return number_text(number) if abs(Decimal(number).adjusted()) < _LONG else str(number)


def _names(texts: list[str]) -> Reason | None:
    """Why digits are a name here and not an amount."""
    zeros = [text for text in texts if _LEADING_ZERO.fullmatch(text)]
    if zeros:
        return Reason("infer_leading_zeros", {"text": shortened(zeros[0]), "count": len(zeros)})
    phones = [text for text in texts if _PHONE.fullmatch(text)]
    if len(phones) >= ENOUGH * len(texts):
        return Reason("infer_phone", {"text": shortened(phones[0]), "count": len(phones)})
    digits = [text for text in texts if text.isascii() and text.isdigit()]
    longest = max(digits, key=len, default="")
    alike = len(digits) == len(texts) and len({len(text) for text in digits}) == 1
    if len(longest) >= _LONG or (alike and len(longest) >= _LONG_IF_ALL_ALIKE):
        return Reason("infer_long_digits", {"text": shortened(longest), "digits": len(longest)})
    return None


def _share(column_type: ColumnType, cells: Sequence[Json], context: ReadContext) -> Decimal:
    """How many of the cells the type can read, 0 to 1; rounded down, so that 1 means all."""
    good = sum(not isinstance(read_cell(column_type, cell, context), CellProblem) for cell in cells)
    return (Decimal(good) / len(cells)).quantize(Decimal("0.01"), rounding=ROUND_DOWN)


def _found(
    column_type: ColumnType, texts: list[str], context: ReadContext, *reasons: Reason, question: Question | None = None
) -> Inference | None:
    share = _share(column_type, texts, context)
    if share < ENOUGH:
        return None
    if share < 1:
        bad = next(text for text in texts if isinstance(read_cell(column_type, text, context), CellProblem))
        reasons = (*reasons, Reason("infer_some_unreadable", {"text": shortened(bad), "share": f"{1 - share:.0%}"}))
    return Inference(column_type, min(share, ASKED) if question else share, reasons, question)


def _boolean(texts: list[str], context: ReadContext) -> Inference | None:
    words = sorted({text.lower() for text in texts})
    if any(word[0].isdigit() for word in words) or _share(BooleanType(), texts, context) < 1:
        return None
    return _found(BooleanType(), texts, context, Reason("infer_boolean_words", {"words": words}))


def _url(texts: list[str], context: ReadContext) -> Inference | None:
    if sum(_WEB.match(text) is not None for text in texts) < ENOUGH * len(texts):
        return None
    return _found(UrlType(), texts, context, Reason("infer_urls", {"text": shortened(texts[0])}))


def _json(texts: list[str], context: ReadContext) -> Inference | None:
    if not all(text.startswith(("{", "[")) for text in texts):
        return None
    return _found(JsonType(), texts, context, Reason("infer_json_text", {"text": shortened(texts[0])}))


def _datetime(texts: list[str], context: ReadContext) -> Inference | None:
    if any(text.isascii() and text.isdigit() and not _DAY_DIGITS.fullmatch(text) for text in texts):
        return None
    open_type = DatetimeType()
    read = [read_cell(open_type, text, context) for text in texts]
    unsure = [
        (text, cell)
        for text, cell in zip(texts, read, strict=True)
        if isinstance(cell, CellProblem) and cell.code == "cell_datetime_ambiguous"
    ]
    reason = Reason("infer_datetimes", {"text": shortened(texts[0])})
    if not unsure:
        return _found(open_type, texts, context, reason)
    shares = {order: _share(DatetimeType(day_first=order), texts, context) for order in (True, False)}
    if max(shares.values()) < ENOUGH:
        return None
    text, problem = unsure[0]
    choices = (
        Choice(value=True, meaning=problem.details["day_first"]),
        Choice(value=False, meaning=problem.details["month_first"]),
    )
    suggested = None if shares[True] == shares[False] else shares[True] > shares[False]
    question = Question("ask_day_first", {"text": text}, "day_first", choices, suggested)
    return Inference(open_type, min(max(shares.values()), ASKED), (reason,), question)


def _percentage(texts: list[str], context: ReadContext) -> Inference | None:
    signed = [text for text in texts if "%" in text or "％" in text]
    if not signed:
        return None

    def made(signs: Mapping[str, Json]) -> ColumnType:
        return PercentageType.model_validate(signs)

    found = _by_signs(texts, context, made, Reason("infer_percent_signs", {"count": len(signed), "text": signed[0]}))
    bare = next((text for text in texts if text not in signed), None)
    if found is None or found.question is not None or bare is None:
        return found
    choices = tuple(
        Choice(value, f"{_shown(found.type.model_copy(update={'bare': value}), bare, context)}")
        for value in ("percent", "fraction")
    )
    question = Question("ask_percent_bare", {"text": shortened(bare)}, "bare", choices)
    return replace(found, confidence=min(found.confidence, ASKED), question=question)


def _currency(texts: list[str], context: ReadContext) -> Inference | None:
    around = [numeral[1] for text in texts if (numeral := peeled(text, units=2)) is not None]
    units = [unit.rstrip(".") for pair in around for unit in pair]
    meant = [currencies_of(unit) for unit in units]
    if not units or not all(meant) or 2 * sum(bool(pair) for pair in around) < len(texts):
        return None
    shared = reduce(frozenset.intersection, meant)
    if not shared:
        return Inference(TextType(), ASKED, (Reason("infer_several_currencies", {"signs": sorted(set(units))}),))
    usual = [code for code in _USUAL if code in shared]
    code = usual[0] if usual else min(shared)

    def made(signs: Mapping[str, Json]) -> ColumnType:
        return CurrencyType.model_validate({"code": code, **signs})

    found = _by_signs(texts, context, made, Reason("infer_currency_signs", {"sign": units[0], "currency": code}))
    if found is None or found.question is not None or len(shared) == 1 or "₩" in units or "원" in units:
        return found
    others = [code, *sorted(shared - {code})]
    choices = tuple(Choice(each, f"{texts[0]} = {each}") for each in others)
    question = Question("ask_currency", {"sign": units[0]}, "code", choices, code)
    return replace(found, confidence=min(found.confidence, ASKED), question=question)


def _number(texts: list[str], context: ReadContext) -> Inference | None:
    return _by_signs(texts, context, NumberType.model_validate, Reason("infer_numbers", {"text": shortened(texts[0])}))


def _by_signs(
    texts: list[str], context: ReadContext, made: Callable[[Mapping[str, Json]], ColumnType], reason: Reason
) -> Inference | None:
    """The first way to write numbers that reads enough cells; a question where ``1.234`` could be a thousand."""
    best = max(_SIGNS, key=lambda signs: _share(made(signs), texts, context))
    column_type = made(best)
    if best:
        reason_signs = Reason("infer_other_signs", {"decimal": best["decimal"], "group": best.get("group", ".")})
        return _found(column_type, texts, context, reason, reason_signs)
    dotted = [text for text in texts if "." in text]
    if not dotted or not all(_UNSURE_POINT.fullmatch(text) for text in dotted) or any("," in text for text in texts):
        return _found(column_type, texts, context, reason)
    choices = tuple(Choice(sign, _shown(made({"decimal": sign}), dotted[0], context)) for sign in (".", ","))
    question = Question("ask_decimal_sign", {"text": shortened(dotted[0])}, "decimal", choices)
    return _found(column_type, texts, context, reason, question=question)


def _shown(column_type: ColumnType, text: str, context: ReadContext) -> str:
    """What a text would mean, for a choice."""
    typed = read_cell(column_type, text, context)
    return typed.message() if isinstance(typed, CellProblem) else str(write_cell(column_type, typed))
