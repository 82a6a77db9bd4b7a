"""A team's connections: settings in plain, sensitive fields sealed; opened only to carry out a call, never to be shown.

A connection is made in two steps, so that its credentials can be tried in between: :func:`draft` checks the answers of
its form against what the app declares, :meth:`ConnectionStore.insert` stores them.
"""

from outcode.workspace.connections.drafts import Draft, Upload, Verified, connection_kind, draft, usable_name
from outcode.workspace.connections.info import ConnectionInfo, ConnectionState, OpenConnection
from outcode.workspace.connections.store import ConnectionStore

__all__ = [
    "ConnectionInfo",
    "ConnectionState",
    "ConnectionStore",
    "Draft",
    "OpenConnection",
    "Upload",
    "Verified",
    "connection_kind",
    "draft",
    "usable_name",
]
