"""The answer of a statement: rows as objects, and what stands around them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from outcode.transport.answer import Answer
from outcode.transport.files.names import unique_names
from outcode.values.json import Json
from outcode.values.problems import TooLarge


def answer_of(
    columns: Iterable[tuple[str, str]],
    rows: Sequence[Sequence[Json]],
    *,
    truncated: bool,
    affected: int | None = None,
    insert_id: int | None = None,
) -> Answer:
    """Rows as ``[{column: value}]``, a repeated label with ``_2``; ``columns`` are labels and types."""
    described = list(columns)
    names = unique_names(label for label, _ in described)
    meta: dict[str, Json] = {
        "row_count": len(rows),
        "affected_rows": affected,
        "columns": [{"name": name, "type": kind} for name, (_, kind) in zip(names, described, strict=True)],
        "truncated": truncated,
        "insert_id": insert_id,
    }
    return Answer([dict(zip(names, row, strict=True)) for row in rows], meta)


def too_large(limit: int, rows: int) -> TooLarge:
    """The problem of a result of more than ``limit`` bytes."""
    return TooLarge("sql_result_too_large", limit_mb=limit // 1024**2, rows=rows)
