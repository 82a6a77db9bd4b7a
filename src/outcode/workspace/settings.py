"""What the operator sets: by options of ``outcode serve`` and by the environment; nothing else is configured."""

from __future__ import annotations

import math
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
class Pace:
    """How this process takes and holds runs.

    ``lease_seconds``: a run whose worker gave no sign of life for so long is taken up by another; the same in all
    processes. ``drain_seconds``: how long a process that is told to stop lets its runs go on before it hands them over.
    ``at_once``: runs that a worker process takes at the same time. ``team_at_once``: runs of one team that all workers
    together take at the same time.
    """

    lease_seconds: float = 15.0
    drain_seconds: float = 30.0
    at_once: int = 20
    team_at_once: int | None = None

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Pace:
        """The pace that the environment asks for; raises SetupProblem for a number that is none, or out of range.

        >>> Pace.read({"OUTCODE_LEASE_SECONDS": "1"}).lease_seconds
        1.0
        """
        usual = cls()
        team = _number(environment, "OUTCODE_TEAM_RUNS_AT_ONCE", 0, 0, 100_000)
        return cls(
            lease_seconds=_number(environment, "OUTCODE_LEASE_SECONDS", usual.lease_seconds, 1, 3600),
            drain_seconds=_number(environment, "OUTCODE_DRAIN_SECONDS", usual.drain_seconds, 0, 3600),
            at_once=int(_number(environment, "OUTCODE_RUNS_AT_ONCE", usual.at_once, 1, 1000)),
            team_at_once=int(team) or None,
        )


def _number(environment: Mapping[str, str], variable: str, usual: float, least: float, most: float) -> float:
    text = environment.get(variable, "").strip()
    try:
        number = float(text) if text else usual
    except ValueError:
        number = math.nan
    if not least <= number <= most:
        raise SetupProblem("setting_out_of_range", variable=variable, value=text[:40], least=least, most=most)
    return number


@dataclass(frozen=True, slots=True)
class Settings:
    """One instance's settings.

    ``database_url`` names a PostgreSQL to use instead of the embedded one. ``egress_allow`` is the text of
    ``OUTCODE_EGRESS_ALLOW``. ``public_url`` is where people and vendors reach this instance, without a path.
    ``base_urls`` is the text of ``OUTCODE_BASE_URLS``: other addresses of vendors' APIs, for proxies, private regions
    and tests. ``allow_unverified_tls``: whether tasks may switch certificate checks off. ``pace`` is how runs are taken
    and held. ``environment`` holds what only its own reader should see, such as the master key.

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
    pace: Pace = field(default_factory=Pace)
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
            pace=Pace.read(environment),
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
