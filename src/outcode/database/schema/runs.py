"""Runs, their tasks and elements, and the wide values that they point at."""

from __future__ import annotations

import sqlalchemy as sql
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from outcode.database.schema.columns import identity, link, moment, one_of, owned

RUN_STATES = ("waiting", "running", "done", "failed", "crashed", "cancelled")
TASK_STATES = ("waiting", "running", "done", "failed", "skipped", "unknown", "cancelled")
TRIGGERS = ("manual", "webhook", "schedule", "event", "api", "cli", "call")


def _past_run(name: str) -> sql.Column[str]:
    """The run that another comes from: its caller, or the one that it does again."""
    return sql.Column(name, UUID(as_uuid=False), sql.ForeignKey("runs.id", ondelete="SET NULL"))


payloads = owned(
    "payloads",
    identity(),
    sql.Column("size", sql.BigInteger, nullable=False),
    sql.Column("inline", sql.LargeBinary),
    sql.Column("blob", sql.Text),
    moment("created_at", now=True),
    sql.CheckConstraint("(inline IS NULL) <> (blob IS NULL)", name="one_place"),
)


runs = owned(
    "runs",
    identity(),
    sql.Column("flow_id", UUID(as_uuid=False), sql.ForeignKey("flows.id", ondelete="SET NULL")),
    sql.Column("version_id", UUID(as_uuid=False), sql.ForeignKey("flow_versions.id", ondelete="SET NULL")),
    sql.Column("flow_name", sql.Text, nullable=False),
    sql.Column("trigger", sql.Text, nullable=False),
    sql.Column("test", sql.Boolean, nullable=False),
    sql.Column("counted", sql.Boolean, nullable=False, server_default=sql.true()),
    sql.Column("priority", sql.SmallInteger, nullable=False, server_default="0"),
    sql.Column("state", sql.Text, nullable=False),
    moment("wake_at"),
    sql.Column("waiting_for", JSONB),
    moment("lease_until"),
    sql.Column("epoch", sql.Integer, nullable=False, server_default="0"),
    sql.Column("attempts", sql.Integer, nullable=False, server_default="0"),
    sql.Column("cancel_requested", sql.Boolean, nullable=False, server_default=sql.false()),
    sql.Column("idempotency_key", sql.Text),
    link("input_id", "payloads.id"),
    sql.Column("error", JSONB),
    link("created_by", "users.id"),
    _past_run("parent_id"),
    _past_run("origin_id"),
    moment("planned_at"),
    moment("queued_at", now=True),
    moment("started_at"),
    moment("finished_at"),
    one_of("state", RUN_STATES),
    one_of("trigger", TRIGGERS),
    sql.UniqueConstraint("flow_id", "idempotency_key"),
    sql.UniqueConstraint("flow_id", "planned_at"),
    sql.Index("ix_runs_team_id_id", "team_id", "id"),
    sql.Index("ix_runs_flow_id_id", "flow_id", "id"),
    sql.Index("ix_runs_keyed", "queued_at", postgresql_where=sql.text("idempotency_key IS NOT NULL")),
    sql.Index("ix_runs_held", "lease_until", postgresql_where=sql.text("state = 'running'")),
    sql.Index(
        "ix_runs_waiting",
        "team_id",
        sql.text("priority DESC"),
        "id",
        postgresql_where=sql.text("state = 'waiting' AND wake_at IS NULL"),
    ),
    sql.Index("ix_runs_wake", "wake_at", postgresql_where=sql.text("state = 'waiting'")),
    sql.Index("ix_runs_parent_id", "parent_id", postgresql_where=sql.text("parent_id IS NOT NULL")),
    sql.Index("ix_runs_origin_id", "origin_id", postgresql_where=sql.text("origin_id IS NOT NULL")),
    sql.Index(
        "ix_runs_scheduled",
        "flow_id",
        postgresql_where=sql.text("trigger = 'schedule' AND state IN ('waiting', 'running')"),
    ),
    sql.Index(
        "ix_runs_overlapping",
        "flow_id",
        "planned_at",
        postgresql_where=sql.text("state = 'waiting' AND waiting_for ->> 'kind' = 'overlap'"),
    ),
)

run_tasks = owned(
    "run_tasks",
    link("run_id", "runs.id", cascade=True),
    sql.Column("letter", sql.Text, nullable=False),
    sql.Column("state", sql.Text, nullable=False),
    sql.Column("rows_total", sql.Integer),
    sql.Column("rows_done", sql.Integer),
    sql.Column("rows_failed", sql.Integer),
    link("result_id", "payloads.id", required=False),
    link("calls_id", "payloads.id", required=False),
    sql.Column("repeatable", sql.Boolean, nullable=False, server_default=sql.false()),
    sql.Column("rows_begun", sql.Integer),
    sql.Column("attempt", sql.Integer, nullable=False, server_default="1"),
    sql.Column("reason", sql.Text),
    sql.Column("waiting_for", JSONB),
    sql.Column("error", JSONB),
    moment("started_at"),
    moment("finished_at"),
    sql.PrimaryKeyConstraint("run_id", "letter"),
    one_of("state", TASK_STATES),
)

run_chunks = owned(
    "run_chunks",
    link("run_id", "runs.id", cascade=True),
    sql.Column("letter", sql.Text, nullable=False),
    sql.Column("number", sql.Integer, nullable=False),
    sql.Column("rows", ARRAY(sql.Integer), nullable=False),
    link("outcome_id", "payloads.id", required=False),
    sql.PrimaryKeyConstraint("run_id", "letter", "number"),
)
