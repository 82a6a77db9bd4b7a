"""Rows of a spreadsheet or .csv file, parsed in a child process that is killed when it takes too long or too much."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager, suppress
from pathlib import Path

from outcode.transport.answer import Answer
from outcode.transport.files.frames import LENGTH_BYTES, MOST_FRAME_BYTES, frame, packed
from outcode.transport.files.layout import ERRORS_KEY, ROW_KEY
from outcode.transport.files.options import SheetOptions
from outcode.values.json import Json, loads
from outcode.values.problems import InputProblem, Place, Problem, Stopped, TooLarge

_KINDS: dict[str, type[Problem]] = {kind.kind: kind for kind in (InputProblem, TooLarge)}


class SheetReader:
    """Reads .xlsx, .xlsm, .csv and .tsv; the limits hold for one file, at most ``at_once`` are read at a time."""

    def __init__(self, *, seconds: float = 120.0, memory_bytes: int = 2560 * 1024**2, at_once: int = 2) -> None:
        self._seconds = seconds
        self._memory_bytes = memory_bytes
        self._free = asyncio.Semaphore(at_once)

    async def perform(self, source: Path | bytes, name: str, options: Mapping[str, Json]) -> Answer:
        """The rows that the fields of *Get Rows* ask for; ``name`` is the file's own name, its suffix says the format.

        The value is the rows, ``[{header: value, "_row": number}]``, with error cells ``_errors`` too; meta:
        ``row_count, total_rows, headers, sheet, sheet_names, has_more, never_calculated``. Raises InputProblem
        (``sheet_…``, ``csv_…``), TooLarge, Stopped ``sheet_timeout``.

            answer = await SheetReader().perform(path, "orders.xlsx", {"sheet": "2026", "limit": 100})
        """
        wanted = SheetOptions.of(options)
        batches: list[list[Json]] = []
        end: dict[str, Json] | None = None
        async with aclosing(self._messages(source, name, wanted, inspect=False)) as messages:
            async for message in messages:
                if message["kind"] == "end":
                    end = message
                    break
                batches.append(message["rows"])
        if end is None:
            raise TooLarge("sheet_too_heavy", name=name)
        return await _answer(end, batches, wanted)

    async def inspect(self, source: Path | bytes, name: str) -> list[str]:
        """The names of the sheets: what a connection's test does. Raises as :meth:`perform`."""
        async with aclosing(self._messages(source, name, SheetOptions(), inspect=True)) as messages:
            async for message in messages:
                return [str(sheet) for sheet in message["sheet_names"]]
        raise TooLarge("sheet_too_heavy", name=name)

    async def _messages(
        self, source: Path | bytes, name: str, options: SheetOptions, *, inspect: bool
    ) -> AsyncGenerator[dict[str, Json], None]:
        """The child's frames until its last; nothing more when it died over a limit."""
        request = {
            "path": str(source) if isinstance(source, Path) else None,
            "name": name,
            "options": options.as_json(),
            "inspect": inspect,
            "memory_bytes": self._memory_bytes,
            "cpu_seconds": int(self._seconds) + 1,
        }
        async with self._free:
            try:
                async with asyncio.timeout(self._seconds), _child() as child:
                    await _hand_over(child, frame(request) + (packed(source) if isinstance(source, bytes) else b""))
                    while (message := await _next(child)) is not None:
                        if message["kind"] == "problem":
                            raise _problem(message)
                        yield message
            except TimeoutError as error:
                raise Stopped("sheet_timeout", name=name, seconds=self._seconds) from error


@asynccontextmanager
async def _child() -> AsyncIterator[Process]:
    """A child with our import path, but an environment of its own: it is to see none of our secrets."""
    environment = {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "PYTHONUTF8": "1"}
    module = "outcode.transport.files.child"
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-S", "-m", module, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env=environment
    )
    try:
        yield child
    finally:
        with suppress(ProcessLookupError):
            child.kill()
        await child.wait()


async def _hand_over(child: Process, content: bytes) -> None:
    assert child.stdin is not None  # noqa: S101 - opened as PIPE
    with suppress(BrokenPipeError, ConnectionResetError):  # a child that died is noticed when it is read
        child.stdin.write(content)
        await child.stdin.drain()
        child.stdin.close()
        await child.stdin.wait_closed()


async def _next(child: Process) -> dict[str, Json] | None:
    assert child.stdout is not None  # noqa: S101 - opened as PIPE
    try:
        length = int.from_bytes(await child.stdout.readexactly(LENGTH_BYTES), "big")
        if length > MOST_FRAME_BYTES:
            return None
        message: dict[str, Json] = loads(await child.stdout.readexactly(length))
    except asyncio.IncompleteReadError:
        return None
    return message


async def _answer(end: dict[str, Json], batches: list[list[Json]], options: SheetOptions) -> Answer:
    headers = end["headers"]
    rows: list[dict[str, Json]] = []
    batches.reverse()
    while batches:  # each is let go once its rows are made: a million of them need not stand in memory twice
        for number, cells, errors in batches.pop():
            row = dict(zip(headers, cells, strict=True)) | {ROW_KEY: number}
            rows.append(row | {ERRORS_KEY: errors} if errors else row)
        await asyncio.sleep(0)
    meta: dict[str, Json] = {
        "row_count": len(rows),
        "total_rows": end["total_rows"],
        "headers": headers,
        "sheet": end["sheet"],
        "sheet_names": end["sheet_names"],
        "has_more": options.offset + len(rows) < end["total_rows"],
        "never_calculated": end["never_calculated"],
    }
    return Answer(rows, meta)


def _problem(message: dict[str, Json]) -> Problem:
    kind = _KINDS.get(message["class"], InputProblem)
    return kind(message["code"], Place(**message["place"]), **message["details"])
