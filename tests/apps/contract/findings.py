"""What a check finds, and how much it has looked at: a check that looks at nothing must not pass unseen."""

from __future__ import annotations

from collections.abc import Iterable


class Findings(list[str]):
    """Sentences of what is wrong; ``asked`` counts the questions that were put to the app."""

    asked: int = 0

    def of(self, name: str, found: Iterable[str]) -> None:
        """Add what one question, such as a sample or a status, has brought up."""
        self.asked += 1
        self += [f"{name}: {finding}" for finding in found]
