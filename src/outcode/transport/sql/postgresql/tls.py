"""TLS to an address that was checked, verified against the name that the user wrote.

asyncpg derives the server name from the host it connects to, and that is an IP address here: the egress guard's answer.
An ``SSLContext`` that always states the user's name says the right thing in every place where asyncpg starts TLS, the
cancel request's own connection included, and needs nothing private of asyncpg.
"""

from __future__ import annotations

import ssl

from outcode.transport.sql.postgresql.settings import ServerSettings
from outcode.transport.sql.tls import trusting


class NamedContext(ssl.SSLContext):
    """A client context that presents and checks ``server_name``, whatever address was dialled."""

    server_name: str

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,  # noqa: FBT001 - the overridden signature
        server_hostname: str | bytes | None = None,  # noqa: ARG002 - this is what is replaced
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        return super().wrap_bio(incoming, outgoing, server_side, self.server_name, session)


def attempts(settings: ServerSettings) -> tuple[NamedContext | None, ...]:
    """The ways to connect, in the order that ``sslmode`` asks for; None is without TLS."""
    match settings.sslmode:
        case "disable":
            return (None,)
        case "allow":
            return (None, context(settings))
        case "prefer":
            return (context(settings), None)
        case _:
            return (context(settings),)


def context(settings: ServerSettings) -> NamedContext:
    """The context of a connection.

    A CA certificate is always used to check the server, as libpq does with ``require``. Without one, ``verify-ca`` and
    ``verify-full`` trust the system's certificate authorities. Raises InputProblem ``sql_certificate_invalid``.
    """
    made = NamedContext(ssl.PROTOCOL_TLS_CLIENT)
    made.server_name = settings.host
    made.set_alpn_protocols(["postgresql"])
    mode, authority = settings.sslmode, settings.ca_certificate
    verified = mode.startswith("verify") or (mode == "require" and authority is not None)
    return trusting(made, authority, verified=verified, named=mode == "verify-full", field="sslrootcert")
