"""Nothing leaves the machine: a connection to anywhere but loopback fails the test that made it."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest


class LeftTheMachine(Exception):
    """Somebody tried to talk to the world."""


@contextmanager
def loopback_only() -> Iterator[list[str]]:
    """Refuse and list every address beyond loopback, for whoever connects or looks up a name."""
    left: list[str] = []
    connect, connect_ex, look_up = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def checked(address: Any) -> None:
        host = address[0] if isinstance(address, tuple) else "127.0.0.1"
        try:
            inside = ipaddress.ip_address(host).is_loopback
        except ValueError:
            inside = host == "localhost"
        if not inside:
            left.append(str(host))
            raise LeftTheMachine(str(host))

    def guarded_connect(self: socket.socket, address: Any) -> None:
        checked(address)
        connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        checked(address)
        return connect_ex(self, address)

    def guarded_look_up(host: Any, *arguments: Any, **more: Any) -> Any:
        checked((host.decode() if isinstance(host, bytes) else host or "127.0.0.1", 0))
        return look_up(host, *arguments, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded_connect)
        patch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
        patch.setattr(socket, "getaddrinfo", guarded_look_up)
        yield left
