"""Flows, their versions, and what stands beside them: webhooks, schedules, pinned results."""

from __future__ import annotations

import sqlalchemy as sql
from sqlalchemy.dialects.postgresql import JSONB

from outcode.database.schema.columns import identity, link, moment, owned

flows = owned(
    "flows",
    identity(),
    sql.Column("kind", sql.Text, nullable=False),
    sql.Column("name", sql.Text, nullable=False),
    sql.Column("webhook_name", sql.Text),
    sql.Column("version", sql.Integer, nullable=False),
    sql.Column("published_number", sql.Integer),
    sql.Column("active", sql.Boolean, nullable=False, server_default=sql.true()),
    link("created_by", "users.id"),
    moment("created_at", now=True),
    moment("updated_at", now=True),
    sql.UniqueConstraint("team_id", "name"),
    sql.UniqueConstraint("organization_id", "webhook_name"),
)

flow_versions = owned(
    "flow_versions",
    identity(),
    link("flow_id", "flows.id", required=False, cascade=True),
    sql.Column("number", sql.Integer, nullable=False),
    sql.Column("document", JSONB, nullable=False),
    sql.Column("note", sql.Text),
    sql.Column("restored_from", sql.Integer),
    link("created_by", "users.id"),
    moment("created_at", now=True),
    moment("published_at"),
    link("published_by", "users.id", required=False),
    sql.UniqueConstraint("flow_id", "number"),
)

webhook_names = owned(
    "webhook_names",
    sql.Column("name", sql.Text, nullable=False),
    link("flow_id", "flows.id", cascade=True),
    moment("created_at", now=True),
    sql.PrimaryKeyConstraint("organization_id", "name"),
    sql.Index("ix_webhook_names_flow_id", "flow_id"),
)

webhook_secrets = owned(
    "webhook_secrets",
    identity(),
    link("flow_id", "flows.id", cascade=True),
    sql.Column("secret", sql.LargeBinary, nullable=False),
    link("data_key_id", "data_keys.id"),
    link("created_by", "users.id"),
    moment("created_at", now=True),
    moment("expires_at"),
    sql.Index("ix_webhook_secrets_flow_id", "flow_id"),
)

webhook_captures = owned(
    "webhook_captures",
    link("flow_id", "flows.id", cascade=True),
    moment("armed_until"),
    sql.Column("sample", sql.LargeBinary),
    moment("captured_at"),
    sql.PrimaryKeyConstraint("flow_id"),
)

webhook_refusals = owned(
    "webhook_refusals",
    identity(),
    link("flow_id", "flows.id", required=False, cascade=True),
    sql.Column("problem", JSONB, nullable=False),
    sql.Column("address", sql.Text),
    sql.Column("count", sql.Integer, nullable=False),
    moment("first_at", required=True),
    moment("last_at", required=True),
    sql.Index("ix_webhook_refusals_team_id_id", "team_id", "id"),
    sql.Index("ix_webhook_refusals_flow_id_id", "flow_id", "id"),
    sql.Index("ix_webhook_refusals_last_at", "last_at"),
)


pinned_results = owned(
    "pinned_results",
    link("flow_id", "flows.id", cascade=True),
    sql.Column("letter", sql.Text, nullable=False),
    link("result_id", "payloads.id"),
    link("created_by", "users.id"),
    moment("created_at", now=True),
    sql.PrimaryKeyConstraint("flow_id", "letter"),
)


schedules = owned(
    "schedules",
    link("flow_id", "flows.id", cascade=True),
    link("version_id", "flow_versions.id"),
    sql.Column("trigger", JSONB, nullable=False),
    sql.Column("inputs", JSONB, nullable=False),
    sql.Column("active", sql.Boolean, nullable=False),
    sql.Column("planned", sql.Boolean, nullable=False, server_default=sql.false()),
    moment("next_at", now=True),
    moment("fired_at"),
    moment("not_run_at"),
    sql.Column("not_run", JSONB),
    link("created_by", "users.id"),
    sql.PrimaryKeyConstraint("flow_id"),
    sql.Index("ix_schedules_team_id_flow_id", "team_id", "flow_id"),
    sql.Index("ix_schedules_next_at", "next_at", postgresql_where=sql.text("active")),
)
