"""``outcode``: the entry point, its commands in the order in which people need them.

A command's module is imported when the command is called: listing them, or checking a file, needs no server.
"""

from __future__ import annotations

import sys
from io import TextIOWrapper
from typing import Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command, get_group

from outcode.cli.console import EXIT_FAILED, EXIT_INVALID
from outcode.cli.explain import explain
from outcode.cli.importing import imported
from outcode.values.problems import InputProblem, Problem


class Entry(NamedTuple):
    """Where a command is: a module beside this one, and its function or its group; ``help`` is its first sentence."""

    module: str
    attribute: str
    help: str


COMMANDS = {
    "serve": Entry("serve", "serve", "Start Outcode and serve until stopped."),
    "run": Entry("run", "run", "Run a flow file and print the last task's result."),
    "check": Entry("check", "check", "Check a flow file."),
    "apps": Entry("apps", "apps", "List apps and their actions."),
    "connections": Entry("connections", "app", "Connections to apps."),
    "flows": Entry("flows", "app", "The stored flows and their versions."),
    "export": Entry("transfer", "export_flow", "Write a flow as YAML, without the secrets of its connections."),
    "import": Entry("transfer", "import_flow", "Store flows from files and publish them."),
    "runs": Entry("runs", "app", "The run history."),
    "schedules": Entry("schedules", "app", "Flows that start by themselves."),
    "keys": Entry("keys", "app", "API keys for programs and webhooks."),
    "webhooks": Entry("webhooks", "app", "What belongs to webhooks beside their flows."),
    "admin": Entry("admin", "app", "What the operator sets for the whole instance."),
    "link": Entry("keys", "link", "Print a link that signs a browser in, once."),
}


class Commands(TyperGroup):
    """The commands by name; only the one that is called is imported."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - the overridden signature
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - the overridden signature
        entry = COMMANDS.get(cmd_name)
        return TyperCommand(cmd_name, help=entry.help) if entry else None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name, _, rest = super().resolve_command(ctx, args)
        return name, load(name) if name else None, rest


def load(name: str) -> Any:
    """The command itself, its module imported."""
    entry = COMMANDS[name]
    found = getattr(imported(f"outcode.cli.{entry.module}"), entry.attribute)
    if isinstance(found, typer.Typer):
        return get_group(found)
    alone = typer.Typer(add_completion=False, rich_markup_mode=None)
    alone.command(name)(found)
    return get_command(alone)


app = typer.Typer(
    name="outcode",
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)


@app.callback()
def outcode() -> None:
    """Outcode: connect apps, see every row, act on it."""


def main() -> None:
    """The console script; a problem that a command raises is explained and becomes the exit code."""
    for stream in (sys.stdout, sys.stderr):
        # A shell without UTF-8 shows signs that it cannot write as escapes, where Python would end with a traceback.
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        app()
    except Problem as problem:
        explain(problem)
        sys.exit(EXIT_INVALID if isinstance(problem, InputProblem) else EXIT_FAILED)
