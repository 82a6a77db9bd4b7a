"""Which revision of the schema this version needs, known without Alembic, which takes long to import."""

from __future__ import annotations

from importlib.resources import files

MIGRATIONS = files("outcode.database").joinpath("migrations")


def newest() -> str:
    """The newest revision: files of migrations are named by theirs, and rise.

    >>> newest() >= "0002"
    True
    """
    scripts = (script.name for script in MIGRATIONS.joinpath("versions").iterdir() if script.name.endswith(".py"))
    return max(scripts).partition("_")[0]
