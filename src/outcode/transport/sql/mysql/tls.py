"""TLS as ``tls_mode`` asks for it; the driver verifies against the name that the user wrote."""

from __future__ import annotations

import ssl

from outcode.transport.sql.mysql.settings import ServerSettings
from outcode.transport.sql.tls import trusting


def context(settings: ServerSettings) -> ssl.SSLContext | None:
    """The context of a connection, or None without TLS.

    A CA certificate is always used to check the server where TLS is required. Without one, ``verify_ca`` and
    ``verify_identity`` trust the system's certificate authorities. Raises InputProblem ``sql_certificate_invalid``.
    """
    mode, authority = settings.tls_mode, settings.ca_certificate
    if mode == "disabled":
        return None
    verified = mode.startswith("verify") or (mode == "required" and authority is not None)
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return trusting(made, authority, verified=verified, named=mode == "verify_identity", field="tls_ca")
