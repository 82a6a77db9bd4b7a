"""Actions that are no HTTP requests and need no server: carried out for real, each by its own part of the product."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl

from outcode.appkit import Action, ReadSheet, Script, TableTask, WriteFile
from outcode.appkit.accept import accept_answers
from outcode.appkit.samples import Sample, SampleFile
from outcode.appkit.template import literal_or_input
from outcode.runs.sandbox import SandboxPool
from outcode.transport.answer import shaped
from outcode.transport.files import SheetReader, write_csv
from outcode.values.tables import read_options, run_table
from outcode.values.types import ReadContext
from tests.apps.contract.subjects import Subject

_NOW = ReadContext(ZoneInfo("Asia/Seoul"), datetime(2026, 11, 21, tzinfo=UTC))


async def performed_apart(_subject: Subject, action: Action, sample: Sample) -> tuple[Any, Any] | None:
    """Result and meta, or None where carrying it out takes a server."""
    inputs = accept_answers(action.fields, dict(sample.inputs))
    match action.call:
        case Script() as script:
            async with SandboxPool(size=1) as pool:
                result = await pool.run(
                    team="contract",
                    code=inputs[script.code.field],
                    argument=inputs[script.argument.field],
                    variables={},
                    timeout_seconds=literal_or_input(script.timeout_seconds, inputs),
                    memory_mb=literal_or_input(script.memory_mb, inputs),
                )
            whole = {"result": result.value, "logs": result.logs, "duration_ms": result.duration_ms}
            return shaped(whole, action.outputs, inputs).value, whole
        case TableTask() as table:
            options = read_options(
                table.operation, {key: inputs.get(each.field) for key, each in table.options.items()}
            )
            other = inputs[table.other.field] if table.other is not None else None
            made = run_table(inputs[table.rows.field], other, options, _NOW)
            return made.rows, made.meta
        case ReadSheet() as sheet if sample.file is not None:
            given = {key: inputs.get(each.field) for key, each in sheet.options.items()}
            answer = await SheetReader().perform(_workbook(sample.file), sample.file.name, given)
            return answer.value, answer.meta
        case WriteFile() as write if sample.file is not None:
            content = await write_csv(inputs[write.rows.field])
            same = content.decode("utf-8-sig") == sample.file.text
            name = inputs[write.name.field] if same else content.decode("utf-8-sig")
            return {"name": name, "mediaType": "text/csv", "size": len(content)}, None
        case _:
            return None


def _workbook(file: SampleFile) -> bytes:
    if not file.sheets:
        return file.text.encode()
    book = openpyxl.Workbook()
    book.remove(book["Sheet"])
    for name, rows in file.sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()
