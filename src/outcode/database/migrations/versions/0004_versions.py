"""Drafts and published versions, the switch of a flow's trigger, pinned results"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    uuid, moment = sa.UUID(as_uuid=False), sa.TIMESTAMP(timezone=True)
    op.add_column("flows", sa.Column("published_number", sa.Integer(), nullable=True))
    op.add_column("flows", sa.Column("active", sa.Boolean(), server_default=sa.true(), nullable=False))
    op.add_column("flow_versions", sa.Column("note", sa.Text(), nullable=True))
    op.add_column("flow_versions", sa.Column("restored_from", sa.Integer(), nullable=True))
    op.add_column("flow_versions", sa.Column("published_at", moment, nullable=True))
    op.add_column("flow_versions", sa.Column("published_by", uuid, nullable=True))
    op.create_foreign_key(op.f("fk_flow_versions_published_by"), "flow_versions", "users", ["published_by"], ["id"])
    # Until now triggers ran whatever was saved last, and a webhook's switch stood in the document.
    op.execute(
        "UPDATE flows SET published_number = version, active = coalesce("
        "(SELECT document #> '{trigger,enabled}' FROM flow_versions AS latest"
        " WHERE latest.flow_id = flows.id AND latest.number = flows.version), 'true'::jsonb) <> 'false'::jsonb"
    )
    op.execute(
        "UPDATE flow_versions SET published_at = flow_versions.created_at, published_by = flow_versions.created_by"
        " FROM flows WHERE flows.id = flow_versions.flow_id AND flows.version = flow_versions.number"
    )
    op.execute(
        "UPDATE flow_versions SET document = document #- '{trigger,enabled}'"
        " WHERE document #> '{trigger,enabled}' IS NOT NULL"
    )
    op.create_table(
        "pinned_results",
        sa.Column("organization_id", uuid, nullable=False),
        sa.Column("team_id", uuid, nullable=False),
        sa.Column("flow_id", uuid, nullable=False),
        sa.Column("letter", sa.Text(), nullable=False),
        sa.Column("result_id", uuid, nullable=False),
        sa.Column("created_by", uuid, nullable=False),
        sa.Column("created_at", moment, server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_pinned_results_created_by")),
        sa.ForeignKeyConstraint(["flow_id"], ["flows.id"], name=op.f("fk_pinned_results_flow_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_pinned_results_organization_id")
        ),
        sa.ForeignKeyConstraint(["result_id"], ["payloads.id"], name=op.f("fk_pinned_results_result_id")),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_pinned_results_team_id")),
        sa.PrimaryKeyConstraint("flow_id", "letter", name=op.f("pk_pinned_results")),
    )
