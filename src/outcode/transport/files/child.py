"""The process that parses an uploaded file: it has limits, no secrets in its environment, and may be killed.

Started as ``python -m outcode.transport.files.child``. Reads one request frame, for bytes a second frame with the file;
writes frames: ``head``, ``rows`` …, ``end``, or ``problem``.
"""

from __future__ import annotations

import io
import sys
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from outcode.transport.files.delimited import CsvGrid
from outcode.transport.files.frames import LENGTH_BYTES, frame
from outcode.transport.files.layout import Layout
from outcode.transport.files.options import SheetOptions
from outcode.transport.files.workbook import OLE_MAGIC, WorkbookGrid, find_sheet
from outcode.values.json import Json, loads
from outcode.values.problems import InputProblem, Problem, TooLarge

BATCH_ROWS = 1000


def main() -> None:
    """Answer one request; a problem is an answer too, everything else ends the process."""
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    request = loads(_read(source))
    _limit(request["memory_bytes"], request["cpu_seconds"])
    try:
        with ExitStack() as stack:
            path = request["path"]
            stream: BinaryIO = stack.enter_context(Path(path).open("rb")) if path else io.BytesIO(_read(source))
            _answer(stream, request, sink)
    except MemoryError:
        sink.write(frame(_problem(TooLarge("sheet_too_heavy", name=request["name"]))))
    except Problem as problem:
        sink.write(frame(_problem(problem)))
    sink.flush()


def _answer(stream: BinaryIO, request: dict[str, Json], sink: BinaryIO) -> None:
    name = request["name"]
    options = SheetOptions.from_json(request["options"])
    grid = _grid(stream, name, options)
    if request["inspect"]:
        sink.write(frame({"kind": "end", "sheet_names": list(grid.sheet_names)}))
        return
    layout = Layout(grid, options)
    rows = layout.rows()
    while batch := list(islice(rows, BATCH_ROWS)):
        sink.write(frame({"kind": "rows", "rows": batch}))
    end = {
        "kind": "end",
        "headers": layout.headers,
        "total_rows": layout.total_rows,
        "sheet": grid.sheet,
        "sheet_names": list(grid.sheet_names),
        "never_calculated": grid.never_calculated if isinstance(grid, WorkbookGrid) else 0,
    }
    sink.write(frame(end))


def _grid(stream: BinaryIO, name: str, options: SheetOptions) -> CsvGrid | WorkbookGrid:
    suffix = Path(name).suffix.lower()
    if suffix in {".xlsx", ".xlsm"}:
        return WorkbookGrid(stream, name, options)
    if suffix not in {".csv", ".tsv"}:
        raise InputProblem("sheet_suffix", name=name)
    if stream.read(8).startswith(OLE_MAGIC):
        raise InputProblem("sheet_old_or_locked", name=name)
    stream.seek(0)
    grid = CsvGrid(stream, name, "\t" if suffix == ".tsv" else None)
    find_sheet(options.sheet, grid.sheet_names)
    return grid


def _problem(problem: Problem) -> dict[str, Json]:
    place = problem.place.as_dict()
    return {"kind": "problem", "class": problem.kind, "code": problem.code, "place": place, "details": problem.details}


def _read(source: BinaryIO) -> bytes:
    length = int.from_bytes(source.read(LENGTH_BYTES), "big")
    return source.read(length)


def _limit(memory_bytes: int, cpu_seconds: int) -> None:
    """Bound what parsing may take; macOS does not keep to the memory limit, there the time limit must do."""
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 - absent on Windows

    bounds = {resource.RLIMIT_CPU: cpu_seconds, resource.RLIMIT_CORE: 0, resource.RLIMIT_FSIZE: 0}
    if sys.platform == "linux":
        bounds |= {resource.RLIMIT_AS: memory_bytes}
    for kind, bound in bounds.items():
        resource.setrlimit(kind, (bound, bound))


if __name__ == "__main__":
    main()
