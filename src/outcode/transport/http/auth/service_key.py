"""A service account's key: the vendor's JSON file and the private key in it, checked so that people learn what to mend.

People paste the wrong file, half of it, or a key whose line breaks a form has turned into ``\\n``.
"""

from __future__ import annotations

from typing import Literal

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from outcode.values.json import Json, loads
from outcode.values.problems import InputProblem, Place

_SHORTEST_RSA = 2048


def key_members(text: str, place: Place) -> dict[str, Json]:
    """The text members of a key file; raises InputProblem ``service_key_not_json`` or ``service_key_incomplete``.

    >>> key_members('{"client_email": "a@b.example", "private_key": "-----BEGIN"}', Place())["client_email"]
    'a@b.example'
    """
    try:
        content = loads(text)
    except InputProblem as problem:
        raise InputProblem("service_key_not_json", place) from problem
    if not isinstance(content, dict):
        raise InputProblem("service_key_not_json", place)
    members = {key: value for key, value in content.items() if isinstance(value, str)}
    if not members.get("private_key"):
        raise InputProblem("service_key_incomplete", place, member="private_key")
    return members


def private_key(
    text: str, algorithm: Literal["RS256", "ES256"], place: Place
) -> RSAPrivateKey | EllipticCurvePrivateKey:
    """The key behind a PEM text; raises InputProblem ``service_key_unreadable`` or ``service_key_unfit``."""
    pem = text.strip().replace("\\n", "\n").replace("\r\n", "\n")
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        # TypeError: the key is locked with a password.
        raise InputProblem("service_key_unreadable", place) from error
    if algorithm == "RS256" and isinstance(key, RSAPrivateKey) and key.key_size >= _SHORTEST_RSA:
        return key
    if algorithm == "ES256" and isinstance(key, EllipticCurvePrivateKey) and isinstance(key.curve, SECP256R1):
        return key
    wanted = f"RSA (≥ {_SHORTEST_RSA} bit)" if algorithm == "RS256" else "EC P-256"
    raise InputProblem("service_key_unfit", place, wanted=wanted)
