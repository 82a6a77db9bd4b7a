"""One V8 isolate that serves one team and one piece of code, and what is done in it."""

from __future__ import annotations

import asyncio
import re
import secrets
from pathlib import Path
from typing import cast

from py_mini_racer import (
    JSEvalException,
    JSFunction,
    JSMappedObject,
    JSOOMException,
    JSParseException,
    JSPromise,
    MiniRacer,
)

from outcode.runs.sandbox.frames import MAX_BATCH_RESULT_BYTES, MAX_RESULT_BYTES, Reply

_BOOTSTRAP = Path(__file__).with_name("bootstrap.js").read_text("utf-8")
# `make web` packs them; where that was not done, only a script that names one of them fails.
_LIBRARIES = Path(__file__).with_name("libraries.json")
_PACKED_LIBRARIES = _LIBRARIES.read_text("utf-8") if _LIBRARIES.is_file() else "{}"
_MB = 1024**2
_MEMORY_CHECK_SECONDS = 0.05

_position = re.compile(r"[^:]*:(\d+): (.*)").match


class Refused(Exception):
    """The code or the call cannot go on; ``reply`` says why. The isolate is not to be used again."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply
        super().__init__(reply.outcome)


class Isolate:
    """The body of an async function with the parameters ``input`` and ``names``, compiled and ready.

    Must be made and used inside a running event loop, which V8 calls back on. Raises Refused when the code cannot be
    compiled or needs more memory than ``memory_mb`` just for that.
    """

    def __init__(self, code: str, names: list[str], memory_mb: int) -> None:
        self.calls = 0
        self._engine = MiniRacer()
        self._secret = f"outcode_{secrets.token_hex(16)}"
        doors = cast("JSMappedObject", self._engine.eval(_BOOTSTRAP.replace("__SECRET__", self._secret)))
        self._start = cast("JSFunction", doors["start"])
        cast("JSFunction", doors["supply"])(_PACKED_LIBRARIES)
        self._engine.set_hard_memory_limit(memory_mb * _MB)
        try:
            self._install(cast("JSFunction", doors["install"]), code, names)
        except Refused:
            self.close()
            raise

    def _install(self, install: JSFunction, code: str, names: list[str]) -> None:
        source = f'async function ({", ".join(["input", *names])}) {{"use strict";\n{code}\n}}'
        try:
            candidate = self._engine.eval(f"({source})\n//# sourceURL=script.js")
        except JSParseException as error:
            raise Refused(_syntax_reply(str(error))) from error
        except JSOOMException as error:
            raise Refused(Reply("memory", retire=True)) from error
        except JSEvalException as error:
            raise Refused(Reply("unbalanced")) from error
        if not isinstance(candidate, JSFunction) or install(candidate, source) is not True:
            raise Refused(Reply("unbalanced"))

    async def call(self, payload: str, memory_mb: int) -> str:
        """Run the code once for each argument in ``payload``; answers a ``Reply`` as JSON text.

        Raises Refused when V8's memory limit was reached. Does not look at the time: the pool does.
        """
        self.calls += 1
        self._engine.set_hard_memory_limit(memory_mb * _MB)
        try:
            self._start(payload, MAX_RESULT_BYTES, MAX_BATCH_RESULT_BYTES)
            text = self._engine.eval(f"{self._secret}.collect()")
            if not isinstance(text, str):
                await self._settled()
                text = self._engine.eval(f"{self._secret}.collect()")
        except JSOOMException as error:
            raise Refused(Reply("memory", retire=True)) from error
        return cast("str", text)

    async def _settled(self) -> None:
        promise = cast("JSPromise", self._engine.eval(f"{self._secret}.settled()"))

        async def wait() -> None:
            await promise

        waiting = asyncio.ensure_future(wait())
        while not waiting.done():
            await asyncio.wait({waiting}, timeout=_MEMORY_CHECK_SECONDS)
            # V8 stops a timer or a promise that takes too much, and tells nobody.
            if self._engine.was_hard_memory_limit_reached():
                raise Refused(Reply("memory", retire=True))
        waiting.result()

    def close(self) -> None:
        """Give the memory back."""
        self._engine.close()


def warm_up() -> None:
    """Make V8 load all that it would otherwise look for in files later; inside a running event loop."""
    with MiniRacer() as engine:
        engine.eval("new Date(0).toLocaleString('ko-KR', {timeZone: 'Asia/Seoul'}) + 'a'.localeCompare('ä')")
    Isolate("", [], 64).close()


def _syntax_reply(text: str) -> Reply:
    """Line, column and reason out of V8's report: ``<anonymous>:3: SyntaxError: …``, the source line, and a caret."""
    lines = text.split("\n")
    found = _position(lines[0])
    if found is None:
        return Reply("syntax", message=lines[0])
    caret = lines[2].find("^") if len(lines) > 2 else -1
    reason = found[2].removeprefix("SyntaxError: ")
    return Reply("syntax", message=reason, line=int(found[1]), column=caret + 1 if caret >= 0 else None)
