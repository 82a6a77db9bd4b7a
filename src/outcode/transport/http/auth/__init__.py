"""How calls prove who is calling: one module for each family of connection kinds, behind one small interface."""

from outcode.transport.http.auth.connection import (
    HttpConnection,
    OAuthClient,
    Origin,
    StoredConnection,
    basic,
    origin_of,
    same_origin,
)
from outcode.transport.http.auth.credentials import authorized, grant, is_over, needs_tokens, refusal
from outcode.transport.http.auth.keeper import MemoryTokens, TokenKeeper
from outcode.transport.http.auth.oauth_code import authorization_url, exchanged, new_verifier, revoked
from outcode.transport.http.auth.tokens import Flow, Steps, Tokens, drive

__all__ = [
    "Flow",
    "HttpConnection",
    "MemoryTokens",
    "OAuthClient",
    "Origin",
    "Steps",
    "StoredConnection",
    "TokenKeeper",
    "Tokens",
    "authorization_url",
    "authorized",
    "basic",
    "drive",
    "exchanged",
    "grant",
    "is_over",
    "needs_tokens",
    "new_verifier",
    "origin_of",
    "refusal",
    "revoked",
    "same_origin",
]
