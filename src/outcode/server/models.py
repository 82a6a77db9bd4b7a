"""What the API answers and takes; names and shapes here are the API's contract."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from outcode.appkit.quality import Tier
from outcode.runs.history import RunInfo, TaskInfo
from outcode.values.problems import restored
from outcode.workspace.connections import ConnectionInfo

JsonObject = dict[str, Any]
MAX_VERSION = 2**31 - 1
"""What the database counts versions with."""


class Answer(BaseModel):
    """An answer of the API."""

    model_config = ConfigDict(from_attributes=True)


class ProblemAnswer(Answer):
    """A problem in the reader's language."""

    kind: str
    code: str
    message: str
    hint: str
    place: JsonObject
    details: JsonObject


class ProblemDetails(Answer):
    """What every failed request answers (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    kind: str
    code: str
    message: str
    hint: str
    place: JsonObject
    details: JsonObject
    problems: list[ProblemAnswer] | None = None


class Person(Answer):
    """A user."""

    id: str
    name: str
    email: str


class Organization(Answer):
    """An organization."""

    id: str
    name: str
    domain: str
    timezone: str


class Team(Answer):
    """A team."""

    id: str
    name: str


class Me(Answer):
    """Who is asking, and where they work."""

    user: Person
    organization: Organization
    team: Team


RunState = Literal["waiting", "running", "done", "failed", "crashed", "cancelled"]
TaskState = Literal["waiting", "running", "done", "failed", "skipped", "unknown", "cancelled"]
RunTrigger = Literal["manual", "webhook", "schedule", "event", "api", "cli", "call"]


class TaskOfRun(Answer):
    """A task of a run."""

    letter: str
    name: str | None
    app: str
    action: str
    state: TaskState
    started_at: datetime | None
    finished_at: datetime | None
    rows_total: int | None
    rows_done: int | None
    rows_failed: int | None
    error: ProblemAnswer | None
    attempt: int
    reason: Literal["no_rows", "branch", "pinned", "last_result", "stale_result", "not_needed"] | None
    waiting_for: dict[str, Any] | None
    has_result: bool
    has_calls: bool


class RunSummary(Answer):
    """A run in a list; ``version`` is the flow's, ``parent_id`` who called it, ``origin_id`` what it repeats."""

    id: str
    flow_id: str | None
    flow_name: str
    trigger: RunTrigger
    test: bool
    state: RunState
    waiting_for: dict[str, Any] | None
    error: ProblemAnswer | None
    queued_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    version: int | None
    counted: bool
    parent_id: str | None
    origin_id: str | None


class Run(RunSummary):
    """A run with its tasks."""

    tasks: list[TaskOfRun]


class RunPage(Answer):
    """A page of runs, newest first."""

    items: list[RunSummary]
    next_cursor: str | None


class LastRun(Answer):
    """The newest run of a flow."""

    id: str
    state: RunState
    queued_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class FlowSummary(Answer):
    """A flow in a list; ``version`` is its draft's, ``trigger`` as in that document.

    ``active`` is the switch of the trigger, which runs the published version.
    """

    id: str
    kind: str
    name: str
    trigger: JsonObject
    webhook_url: str | None
    active: bool
    version: int
    published_version: int | None
    published_at: datetime | None
    updated_at: datetime
    last_run: LastRun | None


class Flow(FlowSummary):
    """A flow with its document in the plain form that YAML files have, too."""

    document: JsonObject


class FlowPage(Answer):
    """A page of flows, newest first."""

    items: list[FlowSummary]
    next_cursor: str | None


class Wanted(BaseModel):
    """What the API takes: each value in its own type, and nothing that nobody reads."""

    model_config = ConfigDict(extra="forbid", strict=True)


class FlowWrite(Wanted):
    """A document."""

    document: JsonObject


class FlowSave(FlowWrite):
    """A flow to be stored; ``note`` says in its history what this version is about."""

    note: str | None = Field(default=None, min_length=1, max_length=500)


class FlowChange(FlowSave):
    """A changed flow; ``version`` is the one that was edited."""

    version: int = Field(ge=1, le=MAX_VERSION)


class CheckAnswer(Answer):
    """What is wrong with a document; empty when it can be saved."""

    problems: list[ProblemAnswer]


