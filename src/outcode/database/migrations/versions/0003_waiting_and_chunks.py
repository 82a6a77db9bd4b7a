"""What runs wait for, how they descend from others, and the rows of iterating tasks in chunks"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_TRIGGERS = ("manual", "webhook", "schedule", "event", "api", "cli", "call")


def upgrade() -> None:
    uuid, moment = sa.UUID(as_uuid=False), sa.TIMESTAMP(timezone=True)
    op.add_column("runs", sa.Column("priority", sa.SmallInteger(), server_default="0", nullable=False))
    op.add_column("runs", sa.Column("counted", sa.Boolean(), server_default=sa.true(), nullable=False))
    op.add_column("runs", sa.Column("wake_at", moment, nullable=True))
    op.add_column("runs", sa.Column("waiting_for", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.add_column("runs", sa.Column("parent_id", uuid, nullable=True))
    op.add_column("runs", sa.Column("origin_id", uuid, nullable=True))
    op.add_column("runs", sa.Column("planned_at", moment, nullable=True))
    for column in ("parent_id", "origin_id"):
        name = op.f(f"fk_runs_{column}")
        op.create_foreign_key(name, "runs", "runs", [column], ["id"], ondelete="SET NULL")
        op.create_index(op.f(f"ix_runs_{column}"), "runs", [column], postgresql_where=sa.text(f"{column} IS NOT NULL"))
    op.create_unique_constraint(op.f("uq_runs_flow_id_planned_at"), "runs", ["flow_id", "planned_at"])
    op.execute("UPDATE runs SET counted = NOT test")
    op.drop_constraint(op.f("ck_runs_trigger"), "runs")
    op.create_check_constraint(op.f("ck_runs_trigger"), "runs", sa.column("trigger").in_(_TRIGGERS))
    op.drop_index("ix_runs_open", "runs")
    op.create_index("ix_runs_held", "runs", ["lease_until"], postgresql_where=sa.text("state = 'running'"))
    op.create_index(
        "ix_runs_waiting",
        "runs",
        ["team_id", sa.text("priority DESC"), "id"],
        postgresql_where=sa.text("state = 'waiting' AND wake_at IS NULL"),
    )
    op.create_index("ix_runs_wake", "runs", ["wake_at"], postgresql_where=sa.text("state = 'waiting'"))
    op.add_column("run_tasks", sa.Column("attempt", sa.Integer(), server_default="1", nullable=False))
    op.add_column("run_tasks", sa.Column("repeatable", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("run_tasks", sa.Column("rows_begun", sa.Integer(), nullable=True))
    op.add_column("run_tasks", sa.Column("reason", sa.Text(), nullable=True))
    op.add_column("run_tasks", sa.Column("waiting_for", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.create_table(
        "run_chunks",
        sa.Column("organization_id", uuid, nullable=False),
        sa.Column("team_id", uuid, nullable=False),
        sa.Column("run_id", uuid, nullable=False),
        sa.Column("letter", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("rows", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.Column("outcome_id", uuid, nullable=True),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_run_chunks_organization_id")),
        sa.ForeignKeyConstraint(["outcome_id"], ["payloads.id"], name=op.f("fk_run_chunks_outcome_id")),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_run_chunks_run_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_run_chunks_team_id")),
        sa.PrimaryKeyConstraint("run_id", "letter", "number", name=op.f("pk_run_chunks")),
    )
