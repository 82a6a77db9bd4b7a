"""What the operator sets: by options of ``outcode serve`` and by the environment; nothing else is configured."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from outcode.values.problems import SetupProblem

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8600
DEFAULT_FOLDER = Path(".outcode")
DEFAULT_WEBHOOK_RATE = 2000
DEFAULT_WEBHOOK_BODY_MIB = 10


@dataclass(frozen=True, slots=True)
class Settings:
    """One instance's settings.

    ``database_url`` names a PostgreSQL to use instead of the embedded one. ``egress_allow`` is the text of
    ``OUTCODE_EGRESS_ALLOW``. ``public_url`` is where people and vendors reach this instance, without a path.
    ``base_urls`` is the text of ``OUTCODE_BASE_URLS``: other addresses of vendors' APIs, for proxies, private regions
    and tests. ``allow_unverified_tls``: whether tasks may switch certificate checks off. ``environment`` holds what
    only its own reader should see, such as the master key.

    ``webhook_host`` is a host name under which webhooks are also called without ``/hooks``. ``trusted_proxies`` is the
    text of ``OUTCODE_TRUSTED_PROXIES``: whose ``X-Forwarded-For`` is believed. ``webhook_rate`` is how often a second a
    webhook may be called for long; ``webhook_body_mib`` how large a delivery may be.
    """

    folder: Path
    database_url: str | None = None
    egress_allow: str = ""
    public_url: str | None = None
    base_urls: str = ""
    allow_unverified_tls: bool = True
    webhook_host: str | None = None
    trusted_proxies: str = ""
    webhook_rate: int = DEFAULT_WEBHOOK_RATE
    webhook_body_mib: int = DEFAULT_WEBHOOK_BODY_MIB
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
            webhook_host=environment.get("OUTCODE_WEBHOOK_HOST") or None,
            trusted_proxies=environment.get("OUTCODE_TRUSTED_PROXIES", ""),
            webhook_rate=_whole(environment, "OUTCODE_WEBHOOK_RATE", DEFAULT_WEBHOOK_RATE, 1_000_000),
            webhook_body_mib=_whole(environment, "OUTCODE_WEBHOOK_BODY_MIB", DEFAULT_WEBHOOK_BODY_MIB, 100),
            environment=environment,
        )


def _whole(environment: Mapping[str, str], setting: str, default: int, maximum: int) -> int:
    text = environment.get(setting, "").strip()
    if not text:
        return default
    if not re.fullmatch(r"[0-9]{1,9}", text) or not 1 <= int(text) <= maximum:
        raise SetupProblem("webhook_limit_invalid", setting=setting, value=text[:100], maximum=maximum)
    return int(text)
