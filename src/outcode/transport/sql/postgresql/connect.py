"""Opening a session: guarded address, TLS by mode, and nothing taken from the environment.

asyncpg falls back to ``PGHOST``, ``PGPASSWORD``, ``PGSERVICE``, ``PGSSL…``, ``~/.pgpass`` and ``~/.postgresql`` for
whatever is not given. So everything is given: an empty password instead of none, a context or ``False`` instead of a
mode.
"""

from __future__ import annotations

import ssl

import asyncpg

from outcode.transport.guard import EgressGuard
from outcode.transport.sql.postgresql.errors import connect_problem
from outcode.transport.sql.postgresql.session import Session
from outcode.transport.sql.postgresql.settings import ServerSettings
from outcode.transport.sql.postgresql.tls import attempts
from outcode.values.problems import VendorDown

CONNECT_SECONDS = 10.0


async def open_session(settings: ServerSettings, guard: EgressGuard, *, seconds: float = CONNECT_SECONDS) -> Session:
    """Connect and log in.

    Raises EgressRefused, VendorDown (``sql_unreachable``), VendorRejected (password, database …), RateLimited (too many
    connections); never with the password in it.
    """
    addresses = [str(address) for address in await guard.resolve(settings.host, settings.port)]
    started = {"application_name": "outcode"}
    if settings.options is not None:
        started["options"] = settings.options
    ways = attempts(settings)
    for number, context in enumerate(ways, start=1):
        try:
            session: Session = await asyncpg.connect(
                host=addresses,
                port=[settings.port] * len(addresses),
                user=settings.username,
                password=settings.password,
                database=settings.database,
                ssl=context or False,
                direct_tls=False,
                timeout=seconds,
                statement_cache_size=0,
                server_settings=started,
                target_session_attrs="any",
                krbsrvname="postgres",
                gsslib="gssapi",
                connection_class=Session,
            )
        except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError) as error:
            if number < len(ways) and _other_way_may_work(error):
                continue
            raise connect_problem(error, settings) from error
        session.use_text()
        return session
    raise VendorDown("sql_unreachable", host=settings.host, port=settings.port, reason=settings.sslmode)


def _other_way_may_work(error: Exception) -> bool:
    """Whether TLS itself, or its absence, was refused; a wrong password is wrong both ways."""
    if isinstance(error, asyncpg.InvalidAuthorizationSpecificationError):
        return not isinstance(error, asyncpg.InvalidPasswordError)
    return isinstance(error, ssl.SSLError) or type(error) in {ConnectionError, ConnectionResetError}
