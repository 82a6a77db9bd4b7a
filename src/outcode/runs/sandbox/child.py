"""The sandbox process, ``python -m outcode.runs.sandbox.child``: standard input is a socket to the pool.

It does one call at a time and keeps no clock: whoever started it kills it when time is over. It ends with its parent.
"""

from __future__ import annotations

import asyncio
import os
import select
import sys
import threading
from collections import OrderedDict

import msgspec

from outcode.runs.sandbox import confine
from outcode.runs.sandbox.frames import LENGTH_BYTES, MAX_FRAME_BYTES, Call, Ready, framed, pack
from outcode.runs.sandbox.isolate import Isolate, Refused, warm_up

MAX_ISOLATES = 16
MAX_CALLS = 1000
_MB = 1024**2
_CROWDED_BYTES = 320 * _MB
_SLACK_BYTES = 96 * _MB
_CPU_SLACK_SECONDS = 5
_NESTING = 5000

_Key = tuple[str, str, tuple[str, ...]]


class _Memory:
    """The size of this process's own data, read from a file opened before files were forbidden.

    A warm V8 without any script has half a gigabyte already, nearly all of it reserved and never touched.
    """

    def __init__(self) -> None:
        self._file = os.open("/proc/self/statm", os.O_RDONLY) if sys.platform == "linux" else -1
        self._page = os.sysconf("SC_PAGE_SIZE")
        self._warm = self.data_bytes()

    def data_bytes(self) -> int:
        return int(os.pread(self._file, 256, 0).split()[5]) * self._page if self._file >= 0 else 0

    def crowded(self) -> bool:
        return self.data_bytes() - self._warm > _CROWDED_BYTES


class Isolates:
    """The warm isolates: each serves one team and one code only; the one used longest ago is dropped first."""

    def __init__(self) -> None:
        self._warm: OrderedDict[_Key, Isolate] = OrderedDict()

    def take(self, call: Call) -> Isolate:
        """The isolate for a call, warm or new; raises Refused when the code cannot be compiled."""
        key = _key(call)
        found = self._warm.pop(key, None) or Isolate(call.code, call.names, call.memory_mb)
        while len(self._warm) >= MAX_ISOLATES:
            self._warm.popitem(last=False)[1].close()
        return found

    def give_back(self, call: Call, isolate: Isolate) -> None:
        """Keep it for the next call of the same kind, unless it has served long enough."""
        if isolate.calls >= MAX_CALLS:
            isolate.close()
        else:
            self._warm[_key(call)] = isolate

    def clear(self) -> None:
        """Drop all."""
        while self._warm:
            self._warm.popitem()[1].close()


def _key(call: Call) -> _Key:
    return call.team, call.code, tuple(call.names)


async def _answer(call: Call, isolates: Isolates, memory: _Memory) -> bytes:
    payload = bytes(call.payload).decode()
    if memory.crowded():
        isolates.clear()
    # The text of the argument stands in memory several times while it is handed to V8.
    room = call.memory_mb * _MB + _SLACK_BYTES + 8 * len(payload)
    confine.allow_for_call(memory.data_bytes() + room, call.timeout_seconds + _CPU_SLACK_SECONDS)
    try:
        isolate = isolates.take(call)
        reply = await isolate.call(payload, call.memory_mb)
    except Refused as refused:
        return pack(refused.reply)
    isolates.give_back(call, isolate)
    if memory.crowded():
        isolates.clear()
        if memory.crowded():
            reply = f'{{"retire":true,{reply[1:]}'
    return framed(reply.encode())


def _read(pool: int, size: int) -> bytes:
    parts = bytearray()
    while len(parts) < size:
        part = os.read(pool, min(size - len(parts), _MB))
        if not part:
            os._exit(0)  # the parent has closed its end
        parts += part
    return bytes(parts)


def _write(pool: int, frame: bytes) -> None:
    rest = memoryview(frame)
    while rest:
        rest = rest[os.write(pool, rest) :]


def _end_when_left(pool: int) -> None:
    """Runs beside everything else: a script may be computing when the parent goes away."""
    hung_up = select.poll()
    hung_up.register(pool, 0)
    hung_up.poll()
    os._exit(0)


def _own_socket() -> int:
    """The socket under another number, with nothing behind the standard ones and nothing else open."""
    pool = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    os.closerange(max(pool, nothing) + 1, os.sysconf("SC_OPEN_MAX"))
    os.close(nothing)
    return pool


async def _serve(pool: int, namespaces: list[str]) -> None:
    warm_up()
    memory = _Memory()
    threading.Thread(target=_end_when_left, args=(pool,), daemon=True).start()
    decoder = msgspec.json.Decoder(Call)
    try:
        measures = namespaces + confine.give_up_rights()
    except (OSError, RuntimeError, ImportError) as error:
        _write(pool, pack(Ready([], failure=str(error))))
        return
    _write(pool, pack(Ready(measures)))
    isolates = Isolates()
    while True:
        length = int.from_bytes(_read(pool, LENGTH_BYTES), "big")
        if length > MAX_FRAME_BYTES:
            return
        call = decoder.decode(_read(pool, length))
        _write(pool, await _answer(call, isolates, memory))


def main() -> None:
    """Lock in, then serve until the parent goes away."""
    namespaces = confine.enter_namespaces()
    sys.setrecursionlimit(_NESTING)  # above the pool's own, so that what it could write can be read here
    os.environ.clear()
    asyncio.run(_serve(_own_socket(), namespaces))


if __name__ == "__main__":
    main()
