"""Every line of the case tables, read by the scalar and by the vectorised implementation."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pydantic import TypeAdapter

from outcode.values.json import Json, dumps, loads
from outcode.values.types import CellProblem, ColumnType, ReadContext, raw_series, read_cell, read_column, write_cell
from outcode.values.types.writing import write_column

TABLES = Path(__file__).parents[1] / "cases" / "types"
TYPE: TypeAdapter[ColumnType] = TypeAdapter(ColumnType)
MANY = 1_200
"""More cells than the vectorised reader looks at one by one."""


@dataclass
class Block:
    name: str
    column_type: ColumnType
    context: ReadContext
    cells: list[tuple[Json, Json]] = field(default_factory=list)


def blocks() -> list[Block]:
    found: list[Block] = []
    for file in sorted(TABLES.glob("*.jsonl")):
        for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
            entry = loads(line)
            if isinstance(entry, list):
                raw, gives = entry
                found[-1].cells.append((raw, gives))
                continue
            zone = ZoneInfo(entry.get("timezone", "Asia/Seoul"))
            context = ReadContext(zone, datetime(2026, 11, 21, tzinfo=UTC), entry.get("day_first"))
            found.append(Block(f"{file.stem}:{number}", TYPE.validate_python(entry["type"]), context))
    return found


BLOCKS = blocks()


def shown(value: Json, error: str | None) -> str:
    return dumps({"error": error}) if error else dumps(value)


def column(block: Block, cells: list[Json]) -> list[str]:
    read = read_column(block.column_type, raw_series(cells), block.context)
    return [shown(*cell) for cell in zip(write_column(read), read.errors.to_list(), strict=True)]


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.name)
def test_scalar(block: Block) -> None:
    wrong = []
    for raw, gives in block.cells:
        cell = read_cell(block.column_type, raw, block.context)
        error = cell.code if isinstance(cell, CellProblem) else None
        got = shown(None if error else write_cell(block.column_type, cell), error)
        if got != dumps(gives):
            wrong.append(f"{raw!r} gives {got}, not {dumps(gives)}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.name)
def test_vectorised(block: Block) -> None:
    cells = [raw for raw, _ in block.cells]
    assert column(block, cells) == [dumps(gives) for _, gives in block.cells]
    for raw, gives in block.cells:
        assert column(block, [raw]) == [dumps(gives)], raw
    texts = [(raw, dumps(gives)) for raw, gives in block.cells if isinstance(raw, str)]
    if texts:
        many = texts * (MANY // len(texts) + 1)
        assert column(block, [raw for raw, _ in many]) == [gives for _, gives in many]
        for raw, expected in texts:
            assert set(column(block, [raw] * (MANY if block.name.startswith("datetime") else 2))) == {expected}, raw


def test_every_type_and_problem_has_a_case() -> None:
    kinds = {block.column_type.kind for block in BLOCKS}
    assert kinds == {"text", "number", "percentage", "currency", "datetime", "url", "boolean", "json"}
