"""Connections for every kind, with secrets that are looked for everywhere afterwards."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from outcode.appkit import (
    ApiKey,
    Basic,
    Bearer,
    Field,
    ListField,
    LoginSession,
    MapField,
    MultiSelectField,
    NumberField,
    OAuth2Code,
    SelectField,
    ServiceAccount,
    SwitchField,
    TextField,
)
from outcode.appkit.connections import ConnectionKind
from outcode.appkit.lint.taken import placeholders
from outcode.appkit.samples import Sample, SampleResponse
from outcode.values import json
from outcode.workspace.connections.drafts import secret_texts

ACCESS_TOKEN = "canary-access-token-Zq7x"
REFRESH_TOKEN = "canary-refresh-token-Zq7x"


@dataclass(frozen=True)
class Held:
    """A connection as the tests hold it: ``values`` also know the tokens; ``secrets`` must never be seen."""

    kind: ConnectionKind
    fields: dict[str, Any]
    values: dict[str, Any]
    secrets: tuple[str, ...]
    id: str = "11111111-1111-4111-8111-111111111111"
    version: int = 1
    kept: dict[str, Any] = field(default_factory=dict)

    def written_response(self, response: SampleResponse) -> SampleResponse:
        """An answer that repeats what the connection holds."""
        return SampleResponse.model_validate(self.written(response.model_dump()))

    def written(self, value: Any) -> Any:
        """A piece of a sample with ``{connection.x}`` filled in."""
        match value:
            case str():
                for name in placeholders(value):
                    if name.startswith("connection."):
                        value = value.replace("{" + name + "}", str(self.values.get(name.removeprefix("connection."))))
                return value
            case Mapping():
                return {key: self.written(item) for key, item in value.items()}
            case list() | tuple():
                return [self.written(item) for item in value]
            case _:
                return value


def held(kind: ConnectionKind, sample: Sample) -> Held:
    """A connection of a kind, with the sample's fields where they are no secrets."""
    fields = {each.key: _value(each, kind, sample.connection.fields) for each in kind.fields}
    secrets = list(secret_texts({each.key: fields[each.key] for each in kind.fields if each.sensitive}))
    values = dict(fields)
    kept: list[str] = []
    match kind:
        case ApiKey(value=text) | Bearer(token=text):
            # All of it proves who is calling, also a part that nobody marked.
            secrets = [str(fields[name]) for name in placeholders(text) if name in fields]
        case OAuth2Code():
            kept = list(kind.kept)
        case LoginSession():
            kept = [name for step in kind.login for name in step.keep]
        case ServiceAccount() if kind.key_file is not None:
            key = json.loads(str(fields[kind.key_file]))
            secrets = [str(key["private_key"])]
            values |= key
        case Basic():
            pair = f"{_filled(kind.username, fields)}:{_filled(kind.password, fields)}"
            secrets.append(base64.b64encode(pair.encode()).decode())
    for name in kept:
        values[name] = sample.connection.fields.get(name, f"canary-{name}-Zq7x")
    if isinstance(kind, LoginSession):
        # What a call sends of a login proves who is calling; what is kept besides may only say where.
        used = {name for text in (*kind.headers.values(), *kind.query.values()) for name in placeholders(text)}
        secrets += [str(values[name]) for name in kept if name in used]
    if hasattr(kind, "token_url"):
        values["access_token"] = ACCESS_TOKEN
        secrets.append(ACCESS_TOKEN)
    if isinstance(kind, OAuth2Code):
        secrets.append(REFRESH_TOKEN)
    return Held(kind, fields, values, tuple(secrets), kept={name: values[name] for name in kept})


def _filled(text: str, fields: Mapping[str, Any]) -> str:
    for name in placeholders(text):
        text = text.replace("{" + name + "}", str(fields.get(name)))
    return text


def _value(each: Field, kind: ConnectionKind, given: Mapping[str, Any]) -> Any:
    if each.key in given:
        return given[each.key]
    if isinstance(kind, ServiceAccount) and each.key in {kind.key_file, *placeholders(kind.private_key)}:
        key = private_key(kind.algorithm)
        return json.dumps(_key_file(key, kind)) if each.key == kind.key_file else key
    if isinstance(each, MapField) and each.sensitive:
        return {"X-Canary": f"canary-{each.key}-Zq7x"}
    proving = kind.value if isinstance(kind, ApiKey) else kind.token if isinstance(kind, Bearer) else ""
    if isinstance(each, MapField):
        return {f"X-{each.key}": f"canary-{each.key}-Zq7x"} if each.sensitive else {}
    if each.sensitive or each.key in placeholders(proving):
        return f"canary-{each.key}-Zq7x"
    if each.default is not None:
        return each.default
    match each:
        case NumberField():
            return int(each.minimum or 1)
        case SelectField():
            return each.options[0].value
        case SwitchField():
            return False
        case MultiSelectField():
            return []
        case ListField(required=True):
            return ["api.example.com"]
        case TextField(place="url"):
            return "https://auth.example.com/oauth/token" if "token" in each.key else "https://api.example.com"
        case TextField():
            return each.placeholder or f"sample-{each.key}"
        case _:
            return None


def _key_file(key: str, kind: ServiceAccount) -> dict[str, Any]:
    return {
        "type": "service_account",
        "project_id": "sample-project",
        "private_key_id": "k1",
        "private_key": key,
        "client_email": "robot@sample-project.iam.gserviceaccount.com",
        "client_id": "1",
        "token_uri": kind.token_url if kind.token_url.startswith("https://") else "https://auth.example.com/token",
    }


@cache
def private_key(algorithm: str) -> str:
    """A private key as PEM, made once for all tests."""
    made: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
    if algorithm == "RS256":
        made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    else:
        made = ec.generate_private_key(ec.SECP256R1())
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return made.private_bytes(encoding, form, serialization.NoEncryption()).decode()
