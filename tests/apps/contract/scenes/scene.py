"""The other side of calls that are no HTTP requests: it plays samples, and makes every trouble that it can."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass

from outcode.appkit import Action, WriteFile
from outcode.appkit.samples import Sample
from tests.apps.contract.backstage import Backstage
from tests.apps.contract.stage import Outcome
from tests.apps.contract.subjects import Subject

Meet = Callable[[], Awaitable[Outcome]]


@dataclass(frozen=True)
class Trouble:
    """Something that goes wrong, and how people are told of it; ``codes`` empty: whatever fits."""

    name: str
    kind: str
    codes: tuple[str, ...]
    meet: Meet


class Scene:
    """Calls that ask nobody, such as those on tables: there is no trouble to be had."""

    def __init__(self, subject: Subject, backstage: Backstage) -> None:
        self.subject = subject
        self.backstage = backstage

    async def set_up(self) -> None:
        """Make what all samples need."""

    async def clear(self) -> None:
        """Take it away again."""

    async def play(self, action: Action, sample: Sample) -> list[tuple[str, Outcome]]:
        """Carry a sample out in each way in which the app can be connected, named."""
        self.backstage.files.contents.clear()
        outcome = await self.backstage.perform(action, sample.inputs, None)
        if isinstance(action.call, WriteFile) and sample.file is not None:
            kept = [content.decode("utf-8-sig") for content in self.backstage.files.contents.values()]
            assert kept == [sample.file.text], kept
        return [("here", outcome)]

    def troubles(self, check: str, action: Action, sample: Sample) -> Iterable[Trouble]:
        """What can go wrong for a check such as ``refusals``."""
        makers = {"refusals": self.refusals, "codes": self.codes, "broken": self.broken, "silence": self.silence}
        return makers[check](action, sample)

    def refusals(self, action: Action, sample: Sample) -> Iterator[Trouble]:
        """We are not let in, or not let do it."""
        yield from ()

    def codes(self, action: Action, sample: Sample) -> Iterator[Trouble]:
        """The other side has a word of its own for what is wrong with the call."""
        yield from ()

    def broken(self, action: Action, sample: Sample) -> Iterator[Trouble]:
        """It is gone, it goes meanwhile, or it is something else."""
        yield from ()

    def silence(self, action: Action, sample: Sample) -> Iterator[Trouble]:
        """It does not answer in time."""
        yield from ()

    def connects(self) -> Iterator[tuple[str, Meet]]:
        """Connections that pass their test."""
        yield from ()

    def misconnects(self) -> Iterator[Trouble]:
        """Connections that do not."""
        yield from ()

    def tells(self, action: Action, sample: Sample) -> Iterator[tuple[str, Meet]]:
        """Calls in which the other side repeats the connection's secrets."""
        yield from ()

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not be seen anywhere."""
        return ()
