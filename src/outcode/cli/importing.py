"""Importing what a command needs, as fast as it goes: most of what a start takes is spent here."""

from __future__ import annotations

import gc
import os
from importlib import import_module
from types import ModuleType


def imported(module: str) -> ModuleType:
    """A module and all that it brings, which stay as long as the process does."""
    # Pydantic would read what every installed package says of itself, looking for plugins.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    # There is no garbage in modules, and looking for it would take a seventh of the time, and later again and again.
    gc.disable()
    try:
        return import_module(module)
    finally:
        gc.freeze()
        gc.enable()
