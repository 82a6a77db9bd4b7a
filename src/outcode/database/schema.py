"""The tables. Every one carries organization and team, so that a query can always say whose rows it means.

Times are timestamps with zone; ids are UUID version 7, so that their order is the order of creation. Wide values stand
apart in ``payloads``, so that the run list stays narrow.
"""

from __future__ import annotations

import sqlalchemy as sql
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID
from sqlalchemy.schema import SchemaItem

metadata = sql.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


def _id() -> sql.Column[str]:
    return sql.Column("id", UUID(as_uuid=False), primary_key=True)


def _time(name: str, *, required: bool = False, now: bool = False) -> sql.Column[object]:
    default = sql.func.now() if now else None
    return sql.Column(name, sql.TIMESTAMP(timezone=True), nullable=not (required or now), server_default=default)


def _link(name: str, target: str, *, required: bool = True, cascade: bool = False) -> sql.Column[str]:
    key = sql.ForeignKey(target, ondelete="CASCADE" if cascade else None)
    return sql.Column(name, UUID(as_uuid=False), key, nullable=not required)


def _owned(name: str, *columns: SchemaItem) -> sql.Table:
    """A table whose rows belong to a team."""
    return sql.Table(
        name,
        metadata,
        _link("organization_id", "organizations.id"),
        _link("team_id", "teams.id"),
        *columns,
    )


CONNECTION_STATES = ("untested", "working", "needs_attention", "needs_reconnect")


def _one_of(column: str, values: tuple[str, ...]) -> sql.CheckConstraint:
    return sql.CheckConstraint(f"{column} IN ({', '.join(repr(value) for value in values)})", name=column)


organizations = sql.Table(
    "organizations",
    metadata,
    _id(),
    sql.Column("name", sql.Text, nullable=False),
    sql.Column("domain", sql.Text, nullable=False, unique=True),
    sql.Column("timezone", sql.Text, nullable=False, server_default="Asia/Seoul"),
    _time("service_ended_at"),
    _time("created_at", now=True),
)

teams = sql.Table(
    "teams",
    metadata,
    _id(),
    _link("organization_id", "organizations.id"),
    sql.Column("name", sql.Text, nullable=False),
    _time("created_at", now=True),
    sql.UniqueConstraint("organization_id", "name"),
)

users = sql.Table(
    "users",
    metadata,
    _id(),
    sql.Column("name", sql.Text, nullable=False),
    sql.Column("email", sql.Text, nullable=False, unique=True),
    _time("created_at", now=True),
)

memberships = _owned(
    "memberships",
    _link("user_id", "users.id"),
    sql.Column("role", sql.Text, nullable=False),
    _time("created_at", now=True),
    sql.PrimaryKeyConstraint("team_id", "user_id"),
    sql.CheckConstraint("role IN ('administrator', 'general_user')", name="role"),
)

api_keys = _owned(
    "api_keys",
    _id(),
    _link("user_id", "users.id"),
    sql.Column("name", sql.Text, nullable=False),
    sql.Column("hint", sql.Text, nullable=False),
    sql.Column("digest", sql.LargeBinary, nullable=False, unique=True),
    _time("created_at", now=True),
    _time("last_used_at"),
    _time("revoked_at"),
)

sessions = _owned(
    "sessions",
    _id(),
    _link("user_id", "users.id"),
    sql.Column("digest", sql.LargeBinary, nullable=False, unique=True),
    sql.Column("kind", sql.Text, nullable=False),
    _time("created_at", now=True),
    _time("expires_at", required=True),
    sql.CheckConstraint("kind IN ('start_link', 'browser')", name="kind"),
)

data_keys = sql.Table(
    "data_keys",
    metadata,
    _id(),
    _link("organization_id", "organizations.id"),
    sql.Column("master_key_id", sql.Text, nullable=False),
    sql.Column("wrapped", sql.LargeBinary, nullable=False),
    _time("created_at", now=True),
    sql.Index("ix_data_keys_organization_id", "organization_id"),
)

connections = _owned(
    "connections",
    _id(),
    sql.Column("app", sql.Text, nullable=False),
    sql.Column("kind", sql.Text, nullable=False),
    sql.Column("name", sql.Text, nullable=False),
    sql.Column("settings", JSONB, nullable=False),
    sql.Column("secret", sql.LargeBinary, nullable=False),
    _link("data_key_id", "data_keys.id"),
    sql.Column("version", sql.Integer, nullable=False, server_default="1"),
    sql.Column("state", sql.Text, nullable=False, server_default="untested"),
    sql.Column("identity", sql.Text),
    sql.Column("problem", JSONB),
    _time("tested_at"),
    _link("created_by", "users.id"),
    _time("created_at", now=True),
    _time("updated_at", now=True),
    sql.UniqueConstraint("team_id", "name"),
    _one_of("state", CONNECTION_STATES),
)

