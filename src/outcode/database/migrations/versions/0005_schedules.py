"""Schedules"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    uuid, moment = sa.UUID(as_uuid=False), sa.TIMESTAMP(timezone=True)
    json = postgresql.JSONB(astext_type=sa.Text())
    op.create_table(
        "schedules",
        sa.Column("organization_id", uuid, nullable=False),
        sa.Column("team_id", uuid, nullable=False),
        sa.Column("flow_id", uuid, nullable=False),
        sa.Column("version_id", uuid, nullable=False),
        sa.Column("trigger", json, nullable=False),
        sa.Column("inputs", json, nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("planned", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("next_at", moment, server_default=sa.text("now()"), nullable=False),
        sa.Column("fired_at", moment, nullable=True),
        sa.Column("not_run_at", moment, nullable=True),
        sa.Column("not_run", json, nullable=True),
        sa.Column("created_by", uuid, nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_schedules_created_by")),
        sa.ForeignKeyConstraint(["flow_id"], ["flows.id"], name=op.f("fk_schedules_flow_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_schedules_organization_id")),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_schedules_team_id")),
        sa.ForeignKeyConstraint(["version_id"], ["flow_versions.id"], name=op.f("fk_schedules_version_id")),
        sa.PrimaryKeyConstraint("flow_id", name=op.f("pk_schedules")),
    )
    op.create_index("ix_schedules_team_id_flow_id", "schedules", ["team_id", "flow_id"])
    op.create_index("ix_schedules_next_at", "schedules", ["next_at"], postgresql_where=sa.text("active"))
    op.create_index(
        "ix_runs_scheduled",
        "runs",
        ["flow_id"],
        postgresql_where=sa.text("trigger = 'schedule' AND state IN ('waiting', 'running')"),
    )
    op.create_index(
        "ix_runs_overlapping",
        "runs",
        ["flow_id", "planned_at"],
        postgresql_where=sa.text("state = 'waiting' AND waiting_for ->> 'kind' = 'overlap'"),
    )
