"""Text and URL: compared after Unicode NFC, by default without upper and lower case."""

from __future__ import annotations

import re
from collections.abc import Callable

import polars as pl

from outcode.values.filters.model import Condition
from outcode.values.filters.predicate import Predicate, missing
from outcode.values.filters.texts import composed, composed_column, folded, folded_column
from outcode.values.json import Json
from outcode.values.problems import InputProblem, ReferenceProblem
from outcode.values.references import render
from outcode.values.references.suggestions import shortened
from outcode.values.types import CellProblem, ReadContext, TypedColumn, UrlType, read_cell

MAX_PATTERN_LENGTH = 1_000
MAX_CHOICES = 10_000
_SAMPLE = 10_000


def text_predicate(condition: Condition, context: ReadContext) -> Predicate:
    """The predicate of a text or URL condition; raises InputProblem ``filter_*`` for what stands on its value side."""
    match condition.operator:
        case "is" | "is_not":
            plain = _compared(condition, _whole(condition, condition.value, context))
        case "is_one_of" | "is_none_of":
            plain = _listed(condition, context)
        case "matches_pattern":
            return _pattern(condition)
        case _:
            plain = _partly(condition)
    negative = condition.operator in {"is_not", "is_none_of", "does_not_contain"}
    return plain.negated(of_null=True) if negative else plain


def check_pattern(pattern: str) -> None:
    """Raises InputProblem ``filter_pattern_invalid`` or ``filter_pattern_too_long``."""
    if len(pattern) > MAX_PATTERN_LENGTH:
        raise InputProblem("filter_pattern_too_long", limit=MAX_PATTERN_LENGTH)
    try:
        pl.Series([""]).str.contains(pattern)
    except pl.exceptions.ComputeError as error:
        raise InputProblem("filter_pattern_invalid", pattern=shortened(pattern), reason=_reason(error)) from None


def _compared(condition: Condition, wanted: str) -> Predicate:
    fold, fold_column = _folding(condition)
    sought = fold(wanted)
    return Predicate(lambda typed: fold(typed) == sought, _each(lambda texts: fold_column(texts) == sought))


def _listed(condition: Condition, context: ReadContext) -> Predicate:
    fold, fold_column = _folding(condition)
    values = condition.value if isinstance(condition.value, list) else [condition.value]
    if len(values) > MAX_CHOICES:
        raise InputProblem("filter_choices_too_many", limit=MAX_CHOICES, count=len(values))
    sought = {fold(_whole(condition, value, context)) for value in values}
    choices = pl.Series("", sorted(sought), dtype=pl.String)
    return Predicate(
        lambda typed: fold(typed) in sought, _each(lambda texts: fold_column(texts).is_in(choices.implode()))
    )


def _partly(condition: Condition) -> Predicate:
    fold, fold_column = _folding(condition)
    sought = fold(_text(condition, condition.value))
    match condition.operator:
        case "starts_with":
            return Predicate(
                lambda typed: fold(typed).startswith(sought),
                _each(lambda texts: fold_column(texts).str.starts_with(sought)),
            )
        case "ends_with":
            return Predicate(
                lambda typed: fold(typed).endswith(sought),
                _each(lambda texts: fold_column(texts).str.ends_with(sought)),
            )
        case _:
            return Predicate(
                lambda typed: sought in fold(typed),
                _each(lambda texts: fold_column(texts).str.contains(sought, literal=True)),
            )


def _pattern(condition: Condition) -> Predicate:
    """Found anywhere in the text; one engine (Rust's, linear in the text's length) answers for cells and columns."""
    pattern = _text(condition, condition.value)
    check_pattern(pattern)
    engine = pattern if condition.case_sensitive else f"(?i){pattern}"

    def found(values: pl.Series) -> pl.Series:
        return composed_column(values).str.contains(engine)

    return Predicate(lambda typed: bool(found(pl.Series("", [typed], dtype=pl.String))[0]), _each(found))


def _each(ask: Callable[[pl.Series], pl.Series]) -> Callable[[TypedColumn], pl.Series]:
    """Asks a whole column; where texts repeat a lot each one only once."""

    def asked(column: TypedColumn) -> pl.Series:
        texts = column.values
        if texts.len() < _SAMPLE or texts.head(_SAMPLE).n_unique() > _SAMPLE // 10:
            return ask(texts)
        distinct = texts.unique().drop_nulls()
        return texts.is_in(distinct.filter(ask(distinct)).implode())

    return asked


def _folding(condition: Condition) -> tuple[Callable[[str], str], Callable[[pl.Series], pl.Series]]:
    return (composed, composed_column) if condition.case_sensitive else (folded, folded_column)


def _whole(condition: Condition, value: Json, context: ReadContext) -> str:
    """A value that a whole cell is compared with; addresses in the form that cells of their column are read in."""
    text = _text(condition, value)
    if isinstance(condition.type, UrlType):
        read = read_cell(condition.type, text, context)
        return text if read is None or isinstance(read, CellProblem) else str(read)
    return text


def _text(condition: Condition, value: Json) -> str:
    if value is None or value == "":
        raise missing(condition)
    try:
        return render(value)
    except ReferenceProblem as problem:
        raise InputProblem("filter_value_not_text", column=shortened(condition.column)) from problem


def _reason(error: pl.exceptions.ComputeError) -> str:
    """What the engine says of the pattern, without its drawing of where."""
    found = re.search(r"error: ([^\n]+)\s*(?:\n\n|$)", str(error).split("regex error:", 1)[-1]) or re.search(
        r"regex error: ([^\n]+)", str(error)
    )
    return shortened(found[1].rstrip(":."), 120) if found else "–"
