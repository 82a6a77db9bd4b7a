"""What every command shares: results to standard output, words for people to standard error, exit codes, files.

Exit codes: 0 done; 1 a run failed or something else went wrong; 2 the file or an argument is invalid; 130 and 143
stopped by Ctrl+C or a signal. Nothing is wrapped or cut: what does not go to a terminal is read by programs.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.cells import cell_len

from outcode.values.problems import InputProblem, SetupProblem
from outcode.workspace.settings import DEFAULT_FOLDER

EXIT_FAILED = 1
EXIT_INVALID = 2

DataFolder = Annotated[
    Path, typer.Option("--data-dir", envvar="OUTCODE_DATA_DIR", help="The folder with all data of this Outcode.")
]
DEFAULT_DATA_FOLDER = DEFAULT_FOLDER


def say(text: str, *, bold: bool = False) -> None:
    """Tell a person something."""
    typer.secho(text, err=True, bold=bold or None)


def out(text: str) -> None:
    """Write a result exactly, as UTF-8 whatever the shell's locale is."""
    typer.echo(text.encode())


def show(text: str, *, bold: bool = False) -> None:
    """Write a result that people read."""
    typer.secho(text, bold=bold or None)


def show_table(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Rows under headers, every cell whole and in one line; the same on a terminal and in a pipe."""
    cells = [list(headers), *([_one_line(cell) for cell in row] for row in rows)]
    widths = [max(cell_len(line[column]) for line in cells) for column in range(len(headers))]
    for number, line in enumerate(cells):
        padded = (cell + " " * (width - cell_len(cell)) for cell, width in zip(line, widths, strict=True))
        show("  ".join(padded).rstrip(), bold=number == 0)


def _one_line(text: str) -> str:
    return "".join(sign if sign.isprintable() else " " for sign in text)


def read_file(path: Path, limit: int | None = None) -> bytes:
    """A file's bytes; raises InputProblem when it cannot be read or has more than ``limit`` bytes."""
    try:
        with path.open("rb") as stream:
            content = stream.read() if limit is None else stream.read(limit + 1)
    except OSError as error:
        raise InputProblem("file_unreadable", name=str(path), reason=error.strerror or type(error).__name__) from error
    except ValueError as error:  # a path with a zero byte
        raise InputProblem("file_unreadable", name=repr(str(path)), reason=str(error)) from error
    if limit is not None and len(content) > limit:
        raise InputProblem("file_oversized", name=str(path), limit=limit // 1024)
    return content


def write_file(path: Path, content: bytes) -> None:
    """Write a file wholly or not at all; raises SetupProblem."""
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.")
        made = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(content)
            made.chmod(path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask())
            made.replace(path)
        except OSError:
            made.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise SetupProblem("file_unwritable", name=str(path), reason=error.strerror or type(error).__name__) from error


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