class StartRun(Wanted):
    """What a run is started with: ``input`` becomes ``{{trigger.body}}``; ``test`` runs on one record only."""

    input: Any = None
    test: bool = False


class StartUnsaved(StartRun):
    """A run of a document that is not saved."""

    document: JsonObject


class RowFailure(Answer):
    """A row that failed; rows count from 1."""

    row: int
    error: ProblemAnswer


class TaskResultAnswer(Answer):
    """A task's result; a long list is cut, ``rows`` is its full length."""

    value: Any
    meta: JsonObject | None
    rows: int | None
    truncated: bool
    failures: list[RowFailure]


class CallOfTask(Answer):
    """One exchange with the outside, secrets masked: an HTTP request, also as ``curl``, or a statement."""

    row: int | None
    started_at: datetime
    elapsed_ms: int
    error: str | None
    statement: str | None = None
    method: str | None = None
    url: str | None = None
    request_headers: list[tuple[str, str]] = Field(default_factory=list)
    request_body: str | None = None
    request_size: int = 0
    attempt: int = 1
    address: str | None = None
    status: int | None = None
    response_size: int = 0
    curl: str | None = None


class CallsOfTask(Answer):
    """What a task said to the outside: ``count`` calls in all, of which the first and the failed ones are kept."""

    count: int
    calls: list[CallOfTask]


class Connection(Answer):
    """A connection without its secrets; ``identity`` is whose account it is, ``same_as`` who else has that account."""

    id: str
    app: str
    kind: str
    name: str
    settings: JsonObject
    version: int
    state: Literal["untested", "working", "needs_attention", "needs_reconnect"]
    identity: str | None
    problem: ProblemAnswer | None
    tested_at: datetime | None
    used_by: list[str]
    same_as: list[str]
    created_by: str
    created_at: datetime
    updated_at: datetime


class ConnectionList(Answer):
    """All connections of the team."""

    items: list[Connection]


class ConnectionTried(Answer):
    """How trying a form went; ``tried`` is false where an app gives no way to try its credentials."""

    tried: bool
    identity: str | None
    same_as: list[str]


class ConnectionRename(Wanted):
    """A connection's new name."""

    name: str = Field(min_length=1, max_length=200)


class ConsentWanted(Wanted):
    """A connection that a person agrees to on the vendor's page; ``reconnect``: the one of that name, anew."""

    app: str
    kind: str | None = None
    name: str = Field(min_length=1, max_length=200)
    fields: JsonObject = {}
    reconnect: bool = False


class ConsentBegun(Answer):
    """The vendor's page that the browser goes to."""

    authorize_url: str


class ActionAnswer(Answer):
    """An action of an app."""

    key: str
    name: str
    kind: str
    description: JsonObject


class AppAnswer(Answer):
    """An app with its actions; ``tier`` is how good it is: bronze, silver, gold, or null below."""

    slug: str
    name: str
    category: str
    description: JsonObject
    actions: list[ActionAnswer]
    tier: Tier | None


def problem_answer(data: dict[str, Any] | None, language: str) -> ProblemAnswer | None:
    """A journaled problem in the reader's language."""
    return ProblemAnswer.model_validate(restored(data).as_dict(language)) if data else None


def run_summary(run: RunInfo, language: str) -> RunSummary:
    """A run in a list."""
    return RunSummary.model_validate({**_fields(run), "error": problem_answer(run.error, language)})


def run_answer(run: RunInfo, language: str) -> Run:
    """A run with its tasks."""
    tasks = [_task_answer(task, language) for task in run.tasks]
    return Run.model_validate({**_fields(run), "error": problem_answer(run.error, language), "tasks": tasks})


def connection_answer(info: ConnectionInfo, language: str) -> Connection:
    """A connection, its problem in the reader's language."""
    return Connection.model_validate({**_fields(info), "problem": problem_answer(info.problem, language)})


def _task_answer(task: TaskInfo, language: str) -> TaskOfRun:
    return TaskOfRun.model_validate({**_fields(task), "error": problem_answer(task.error, language)})


def _fields(info: RunInfo | TaskInfo | ConnectionInfo) -> dict[str, Any]:
    return {name: getattr(info, name) for name in info.__dataclass_fields__}
