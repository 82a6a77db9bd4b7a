"""What TLS to a database trusts: nothing is read from the environment or the home folder."""

from __future__ import annotations

import ssl
from typing import TypeVar

from outcode.values.problems import InputProblem, Place

_Context = TypeVar("_Context", bound=ssl.SSLContext)


def trusting(context: _Context, authority: str | None, *, verified: bool, named: bool, field: str) -> _Context:
    """Set up a client context.

    ``verified``: the certificate must stem from ``authority`` (PEM text), without one from an authority that the system
    trusts; ``named``: and state the host's name. Raises InputProblem ``sql_certificate_invalid`` naming ``field``.
    """
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = named
    context.verify_mode = ssl.CERT_REQUIRED if verified else ssl.CERT_NONE
    if verified and authority:
        try:
            context.load_verify_locations(cadata=authority)
        except (ssl.SSLError, ValueError) as error:
            raise InputProblem("sql_certificate_invalid", Place(field=field)) from error
    elif verified:
        context.load_default_certs()
    return context
