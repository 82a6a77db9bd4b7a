"""Webhooks: names that stay, secrets of signatures, captured requests, refused deliveries; when a service has ended"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_UUID = sa.UUID(as_uuid=False)
_MOMENT = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.add_column("organizations", sa.Column("service_ended_at", _MOMENT, nullable=True))
    _table(
        "webhook_names",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("flow_id", _UUID, nullable=False),
        sa.Column("created_at", _MOMENT, server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "name", name=op.f("pk_webhook_names")),
    )
    op.create_index("ix_webhook_names_flow_id", "webhook_names", ["flow_id"])
    op.execute(
        """
        INSERT INTO webhook_names (organization_id, team_id, name, flow_id)
        SELECT organization_id, team_id, webhook_name, id FROM flows WHERE webhook_name IS NOT NULL
        """
    )
    _table(
        "webhook_secrets",
        sa.Column("id", _UUID, nullable=False),
        sa.Column("flow_id", _UUID, nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("data_key_id", _UUID, nullable=False),
        sa.Column("created_by", _UUID, nullable=False),
        sa.Column("created_at", _MOMENT, server_default=sa.func.now(), nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["data_key_id"], ["data_keys.id"], name=op.f("fk_webhook_secrets_data_key_id")),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_webhook_secrets_created_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_secrets")),
    )
    op.create_index("ix_webhook_secrets_flow_id", "webhook_secrets", ["flow_id"])
    _table(
        "webhook_captures",
        sa.Column("flow_id", _UUID, nullable=False),
        sa.Column("armed_until", _MOMENT, nullable=True),
        sa.Column("sample", sa.LargeBinary(), nullable=True),
        sa.Column("captured_at", _MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("flow_id", name=op.f("pk_webhook_captures")),
    )
    _table(
        "webhook_refusals",
        sa.Column("id", _UUID, nullable=False),
        sa.Column("flow_id", _UUID, nullable=True),
        sa.Column("problem", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("first_at", _MOMENT, nullable=False),
        sa.Column("last_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_refusals")),
    )
    op.create_index("ix_webhook_refusals_team_id_id", "webhook_refusals", ["team_id", "id"])
    op.create_index("ix_webhook_refusals_flow_id_id", "webhook_refusals", ["flow_id", "id"])
    op.create_index("ix_webhook_refusals_last_at", "webhook_refusals", ["last_at"])


def _table(name: str, *parts: sa.schema.SchemaItem) -> None:
    """A table of a team's rows that go with their flow."""
    op.create_table(
        name,
        sa.Column("organization_id", _UUID, nullable=False),
        sa.Column("team_id", _UUID, nullable=False),
        *parts,
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f(f"fk_{name}_organization_id")),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f(f"fk_{name}_team_id")),
        sa.ForeignKeyConstraint(["flow_id"], ["flows.id"], name=op.f(f"fk_{name}_flow_id"), ondelete="CASCADE"),
    )
