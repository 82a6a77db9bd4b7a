"""Kinds and states of connections, their tokens and limits, OAuth clients and requests, calls of tasks"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "oauth_clients",
        sa.Column("organization_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("app", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("data_key_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("created_by", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_oauth_clients_created_by")),
        sa.ForeignKeyConstraint(["data_key_id"], ["data_keys.id"], name=op.f("fk_oauth_clients_data_key_id")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_oauth_clients_organization_id")
        ),
        sa.PrimaryKeyConstraint("app", name=op.f("pk_oauth_clients")),
    )
    op.create_table(
        "connection_tokens",
        sa.Column("organization_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("team_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("connection_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=True),
        sa.Column("data_key_id", sa.UUID(as_uuid=False), nullable=True),
        sa.Column("version", sa.Integer(), server_default="0", nullable=False),
        sa.Column("problem", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("fetching_by", sa.UUID(as_uuid=False), nullable=True),
        sa.Column("fetching_until", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connections.id"], name=op.f("fk_connection_tokens_connection_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["data_key_id"], ["data_keys.id"], name=op.f("fk_connection_tokens_data_key_id")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_connection_tokens_organization_id")
        ),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_connection_tokens_team_id")),
        sa.PrimaryKeyConstraint("connection_id", name=op.f("pk_connection_tokens")),
    )
    op.create_table(
        "oauth_requests",
        sa.Column("organization_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("team_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("user_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("app", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("connection_id", sa.UUID(as_uuid=False), nullable=True),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("data_key_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connections.id"], name=op.f("fk_oauth_requests_connection_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["data_key_id"], ["data_keys.id"], name=op.f("fk_oauth_requests_data_key_id")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_oauth_requests_organization_id")
        ),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_oauth_requests_team_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_oauth_requests_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_oauth_requests")),
        sa.UniqueConstraint("digest", name=op.f("uq_oauth_requests_digest")),
    )
    op.create_table(
        "rate_limits",
        sa.Column("organization_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("team_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("connection_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connections.id"], name=op.f("fk_rate_limits_connection_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_rate_limits_organization_id")),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_rate_limits_team_id")),
        sa.PrimaryKeyConstraint("connection_id", "number", name=op.f("pk_rate_limits")),
    )
    op.add_column("connections", sa.Column("kind", sa.Text(), nullable=True))
    # Until now the kind of an "API" connection was the answer to one of its fields, and other apps had one kind.
    op.execute(
        "UPDATE connections SET kind = coalesce(settings->>'auth_type', CASE app"
        " WHEN 'microsoft-excel-xlsx-file' THEN 'upload' ELSE 'database' END), settings = settings - 'auth_type'"
    )
    op.alter_column("connections", "kind", nullable=False)
    op.add_column("connections", sa.Column("state", sa.Text(), server_default="untested", nullable=False))
    op.add_column("connections", sa.Column("identity", sa.Text(), nullable=True))
    op.add_column("connections", sa.Column("problem", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.add_column("connections", sa.Column("tested_at", sa.TIMESTAMP(timezone=True), nullable=True))
    op.add_column("run_tasks", sa.Column("calls_id", sa.UUID(as_uuid=False), nullable=True))
    op.create_foreign_key(op.f("fk_run_tasks_calls_id"), "run_tasks", "payloads", ["calls_id"], ["id"])
    op.create_check_constraint(
        op.f("ck_connections_state"),
        "connections",
        "state IN ('untested', 'working', 'needs_attention', 'needs_reconnect')",
    )
