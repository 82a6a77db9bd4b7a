"""What the operator sets: by options of ``outcode serve`` and by the environment; nothing else is configured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8600
DEFAULT_FOLDER = Path(".outcode")


@dataclass(frozen=True, slots=True)
class Settings:
    """One instance's settings.

    ``database_url`` names a PostgreSQL to use instead of the embedded one. ``egress_allow`` is the text of
    ``OUTCODE_EGRESS_ALLOW``. ``public_url`` is where people and vendors reach this instance, without a path.
    ``base_urls`` is the text of ``OUTCODE_BASE_URLS``: other addresses of vendors' APIs, for proxies, private regions
    and tests. ``allow_unverified_tls``: whether tasks may switch certificate checks off. ``environment`` holds what
    only its own reader should see, such as the master key.
    """

    folder: Path
    database_url: str | None = None
    egress_allow: str = ""
    public_url: str | None = None
    base_urls: str = ""
    allow_unverified_tls: bool = True
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def read(cls, folder: Path, environment: Mapping[str, str]) -> Settings:
        """The settings of a data folder and an environment."""
        return cls(
            folder=folder,
            database_url=environment.get("OUTCODE_DATABASE_URL") or None,
            egress_allow=environment.get("OUTCODE_EGRESS_ALLOW", ""),
            public_url=environment.get("OUTCODE_PUBLIC_URL") or None,
            base_urls=environment.get("OUTCODE_BASE_URLS", ""),
            allow_unverified_tls=environment.get("OUTCODE_UNVERIFIED_TLS") != "refuse",
            environment=environment,
        )
