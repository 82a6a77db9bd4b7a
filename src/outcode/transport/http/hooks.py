"""Calling the code of apps: in a thread, and so that its faults are told as ours instead of ending the run.

A hook may raise problems, and these pass as they are. Whatever else comes out of parsing somebody's data (a wrong
value, a missing key, a wrong type, broken arithmetic or markup, data nested too deeply) is a fault in the app:
``hook_failed`` names app, hook and the type of the error, and not its text, which may hold anything. All other
exceptions are no fault of data and go on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Literal

from outcode.appkit.hooks import After, Before
from outcode.transport.http.decode import Response
from outcode.values.json import Json
from outcode.values.problems import Problem, Unexpected

# Markup that cannot be parsed is a SyntaxError to Python's own XML parser.
FAULTS = (ArithmeticError, AttributeError, LookupError, RecursionError, SyntaxError, TypeError, ValueError)


async def run_before(hook: Before | None, inputs: Mapping[str, Json], app: str) -> Mapping[str, Json]:
    """The values that the call takes; raises the hook's problem, or Unexpected ``hook_failed``."""
    if hook is None:
        return inputs
    try:
        return await asyncio.to_thread(hook, inputs)
    except FAULTS as error:
        raise _fault(app, "before", error) from error


async def run_after(hook: After, response: Response, inputs: Mapping[str, Json], app: str) -> Json:
    """The answer's data; raises the hook's problem, or Unexpected ``hook_failed``."""
    try:
        return await asyncio.to_thread(hook, response, inputs)
    except FAULTS as error:
        raise _fault(app, "after", error) from error


def _fault(app: str, hook: Literal["before", "after"], error: Exception) -> Problem:
    return Unexpected("hook_failed", app=app, hook=hook, error=type(error).__name__)
