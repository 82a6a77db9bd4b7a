"""``outcode check FILE.yaml``: what is wrong with a file, by line and column, without running it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from outcode.apps.registry import all_apps
from outcode.cli.console import read_file, say
from outcode.cli.words import words
from outcode.flows.check import check_dataflow
from outcode.flows.yaml import ReadFlow, read_flow
from outcode.values.problems import ProblemList

_LARGEST = 4 * 1024 * 1024


def check(file: Annotated[Path, typer.Argument(help="A flow as YAML.")]) -> None:
    """Check a flow file."""
    document = checked_file(file).document
    say(words("check.fine", file=file, name=document.name, tasks=len(document.tasks)))


def checked_file(file: Path, connections: Mapping[str, str] | None = None) -> ReadFlow:
    """The document of a file; raises InputProblem or ProblemList with line and column of everything that is wrong.

    ``connections`` maps the names of the team's connections to app slugs, where a team is at hand.
    """
    read = read_flow(read_file(file, _LARGEST), file=str(file))
    check_connections(read, file, connections)
    return read


def check_connections(read: ReadFlow, file: Path, connections: Mapping[str, str] | None) -> None:
    """Check a file that has been read, now against a team's connections; raises ProblemList."""
    problems = check_dataflow(
        read.document, all_apps(), connections=connections, positions=read.positions, file=str(file)
    )
    if problems:
        raise ProblemList(problems)
