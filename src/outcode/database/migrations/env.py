"""Alembic's door: runs on the connection that :mod:`outcode.database.upgrade` hands over."""

from __future__ import annotations

from alembic import context

from outcode.database.schema import metadata


def owned_by_us(name: str | None, kind: str, _parents: object) -> bool:
    """Leaves the queue library's own tables alone."""
    return not (kind == "table" and name is not None and name.startswith("pgqueuer"))


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    include_name=owned_by_us,
    compare_server_default=False,
)
with context.begin_transaction():
    context.run_migrations()
