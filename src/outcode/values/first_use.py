"""Packages whose names are imported at first use, so that a start imports only what it needs.

Such a package says where its names live, and whoever uses one writes ``package.name`` where it is used:

    __getattr__ = at_first_use(__name__, {"RedisTransport": "client"})      # in redis/__init__.py

    from outcode.transport import redis                                     # cheap
    transport = redis.RedisTransport(guard)                                 # imports redis/client.py

No name may be that of a module in the package: it would be found before it is asked for here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def at_first_use(package: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """The ``__getattr__`` of a package: ``homes`` says in which of its modules each name is.

    >>> at_first_use("outcode.values", {"dumps": "json"})("dumps")([1])
    '[1]'
    """

    def found(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}", name=name)
        return getattr(import_module(f"{package}.{homes[name]}"), name)

    return found
