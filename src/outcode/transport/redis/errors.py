"""What Redis and the wire say, as our problems: by the first word of the server's answer, then by its sentence.

The sentence may repeat what was sent (``unknown command 'AUTH', with args beginning with: …``), so it is cut there and
the password is masked.
"""

from __future__ import annotations

import re
import ssl

from redis.exceptions import ConnectionError as Lost
from redis.exceptions import RedisError

from outcode.transport.redis.settings import RedisSettings
from outcode.transport.redis.wire import Refusal
from outcode.values.problems import InputProblem, Problem, RateLimited, TooLarge, VendorDown, VendorRejected
from outcode.values.redaction import MASK

BROKEN = (RedisError, OSError, ValueError, RecursionError)
"""What a connection ends with: hung up, or an answer that is not Redis' (the last three also inside redis-py)."""

_LONGEST_SENTENCE = 300
_REPEATED = re.compile(r",? with args beginning with:.*", re.DOTALL)
_BY_WORD: dict[str, tuple[type[Problem], str]] = {
    "WRONGTYPE": (InputProblem, "redis_wrong_type"),
    "NOAUTH": (VendorRejected, "redis_password_missing"),
    "WRONGPASS": (VendorRejected, "redis_password_refused"),
    "NOPERM": (VendorRejected, "redis_not_permitted"),
    "DENIED": (VendorRejected, "redis_protected"),
    "READONLY": (VendorRejected, "redis_read_only"),
    "MOVED": (VendorRejected, "redis_cluster"),
    "ASK": (VendorRejected, "redis_cluster"),
    "CROSSSLOT": (VendorRejected, "redis_cluster"),
    "CLUSTERDOWN": (VendorDown, "redis_cluster_down"),
    "OOM": (VendorDown, "redis_out_of_memory"),
    "MISCONF": (VendorDown, "redis_cannot_save"),
    "LOADING": (VendorDown, "redis_not_ready"),
    "MASTERDOWN": (VendorDown, "redis_not_ready"),
    "NOREPLICAS": (VendorDown, "redis_not_ready"),
    "TRYAGAIN": (VendorDown, "redis_not_ready"),
    "BUSY": (VendorDown, "redis_busy"),
}
_BY_SENTENCE: tuple[tuple[str, type[Problem], str], ...] = (
    ("value is not an integer", InputProblem, "redis_not_integer"),
    ("would overflow", InputProblem, "redis_overflow"),
    ("invalid expire time", InputProblem, "redis_expiration"),
    ("db index is out of range", VendorRejected, "redis_no_database"),
    ("without any password configured", VendorRejected, "redis_password_unwanted"),
    ("no password is set", VendorRejected, "redis_password_unwanted"),
    ("wrong number of arguments for 'auth'", VendorRejected, "redis_username_unknown"),
    ("invalid password", VendorRejected, "redis_password_refused"),
    ("unknown command", VendorRejected, "redis_no_command"),
    ("max number of clients", RateLimited, "redis_too_many_clients"),
    ("maximum allowed size", TooLarge, "redis_text_too_long"),
)


def refusal_problem(refusal: Refusal, settings: RedisSettings) -> Problem:
    """The problem of a command that the server refused; it was not carried out."""
    kind, code = _BY_WORD.get(refusal.word) or (VendorRejected, "redis_refused")
    if refusal.word == "ERR":
        sentence = refusal.text.lower()
        kind, code = next(((kind, code) for part, kind, code in _BY_SENTENCE if part in sentence), (kind, code))
    return kind(code, host=settings.host, port=settings.port, db=settings.db, reason=_said(refusal, settings.password))


def lost_problem(error: Exception, settings: RedisSettings) -> Problem:
    """The problem of a connection that broke after a command was sent, which may or may not have been carried out."""
    if isinstance(error, Lost | OSError):
        return VendorDown("redis_connection_lost", host=settings.host, port=settings.port)
    return VendorRejected("redis_not_redis", host=settings.host, port=settings.port)


def connect_problem(error: Exception, settings: RedisSettings) -> Problem:
    """The problem of a connection that could not be opened; no command was sent."""
    host, port = settings.host, settings.port
    match error:
        case Refusal():
            return refusal_problem(error, settings)
        case ssl.SSLCertVerificationError():
            return VendorRejected("redis_certificate_refused", host=host, port=port, reason=error.verify_message)
        case ssl.SSLError():
            return VendorRejected("redis_no_tls", host=host, port=port)
        case Lost():
            return VendorDown("redis_hung_up", host=host, port=port)
        case OSError():
            return VendorDown("redis_unreachable", host=host, port=port, reason=error.strerror or type(error).__name__)
        case _:
            return VendorRejected("redis_not_redis", host=host, port=port)


def _said(refusal: Refusal, password: str) -> str:
    text = _REPEATED.sub("", str(refusal))
    return (text.replace(password, MASK) if password else text)[:_LONGEST_SENTENCE]
