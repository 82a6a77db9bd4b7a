"""Organizations, their teams and people, and what a team has besides flows: connections and files."""

from __future__ import annotations

import sqlalchemy as sql
from sqlalchemy.dialects.postgresql import JSONB, UUID

from outcode.database.schema.columns import identity, link, metadata, moment, one_of, owned

CONNECTION_STATES = ("untested", "working", "needs_attention", "needs_reconnect")

organizations = sql.Table(
    "organizations",
    metadata,
    identity(),
    sql.Column("name", sql.Text, nullable=False),
    sql.Column("domain", sql.Text, nullable=False, unique=True),
    sql.Column("timezone", sql.Text, nullable=False, server_default="Asia/Seoul"),
    moment("service_ended_at"),
    moment("created_at", now=True),
)

teams = sql.Table(
    "teams",
    metadata,
    identity(),
    link("organization_id", "organizations.id"),
    sql.Column("name", sql.Text, nullable=False),
    moment("created_at", now=True),
    sql.UniqueConstraint("organization_id", "name"),
)

users = sql.Table(
    "users",
    metadata,
    identity(),
    sql.Column("name", sql.Text, nullable=False),
    sql.Column("email", sql.Text, nullable=False, unique=True),
    moment("created_at", now=True),
)

memberships = owned(
    "memberships",
    link("user_id", "users.id"),
    sql.Column("role", sql.Text, nullable=False),
    moment("created_at", now=True),
    sql.PrimaryKeyConstraint("team_id", "user_id"),
    sql.CheckConstraint("role IN ('administrator', 'general_user')", name="role"),
)

api_keys = owned(
    "api_keys",
    identity(),
    link("user_id", "users.id"),
    sql.Column("name", sql.Text, nullable=False),
    sql.Column("hint", sql.Text, nullable=False),
    sql.Column("digest", sql.LargeBinary, nullable=False, unique=True),
    moment("created_at", now=True),
    moment("last_used_at"),
    moment("revoked_at"),
)

sessions = owned(
    "sessions",
    identity(),
    link("user_id", "users.id"),
    sql.Column("digest", sql.LargeBinary, nullable=False, unique=True),
    sql.Column("kind", sql.Text, nullable=False),
    moment("created_at", now=True),
    moment("expires_at", required=True),
    sql.CheckConstraint("kind IN ('start_link', 'browser')", name="kind"),
)

data_keys = sql.Table(
    "data_keys",
    metadata,
    identity(),
    link("organization_id", "organizations.id"),
    sql.Column("master_key_id", sql.Text, nullable=False),
    sql.Column("wrapped", sql.LargeBinary, nullable=False),
    moment("created_at", now=True),
    sql.Index("ix_data_keys_organization_id", "organization_id"),
)

connections = owned(
    "connections",
    identity(),
    sql.Column("app", sql.Text, nullable=False),
    sql.Column("kind", sql.Text, nullable=False),
    sql.Column("name", sql.Text, nullable=False),
    sql.Column("settings", JSONB, nullable=False),
    sql.Column("secret", sql.LargeBinary, nullable=False),
    link("data_key_id", "data_keys.id"),
    sql.Column("version", sql.Integer, nullable=False, server_default="1"),
    sql.Column("state", sql.Text, nullable=False, server_default="untested"),
    sql.Column("identity", sql.Text),
    sql.Column("problem", JSONB),
    moment("tested_at"),
    link("created_by", "users.id"),
    moment("created_at", now=True),
    moment("updated_at", now=True),
    sql.UniqueConstraint("team_id", "name"),
    one_of("state", CONNECTION_STATES),
)

connection_tokens = owned(
    "connection_tokens",
    link("connection_id", "connections.id", cascade=True),
    sql.Column("secret", sql.LargeBinary),
    link("data_key_id", "data_keys.id", required=False),
    sql.Column("version", sql.Integer, nullable=False, server_default="0"),
    sql.Column("problem", JSONB),
    sql.Column("fetching_by", UUID(as_uuid=False)),
    moment("fetching_until"),
    sql.PrimaryKeyConstraint("connection_id"),
)

rate_limits = owned(
    "rate_limits",
    link("connection_id", "connections.id", cascade=True),
    sql.Column("number", sql.Integer, nullable=False),
    moment("next_at", required=True),
    sql.PrimaryKeyConstraint("connection_id", "number"),
)

oauth_clients = sql.Table(
    "oauth_clients",
    metadata,
    link("organization_id", "organizations.id"),
    sql.Column("app", sql.Text, primary_key=True),
    sql.Column("client_id", sql.Text, nullable=False),
    sql.Column("secret", sql.LargeBinary, nullable=False),
    link("data_key_id", "data_keys.id"),
    link("created_by", "users.id"),
    moment("created_at", now=True),
    moment("updated_at", now=True),
)

oauth_requests = owned(
    "oauth_requests",
    identity(),
    link("user_id", "users.id"),
    sql.Column("digest", sql.LargeBinary, nullable=False, unique=True),
    sql.Column("app", sql.Text, nullable=False),
    sql.Column("kind", sql.Text, nullable=False),
    sql.Column("name", sql.Text, nullable=False),
    link("connection_id", "connections.id", required=False, cascade=True),
    sql.Column("secret", sql.LargeBinary, nullable=False),
    link("data_key_id", "data_keys.id"),
    moment("created_at", now=True),
    moment("expires_at", required=True),
)

files = owned(
    "files",
    identity(),
    sql.Column("name", sql.Text, nullable=False),
    sql.Column("media_type", sql.Text, nullable=False),
    sql.Column("size", sql.BigInteger, nullable=False),
    sql.Column("blob", sql.Text, nullable=False),
    link("data_key_id", "data_keys.id", required=False),
    moment("created_at", now=True),
)