connection_tokens = _owned(
    "connection_tokens",
    _link("connection_id", "connections.id", cascade=True),
    sql.Column("secret", sql.LargeBinary),
    _link("data_key_id", "data_keys.id", required=False),
    sql.Column("version", sql.Integer, nullable=False, server_default="0"),
    sql.Column("problem", JSONB),
    sql.Column("fetching_by", UUID(as_uuid=False)),
    _time("fetching_until"),
    sql.PrimaryKeyConstraint("connection_id"),
)

rate_limits = _owned(
    "rate_limits",
    _link("connection_id", "connections.id", cascade=True),
    sql.Column("number", sql.Integer, nullable=False),
    _time("next_at", required=True),
    sql.PrimaryKeyConstraint("connection_id", "number"),
)

oauth_clients = sql.Table(
    "oauth_clients",
    metadata,
    _link("organization_id", "organizations.id"),
    sql.Column("app", sql.Text, primary_key=True),
    sql.Column("client_id", sql.Text, nullable=False),
    sql.Column("secret", sql.LargeBinary, nullable=False),
    _link("data_key_id", "data_keys.id"),
    _link("created_by", "users.id"),
    _time("created_at", now=True),
    _time("updated_at", now=True),
)

oauth_requests = _owned(
    "oauth_requests",
    _id(),
    _link("user_id", "users.id"),
    sql.Column("digest", sql.LargeBinary, nullable=False, unique=True),
    sql.Column("app", sql.Text, nullable=False),
    sql.Column("kind", sql.Text, nullable=False),
    sql.Column("name", sql.Text, nullable=False),
    _link("connection_id", "connections.id", required=False, cascade=True),
    sql.Column("secret", sql.LargeBinary, nullable=False),
    _link("data_key_id", "data_keys.id"),
    _time("created_at", now=True),
    _time("expires_at", required=True),
)

files = _owned(
    "files",
    _id(),
    sql.Column("name", sql.Text, nullable=False),
    sql.Column("media_type", sql.Text, nullable=False),
    sql.Column("size", sql.BigInteger, nullable=False),
    sql.Column("blob", sql.Text, nullable=False),
    _link("data_key_id", "data_keys.id", required=False),
    _time("created_at", now=True),
)

flows = _owned(
    "flows",
    _id(),
    sql.Column("kind", sql.Text, nullable=False),
    sql.Column("name", sql.Text, nullable=False),
    sql.Column("webhook_name", sql.Text),
    sql.Column("version", sql.Integer, nullable=False),
    sql.Column("published_number", sql.Integer),
    sql.Column("active", sql.Boolean, nullable=False, server_default=sql.true()),
    _link("created_by", "users.id"),
    _time("created_at", now=True),
    _time("updated_at", now=True),
    sql.UniqueConstraint("team_id", "name"),
    sql.UniqueConstraint("organization_id", "webhook_name"),
)

flow_versions = _owned(
    "flow_versions",
    _id(),
    _link("flow_id", "flows.id", required=False, cascade=True),
    sql.Column("number", sql.Integer, nullable=False),
    sql.Column("document", JSONB, nullable=False),
    sql.Column("note", sql.Text),
    sql.Column("restored_from", sql.Integer),
    _link("created_by", "users.id"),
    _time("created_at", now=True),
    _time("published_at"),
    _link("published_by", "users.id", required=False),
    sql.UniqueConstraint("flow_id", "number"),
)

webhook_names = _owned(
    "webhook_names",
    sql.Column("name", sql.Text, nullable=False),
    _link("flow_id", "flows.id", cascade=True),
    _time("created_at", now=True),
    sql.PrimaryKeyConstraint("organization_id", "name"),
    sql.Index("ix_webhook_names_flow_id", "flow_id"),
)

webhook_secrets = _owned(
    "webhook_secrets",
    _id(),
    _link("flow_id", "flows.id", cascade=True),
    sql.Column("secret", sql.LargeBinary, nullable=False),
    _link("data_key_id", "data_keys.id"),
    _link("created_by", "users.id"),
    _time("created_at", now=True),
    _time("expires_at"),
    sql.Index("ix_webhook_secrets_flow_id", "flow_id"),
)

webhook_captures = _owned(
    "webhook_captures",
    _link("flow_id", "flows.id", cascade=True),
    _time("armed_until"),
    sql.Column("sample", sql.LargeBinary),
    _time("captured_at"),
    sql.PrimaryKeyConstraint("flow_id"),
)

webhook_refusals = _owned(
    "webhook_refusals",
    _id(),
    _link("flow_id", "flows.id", required=False, cascade=True),
    sql.Column("problem", JSONB, nullable=False),
    sql.Column("address", sql.Text),
    sql.Column("count", sql.Integer, nullable=False),
    _time("first_at", required=True),
    _time("last_at", required=True),
    sql.Index("ix_webhook_refusals_team_id_id", "team_id", "id"),
    sql.Index("ix_webhook_refusals_flow_id_id", "flow_id", "id"),
    sql.Index("ix_webhook_refusals_last_at", "last_at"),
)

