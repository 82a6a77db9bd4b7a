"""Everything that can go wrong, as one tree; its words stand in ``messages/*.toml``, in English and Korean.

    Problem
    ├── InputProblem         what a person wrote is wrong: a document, a field, a file, a value
    │   └── ReferenceProblem a reference such as ``{{a.email}}`` cannot be read or resolved
    ├── AuthProblem          who are you: no key, or one that is not valid
    ├── PermissionProblem    we know you, and this is not yours to do
    ├── NotFound             no such thing here, or not in this team
    ├── Conflict             it exists already, or has changed meanwhile
    ├── TooLarge             over a stated limit
    ├── RateLimited          too many; says when to come again
    ├── EgressRefused        an address that this instance may not talk to
    ├── VendorRejected       the other side answered and said no
    ├── VendorDown           the other side did not answer, or answered that it cannot
    ├── Stopped              cancelled, or ran out of time
    ├── SetupProblem         the machine or its settings stop us; the operator can mend it
    └── Unexpected           ours: a bug

A problem is made from a *code* and details; what people read is looked up by code and language, so that no sentence
is written twice and none lacks its translation. HTTP status codes are the server's business, exit codes the command
line's.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, ClassVar, Self

from outcode.values.catalogue import DEFAULT_LANGUAGE, sentence


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is wrong; only what is known is filled.

    ``line``, ``column`` and ``row`` count from 1. ``offset`` counts characters from 0 inside the text of ``field``.
    ``field`` is a dotted path such as ``inputs.url`` or ``trigger.schedule.every``.

    >>> str(Place(file="flow.yaml", line=12, column=5, task="b", field="inputs.url"))
    'flow.yaml:12:5, task b, field inputs.url'
    """

    file: str | None = None
    line: int | None = None
    column: int | None = None
    task: str | None = None
    field: str | None = None
    row: int | None = None
    offset: int | None = None

    def __str__(self) -> str:
        position = [str(part) for part in (self.file, self.line, self.column) if part is not None]
        parts = [":".join(position)] if self.file else []
        if not self.file and self.line is not None:
            parts.append("line " + ":".join(position))
        if self.task is not None:
            parts.append(f"task {self.task}")
        if self.field is not None:
            parts.append(f"field {self.field}")
        if self.row is not None:
            parts.append(f"row {self.row}")
        return ", ".join(parts)

    def as_dict(self) -> dict[str, Any]:
        """The filled parts only, ready for JSON."""
        return {key: value for key, value in asdict(self).items() if value is not None}


class Problem(Exception):
    """Something a person should hear about: what, where, why, and what to do next.

    ``code`` names an entry of the catalogue; ``details`` fill its placeholders and must be plain values that hold no
    secret. ``retry_after`` is in seconds. Text that comes from outside (a vendor's sentence, a user's value) goes into
    ``details`` already shortened and redacted.

    >>> InputProblem("field_required", Place(task="b", field="inputs.url"), label="URL").code
    'field_required'
    """

    kind: ClassVar[str] = "problem"

    def __init__(
        self, code: str, place: Place | None = None, *, retry_after: float | None = None, **details: Any
    ) -> None:
        self.code = code
        self.place = place or Place()
        self.retry_after = retry_after
        self.details = details
        super().__init__(code)

    def message(self, language: str = DEFAULT_LANGUAGE) -> str:
        """What is wrong and why, one or two sentences."""
        return sentence(self.code, "message", language, self.details)

    def hint(self, language: str = DEFAULT_LANGUAGE) -> str:
        """What to do next, one sentence."""
        return sentence(self.code, "hint", language, self.details)

    def at(self, **known: Any) -> Self:
        """The same problem with more of its place filled; what is known already stays."""
        missing = {key: value for key, value in known.items() if getattr(self.place, key) is None}
        self.place = replace(self.place, **missing)
        return self

    def as_json(self) -> dict[str, Any]:
        """The form in which a problem is journaled: no words, so that they can be looked up in the reader's language.

        :func:`restored` reads it.
        """
        return {"kind": self.kind, "code": self.code, "place": self.place.as_dict(), "details": self.details}

    def as_dict(self, language: str = DEFAULT_LANGUAGE) -> dict[str, Any]:
        """The form in which problems are sent: kind, code, message, hint, place, details."""
        return {**self.as_json(), "message": self.message(language), "hint": self.hint(language)}

    def __str__(self) -> str:
        where = str(self.place)
        return f"{where}: {self.message()}" if where else self.message()


class InputProblem(Problem):
    """What a person wrote is wrong: a document, a field, a file, a value."""

    kind = "input"


class ReferenceProblem(InputProblem):
    """A reference cannot be read or resolved."""

    kind = "reference"


class AuthProblem(Problem):
    """We do not know who is asking."""

    kind = "auth"


class PermissionProblem(Problem):
    """We know who is asking, and this is not theirs to do."""

    kind = "permission"


class NotFound(Problem):
    """There is no such thing, or not in this team."""

    kind = "not_found"


class Conflict(Problem):
    """It exists already, or has changed meanwhile."""

    kind = "conflict"


class TooLarge(Problem):
    """Over a stated limit."""

    kind = "too_large"


class RateLimited(Problem):
    """Too many; ``retry_after`` says when to come again."""

    kind = "rate_limited"


class EgressRefused(Problem):
    """An address that this instance may not talk to."""

    kind = "egress_refused"


class VendorRejected(Problem):
    """The other side answered and said no."""

    kind = "vendor_rejected"


class VendorDown(Problem):
    """The other side did not answer, or answered that it cannot."""

    kind = "vendor_down"


class Stopped(Problem):
    """Cancelled, or out of time."""

    kind = "stopped"


class SetupProblem(Problem):
    """The machine or its settings stop us; the operator can mend it."""

    kind = "setup"


class Unexpected(Problem):
    """A fault of our own."""

    kind = "unexpected"


class ProblemList(InputProblem):
    """Several problems found in one go, such as all of a document's; never empty."""

    kind = "input_list"

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("several_problems", count=len(problems))

    def as_json(self) -> dict[str, Any]:
        return super().as_json() | {"problems": [problem.as_json() for problem in self.problems]}

    def as_dict(self, language: str = DEFAULT_LANGUAGE) -> dict[str, Any]:
        return super().as_dict(language) | {"problems": [problem.as_dict(language) for problem in self.problems]}

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


def restored(data: dict[str, Any]) -> Problem:
    """A journaled problem again.

    >>> restored(InputProblem("field_required", label="URL").as_json()).message()
    'URL is empty.'
    """
    if data["kind"] == ProblemList.kind:
        return ProblemList([restored(item) for item in data["problems"]])
    problem = _KINDS[data["kind"]](data["code"], Place(**data["place"]))
    problem.details = data["details"]
    return problem


_KINDS: dict[str, type[Problem]] = {
    kind.kind: kind
    for kind in (
        InputProblem,
        ReferenceProblem,
        AuthProblem,
        PermissionProblem,
        NotFound,
        Conflict,
        TooLarge,
        RateLimited,
        EgressRefused,
        VendorRejected,
        VendorDown,
        Stopped,
        SetupProblem,
        Unexpected,
    )
}
