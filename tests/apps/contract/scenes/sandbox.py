"""Scripts in the sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from outcode.appkit import Action, Script
from outcode.appkit.samples import Sample
from outcode.values.json import Json
from tests.apps.contract.scenes.scene import Scene, Trouble

_GREEDY = "const kept = []; for (let i = 0; i < 20000; i++) kept.push(new Array(1000).fill(i)); return kept.length"


class SandboxScene(Scene):
    """Nobody is asked but the code itself."""

    def refusals(self, action: Action, sample: Sample) -> Iterator[Trouble]:
        """The code refuses itself."""
        yield self._of("throws", "input script_runtime_error", action, sample, "throw new Error('no')")
        yield self._of("misread", "input script_syntax_error", action, sample, "return (")

    def codes(self, action: Action, sample: Sample) -> Iterator[Trouble]:
        """What it returns is nothing to go on with."""
        yield self._of("a function", "input script_result_not_json", action, sample, "return () => 1")
        circle = "const a = {}; a.a = a; return a"
        yield self._of("a circle", "input script_result_circular", action, sample, circle)

    def broken(self, action: Action, sample: Sample) -> Iterator[Trouble]:
        """Its process is ended, since it takes more memory than it may."""
        yield self._of("greedy", "too_large script_out_of_memory", action, sample, _GREEDY, memory_mb=32)

    def silence(self, action: Action, sample: Sample) -> Iterator[Trouble]:
        """It never returns."""
        yield self._of("endless", "stopped script_timeout", action, sample, "while (true) {}", timeout_seconds=1)

    def _of(self, name: str, told: str, action: Action, sample: Sample, code: str, **changed: Json) -> Trouble:
        assert isinstance(action.call, Script)
        kind, word = told.split()
        inputs = {**sample.inputs, action.call.code.field: code, **changed}
        return Trouble(name, kind, (word,), partial(self.backstage.perform, action, inputs, None))