RUN_STATES = ("waiting", "running", "done", "failed", "crashed", "cancelled")
TASK_STATES = ("waiting", "running", "done", "failed", "skipped", "unknown", "cancelled")
TRIGGERS = ("manual", "webhook", "schedule", "event", "api", "cli", "call")


def _past_run(name: str) -> sql.Column[str]:
    """The run that another comes from: its caller, or the one that it does again."""
    return sql.Column(name, UUID(as_uuid=False), sql.ForeignKey("runs.id", ondelete="SET NULL"))


payloads = _owned(
    "payloads",
    _id(),
    sql.Column("size", sql.BigInteger, nullable=False),
    sql.Column("inline", sql.LargeBinary),
    sql.Column("blob", sql.Text),
    _time("created_at", now=True),
    sql.CheckConstraint("(inline IS NULL) <> (blob IS NULL)", name="one_place"),
)

pinned_results = _owned(
    "pinned_results",
    _link("flow_id", "flows.id", cascade=True),
    sql.Column("letter", sql.Text, nullable=False),
    _link("result_id", "payloads.id"),
    _link("created_by", "users.id"),
    _time("created_at", now=True),
    sql.PrimaryKeyConstraint("flow_id", "letter"),
)

runs = _owned(
    "runs",
    _id(),
    sql.Column("flow_id", UUID(as_uuid=False), sql.ForeignKey("flows.id", ondelete="SET NULL")),
    sql.Column("version_id", UUID(as_uuid=False), sql.ForeignKey("flow_versions.id", ondelete="SET NULL")),
    sql.Column("flow_name", sql.Text, nullable=False),
    sql.Column("trigger", sql.Text, nullable=False),
    sql.Column("test", sql.Boolean, nullable=False),
    sql.Column("counted", sql.Boolean, nullable=False, server_default=sql.true()),
    sql.Column("priority", sql.SmallInteger, nullable=False, server_default="0"),
    sql.Column("state", sql.Text, nullable=False),
    _time("wake_at"),
    sql.Column("waiting_for", JSONB),
    _time("lease_until"),
    sql.Column("epoch", sql.Integer, nullable=False, server_default="0"),
    sql.Column("attempts", sql.Integer, nullable=False, server_default="0"),
    sql.Column("cancel_requested", sql.Boolean, nullable=False, server_default=sql.false()),
    sql.Column("idempotency_key", sql.Text),
    _link("input_id", "payloads.id"),
    sql.Column("error", JSONB),
    _link("created_by", "users.id"),
    _past_run("parent_id"),
    _past_run("origin_id"),
    _time("planned_at"),
    _time("queued_at", now=True),
    _time("started_at"),
    _time("finished_at"),
    _one_of("state", RUN_STATES),
    _one_of("trigger", TRIGGERS),
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

run_tasks = _owned(
    "run_tasks",
    _link("run_id", "runs.id", cascade=True),
    sql.Column("letter", sql.Text, nullable=False),
    sql.Column("state", sql.Text, nullable=False),
    sql.Column("rows_total", sql.Integer),
    sql.Column("rows_done", sql.Integer),
    sql.Column("rows_failed", sql.Integer),
    _link("result_id", "payloads.id", required=False),
    _link("calls_id", "payloads.id", required=False),
    sql.Column("repeatable", sql.Boolean, nullable=False, server_default=sql.false()),
    sql.Column("rows_begun", sql.Integer),
    sql.Column("attempt", sql.Integer, nullable=False, server_default="1"),
    sql.Column("reason", sql.Text),
    sql.Column("waiting_for", JSONB),
    sql.Column("error", JSONB),
    _time("started_at"),
    _time("finished_at"),
    sql.PrimaryKeyConstraint("run_id", "letter"),
    _one_of("state", TASK_STATES),
)

run_chunks = _owned(
    "run_chunks",
    _link("run_id", "runs.id", cascade=True),
    sql.Column("letter", sql.Text, nullable=False),
    sql.Column("number", sql.Integer, nullable=False),
    sql.Column("rows", ARRAY(sql.Integer), nullable=False),
    _link("outcome_id", "payloads.id", required=False),
    sql.PrimaryKeyConstraint("run_id", "letter", "number"),
)

schedules = _owned(
    "schedules",
    _link("flow_id", "flows.id", cascade=True),
    _link("version_id", "flow_versions.id"),
    sql.Column("trigger", JSONB, nullable=False),
    sql.Column("inputs", JSONB, nullable=False),
    sql.Column("active", sql.Boolean, nullable=False),
    sql.Column("planned", sql.Boolean, nullable=False, server_default=sql.false()),
    _time("next_at", now=True),
    _time("fired_at"),
    _time("not_run_at"),
    sql.Column("not_run", JSONB),
    _link("created_by", "users.id"),
    sql.PrimaryKeyConstraint("flow_id"),
    sql.Index("ix_schedules_team_id_flow_id", "team_id", "flow_id"),
    sql.Index("ix_schedules_next_at", "next_at", postgresql_where=sql.text("active")),
)
