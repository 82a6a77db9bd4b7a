"""What the API answers and takes about versions of flows."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, ValidatorFunctionWrapHandler, WrapValidator
from pydantic_core import PydanticCustomError

from outcode.flows.dataflow import Dataflow
from outcode.flows.difference import Difference
from outcode.flows.plain import plain
from outcode.server.models import MAX_VERSION, Answer, JsonObject, StartRun, Wanted
from outcode.workspace.versions import StoredVersion, VersionInfo

Number = Annotated[int, Field(ge=1, le=MAX_VERSION)]


def _told_once(value: Any, validate: ValidatorFunctionWrapHandler) -> Any:
    """One finding where a choice of types would make one for each of them."""
    try:
        return validate(value)
    except ValidationError as error:
        raise PydanticCustomError("literal_error", "version", {"expected": "'draft', 'published', '1'"}) from error


WantedVersion = Annotated[Literal["draft", "published"] | Number, WrapValidator(_told_once)]
ChangeKind = Literal["added", "removed", "changed"]


class Version(Answer):
    """A version in the history of a flow; ``published`` is the one that triggers run."""

    number: int
    note: str | None
    restored_from: int | None
    created_at: datetime
    created_by: str
    published_at: datetime | None
    published_by: str | None
    published: bool


class VersionWithDocument(Version):
    """A version with its document."""

    document: JsonObject


class VersionPage(Answer):
    """A page of versions, newest first."""

    items: list[Version]
    next_cursor: str | None


class FieldChange(Answer):
    """A place that differs; ``path`` leads there through names and positions in lists, counted from 0."""

    path: list[str | int]
    kind: ChangeKind
    old: Any
    new: Any


class TaskDifference(Answer):
    """A task that differs."""

    letter: str
    kind: ChangeKind
    old: JsonObject | None
    new: JsonObject | None
    changes: list[FieldChange]


class VersionDifference(Answer):
    """What differs between two versions; both lists are empty when nothing does."""

    old: int
    new: int
    changes: list[FieldChange]
    tasks: list[TaskDifference]


class Publish(Wanted):
    """Which version triggers run from now on; the draft when none is named."""

    version: Number | None = None
    note: str | None = Field(default=None, min_length=1, max_length=500)


class Restore(Wanted):
    """An old version again as the draft; ``version`` is the draft that it takes the place of."""

    version: Number


class Switch(Wanted):
    """Whether the flow's trigger is on."""

    active: bool


class StartFlow(StartRun):
    """A start of a stored flow.

    Without ``version`` a person and a test run the draft, and a program the published version where there is one.
    """

    version: WantedVersion | None = None


def version_answer(info: VersionInfo) -> Version:
    """A version in a list."""
    return Version.model_validate(info)


def version_document(version: StoredVersion) -> VersionWithDocument:
    """A version with its document as YAML files have it."""
    fields = {name: getattr(version.info, name) for name in Version.model_fields}
    return VersionWithDocument(**fields, document=plain(Dataflow.model_validate(version.document)))


def difference_answer(old: int, new: int, found: Difference) -> VersionDifference:
    """The difference of two versions."""
    return VersionDifference(
        old=old,
        new=new,
        changes=[FieldChange.model_validate(change) for change in found.changes],
        tasks=[TaskDifference.model_validate(task) for task in found.tasks],
    )
