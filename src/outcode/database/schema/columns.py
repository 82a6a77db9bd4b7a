"""How columns and tables are written down: ids, moments, links, rows that belong to a team."""

from __future__ import annotations

import sqlalchemy as sql
from sqlalchemy.dialects.postgresql import UUID
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


def identity() -> sql.Column[str]:
    """The primary key ``id``."""
    return sql.Column("id", UUID(as_uuid=False), primary_key=True)


def moment(name: str, *, required: bool = False, now: bool = False) -> sql.Column[object]:
    """A moment; with ``now`` that at which the row is written."""
    default = sql.func.now() if now else None
    return sql.Column(name, sql.TIMESTAMP(timezone=True), nullable=not (required or now), server_default=default)


def link(name: str, target: str, *, required: bool = True, cascade: bool = False) -> sql.Column[str]:
    """A row of another table; with ``cascade`` it takes this one with it when it goes."""
    key = sql.ForeignKey(target, ondelete="CASCADE" if cascade else None)
    return sql.Column(name, UUID(as_uuid=False), key, nullable=not required)


def owned(name: str, *columns: SchemaItem) -> sql.Table:
    """A table whose rows belong to a team."""
    return sql.Table(
        name,
        metadata,
        link("organization_id", "organizations.id"),
        link("team_id", "teams.id"),
        *columns,
    )


def one_of(column: str, values: tuple[str, ...]) -> sql.CheckConstraint:
    """That a column holds one of these words."""
    return sql.CheckConstraint(f"{column} IN ({', '.join(repr(value) for value in values)})", name=column)
