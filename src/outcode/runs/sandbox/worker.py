"""One sandbox process, seen from the server: started, asked, killed."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from collections import OrderedDict
from pathlib import Path

import msgspec

import outcode
from outcode.runs.sandbox.answers import out_of_memory
from outcode.runs.sandbox.frames import LENGTH_BYTES, MAX_FRAME_BYTES, Ready, Reply
from outcode.runs.sandbox.watch import outgrown
from outcode.values.problems import InputProblem, SetupProblem, Stopped, Unexpected

START_SECONDS = 30
_REMEMBERED_KEYS = 16
_WATCH_SLACK_BYTES = 384 * 1024**2
_WATCHED = sys.platform != "linux"

_ready_decoder = msgspec.json.Decoder(Ready)
_reply_decoder = msgspec.json.Decoder(Reply)

Key = tuple[str, str]


class Worker:
    """A running child. Made by :meth:`start`; of no use after a problem: see :attr:`broken`."""

    def __init__(
        self, process: subprocess.Popen[bytes], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.measures: list[str] = []
        self._process = process
        self._reader = reader
        self._writer = writer
        self._served: OrderedDict[Key, None] = OrderedDict()
        self._killed = False
        self._outgrown = False

    @classmethod
    async def start(cls) -> Worker:
        """Start a child and wait until it has locked itself in.

        Raises SetupProblem ``script_sandbox_unavailable`` when it cannot, such as without libseccomp.
        """
        process, ours = _spawn()
        try:
            worker = cls(process, *await asyncio.open_connection(sock=ours))
        except asyncio.CancelledError:
            process.kill()
            ours.close()
            process.wait()
            raise
        try:
            async with asyncio.timeout(START_SECONDS):
                ready = _ready_decoder.decode(await worker._read())
            worker.measures, failure = ready.measures, ready.failure
        except (EOFError, OSError, TimeoutError, msgspec.DecodeError) as error:
            failure = f"its process ended while starting ({type(error).__name__})"
        except asyncio.CancelledError:
            worker.kill()
            process.wait()
            raise
        if failure:
            worker.kill()
            await worker.ended()
            raise SetupProblem("script_sandbox_unavailable", reason=failure)
        return worker

    @property
    def process_id(self) -> int:
        return self._process.pid

    @property
    def broken(self) -> bool:
        """Whether it cannot be asked again."""
        return self._killed or self.gone

    @property
    def gone(self) -> bool:
        """Whether the process has ended."""
        return self._process.poll() is not None

    def has_served(self, key: Key) -> bool:
        """Whether an isolate for this team and code may still be warm there."""
        return key in self._served

    async def ask(self, frame: bytes, key: Key, *, timeout_seconds: int, memory_mb: int) -> Reply:
        """Send a call and wait for the answer; the child is killed when it does not come or asks to be replaced.

        Raises Stopped ``script_timeout`` and ``script_stopped``, TooLarge ``script_out_of_memory``, InputProblem
        ``script_result_unreadable``, Unexpected ``script_sandbox_answer``.
        """
        self._served[key] = None
        self._served.move_to_end(key)
        if len(self._served) > _REMEMBERED_KEYS:
            self._served.popitem(last=False)
        keep = False
        watch = asyncio.create_task(self._kill_when_outgrown(memory_mb)) if _WATCHED else None
        try:
            async with asyncio.timeout(timeout_seconds):
                reply = _reply_decoder.decode(await self._exchange(frame))
            keep = not reply.retire
        except TimeoutError as error:
            raise Stopped("script_timeout", seconds=timeout_seconds) from error
        except (EOFError, OSError) as error:
            if self._killed and not self._outgrown:
                raise Stopped("script_stopped") from error
            # V8 ends its process when it cannot get memory; the watch and the kernel do the same.
            raise out_of_memory(memory_mb) from error
        except RecursionError as error:
            keep = True
            raise InputProblem("script_result_unreadable", reason="it is nested too deeply") from error
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Unexpected("script_sandbox_answer") from error
        finally:
            if watch is not None:
                watch.cancel()
            if not keep:
                self.kill()
        return reply

    def kill(self) -> None:
        """End the process, without waiting until it is gone."""
        self._killed = True
        self._process.kill()
        self._writer.close()

    async def ended(self) -> None:
        """Wait until the process, already killed, is gone."""
        await asyncio.to_thread(self._process.wait)

    async def _exchange(self, frame: bytes) -> bytes:
        self._writer.write(frame)
        await self._writer.drain()
        return await self._read()

    async def _read(self) -> bytes:
        length = int.from_bytes(await self._reader.readexactly(LENGTH_BYTES), "big")
        if length > MAX_FRAME_BYTES:
            raise Unexpected("script_sandbox_answer")
        return await self._reader.readexactly(length)

    async def _kill_when_outgrown(self, memory_mb: int) -> None:
        if await outgrown(self.process_id, memory_mb * 1024**2 + _WATCH_SLACK_BYTES):
            self._outgrown = True
            self.kill()


def _spawn() -> tuple[subprocess.Popen[bytes], socket.socket]:
    """A new child, and our end of the pair of sockets whose other end is all that it is given."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    # -I would hide a source tree; -P and -s keep the working folder and the user's packages out.
    command = (sys.executable, "-P", "-s", "-m", "outcode.runs.sandbox.child")
    environment = {"PYTHONPATH": str(Path(outcode.__file__).parents[1]), "TZ": "UTC"}
    nothing = subprocess.DEVNULL
    with theirs:
        try:
            process = subprocess.Popen(  # noqa: S603 - our own module, no text of a user's
                command, env=environment, stdin=theirs.fileno(), stdout=nothing, stderr=nothing, start_new_session=True
            )
        except OSError as error:
            ours.close()
            raise SetupProblem("script_sandbox_unavailable", reason=str(error)) from error
    return process, ours
