"""Envelope encryption: a data key per organization encrypts secrets; the operator's master key wraps the data keys.

AES-256-GCM throughout. What a ciphertext belongs to (team and record) is bound as associated data, so that a row copied
to another team does not open there. The master key comes from ``OUTCODE_MASTER_KEY`` (base64 of 32 bytes) or from a
0600 file in the data folder, made at the first start. Layout of a ciphertext: 12 bytes nonce, then ciphertext and tag.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

import sqlalchemy as sql
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy.ext.asyncio import AsyncConnection

from outcode.database import schema
from outcode.values.problems import SetupProblem
from outcode.workspace.scope import Scope, new_id

_NONCE_BYTES = 12
_KEY_BYTES = 32


def _encrypt(key: bytes, plain: bytes, bound_to: str) -> bytes:
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, bound_to.encode())


def _decrypt(key: bytes, sealed: bytes, bound_to: str) -> bytes:
    return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], bound_to.encode())


class MasterKey:
    """The operator's key; ``id`` tells which one wrapped a data key and reveals nothing of it."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self.id = hashlib.sha256(b"outcode master key id" + key).hexdigest()[:16]

    def __repr__(self) -> str:
        return f"MasterKey(id={self.id!r})"

    @classmethod
    def load(cls, file: Path, environment: Mapping[str, str]) -> MasterKey:
        """The key of the environment, else of the file, which is made when absent; raises SetupProblem."""
        if text := environment.get("OUTCODE_MASTER_KEY"):
            return cls(_decoded(text, "OUTCODE_MASTER_KEY"))
        try:
            if not file.exists():
                _make(file)
            text = file.read_text("ascii", errors="replace")
        except OSError as error:
            raise SetupProblem("master_key_unreadable", file=str(file), reason=error.strerror or "") from error
        return cls(_decoded(text, str(file)))

    def wrap(self, data_key: bytes, organization_id: str) -> bytes:
        """The data key, encrypted for its organization."""
        return _encrypt(self._key, data_key, organization_id)

    def unwrap(self, wrapped: bytes, organization_id: str) -> bytes:
        """The data key again; raises SetupProblem when another master key wrapped it."""
        try:
            return _decrypt(self._key, wrapped, organization_id)
        except (InvalidTag, ValueError) as error:
            raise SetupProblem("master_key_mismatch") from error


def _make(file: Path) -> None:
    """Write a new key whole or not at all; a file that another process made meanwhile stays."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    created = base64.b64encode(secrets.token_bytes(_KEY_BYTES)) + b"\n"
    part = file.with_name(f"{file.name}.{secrets.token_hex(8)}.part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(created)
        stream.flush()
        os.fsync(stream.fileno())
    try:
        file.hardlink_to(part)
    except FileExistsError:
        pass
    finally:
        part.unlink()


def _decoded(text: str, source: str) -> bytes:
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError) as error:
        raise SetupProblem("master_key_invalid", source=source) from error
    if len(key) != _KEY_BYTES:
        raise SetupProblem("master_key_invalid", source=source)
    return key


class SecretStore:
    """Seals and opens secrets of teams; data keys are unwrapped once and kept in memory."""

    def __init__(self, master: MasterKey) -> None:
        self._master = master
        self._keys: dict[str, bytes] = {}

    async def seal(self, database: AsyncConnection, scope: Scope, record_id: str, plain: bytes) -> tuple[str, bytes]:
        """The id of the organization's data key, and ``plain`` encrypted for one record of one team."""
        key_id = await self._current_key(database, scope.organization_id)
        return key_id, _encrypt(self._keys[key_id], plain, f"{scope.team_id}/{record_id}")

    async def open(self, database: AsyncConnection, scope: Scope, record_id: str, key_id: str, sealed: bytes) -> bytes:
        """The secret again; raises SetupProblem when keys and data do not belong together."""
        if key_id not in self._keys:
            await self._load(database, scope.organization_id, key_id)
        try:
            return _decrypt(self._keys[key_id], sealed, f"{scope.team_id}/{record_id}")
        except (InvalidTag, ValueError) as error:  # ValueError: shorter than a nonce
            raise SetupProblem("secret_unreadable") from error

    async def _current_key(self, database: AsyncConnection, organization_id: str) -> str:
        keys = schema.data_keys
        found = await database.execute(
            sql.select(keys.c.id)
            .where(keys.c.organization_id == organization_id, keys.c.master_key_id == self._master.id)
            .order_by(keys.c.id.desc())
            .limit(1)
        )
        key_id: str | None = found.scalar_one_or_none()
        if key_id is None:
            key_id, key = new_id(), secrets.token_bytes(_KEY_BYTES)
            await database.execute(
                sql.insert(keys).values(
                    id=key_id,
                    organization_id=organization_id,
                    master_key_id=self._master.id,
                    wrapped=self._master.wrap(key, organization_id),
                )
            )
            return await self._load(database, organization_id, key_id)
        return key_id if key_id in self._keys else await self._load(database, organization_id, key_id)

    async def _load(self, database: AsyncConnection, organization_id: str, key_id: str) -> str:
        keys = schema.data_keys
        row = (
            await database.execute(
                sql.select(keys.c.wrapped, keys.c.master_key_id).where(
                    keys.c.id == key_id, keys.c.organization_id == organization_id
                )
            )
        ).one_or_none()
        if row is None:
            raise SetupProblem("secret_unreadable")
        if row.master_key_id != self._master.id:
            raise SetupProblem("master_key_mismatch")
        self._keys[key_id] = self._master.unwrap(row.wrapped, organization_id)
        return key_id
