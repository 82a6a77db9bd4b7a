"""One asyncpg connection on which everything travels as text: parameters in, columns out.

asyncpg picks a binary codec by the type that the server inferred, and then wants a Python object of that very type (an
``int`` for ``int4``, a ``date`` for ``date``). Our parameters are text whose type only the server knows. So every
built-in type gets a codec that hands the text through, and types met later (enums, arrays, composites, ranges,
extensions) get the same when asyncpg asks what they are. The latter hook, ``_introspect_types``, is not public; asyncpg
has no public one, and its own introspection cannot read a composite whose fields are text. It is covered by tests.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import asyncpg
from asyncpg.protocol import protocol as _wire

from outcode.transport.sql.postgresql.values import DECODERS, Decoder, array, plain

_TYPES = """
WITH RECURSIVE wanted AS (
    SELECT oid, typname, typnamespace, typtype, typcategory, typelem, typbasetype, typdelim
    FROM pg_catalog.pg_type WHERE oid = ANY($1::oid[])
    UNION
    SELECT t.oid, t.typname, t.typnamespace, t.typtype, t.typcategory, t.typelem, t.typbasetype, t.typdelim
    FROM pg_catalog.pg_type t JOIN wanted w
        ON ((w.typcategory = 'A' OR w.typname = '_record') AND t.oid = w.typelem)
        OR (w.typtype = 'd' AND t.oid = w.typbasetype)
)
SELECT w.oid, w.typname, n.nspname, w.typtype::text, w.typcategory::text, w.typelem, w.typbasetype, w.typdelim::text
FROM wanted w JOIN pg_catalog.pg_namespace n ON n.oid = w.typnamespace
"""
_VECTORS = {"int2vector", "oidvector"}
"""Arrays by category only: they are written ``1 2 3``."""
_BUILT_IN: dict[int, str] = dict(_wire.BUILTIN_TYPE_OID_MAP)


@dataclass(frozen=True, slots=True)
class _Type:
    oid: int
    name: str
    schema: str
    kind: str
    category: str
    element: int
    base: int
    delimiter: str


def _same(value: str) -> str:
    return value


class Session(asyncpg.Connection):  # type: ignore[misc]  # asyncpg ships no types
    """A connection whose parameters and columns are text; made by ``connect.open_session`` only."""

    def use_text(self) -> None:
        """Let every built-in type travel as text; called once, before the first statement."""
        self._decoders: dict[int, Decoder] = {}
        self._names: dict[int, str] = {}
        for oid, name in _BUILT_IN.items():
            decoder = array(DECODERS.get(name[:-2], plain)) if name.endswith("[]") else DECODERS.get(name, plain)
            self._know(oid, name, "pg_catalog", decoder)

    def decoder(self, oid: int) -> Decoder:
        """What makes a JSON value from this type's text."""
        return self._decoders[oid]

    def type_name(self, oid: int) -> str:
        """The type's name as people know it, such as ``int4`` or ``text[]``."""
        return self._names[oid]

    def is_array(self, oid: int) -> bool:
        """Whether a list can be written as a value of this type."""
        return self._names[oid].endswith("[]")

    def get_reset_query(self) -> str:
        """Forget everything a run has left, also roles, temporary tables and prepared statements."""
        return "DISCARD ALL"

    async def _introspect_types(self, typeoids: Iterable[int], timeout: float | None) -> tuple[list[Any], Any]:  # noqa: ASYNC109 - asyncpg's signature
        oids = list(typeoids)
        statement = await self._get_statement(_TYPES, timeout, named=True, ignore_custom_codec=True)
        statement.attach()
        try:
            rows = await self._protocol.bind_execute(statement, (oids,), "", 0, False, timeout)
        finally:
            statement.detach()
            self._maybe_gc_stmt(statement)
        types = {row[0]: _Type(*row) for row in rows}
        for oid in oids:
            self._learn(oid, types)
        return [], statement

    def _learn(self, oid: int, types: dict[int, _Type]) -> tuple[str, Decoder]:
        if oid in self._decoders:
            return self._names[oid], self._decoders[oid]
        found = types.get(oid)
        if found is None:  # dropped since the statement was prepared: its text is still text
            self._know(oid, str(oid), "pg_catalog", plain)
            return str(oid), plain
        name: str = found.name
        decoder: Decoder = plain
        if found.kind == "d":
            decoder = self._learn(found.base, types)[1]
        elif found.element and (found.category == "A" or name == "_record") and name not in _VECTORS:
            element_name, element = self._learn(found.element, types)
            delimiter = types[found.element].delimiter if found.element in types else ","
            name, decoder = f"{element_name}[]", array(element, delimiter)
        else:
            decoder = DECODERS.get(name, plain) if found.schema == "pg_catalog" else plain
        self._know(oid, name, found.schema, decoder)
        return name, decoder

    def _know(self, oid: int, name: str, schema: str, decoder: Decoder) -> None:
        self._names[oid], self._decoders[oid] = name, decoder
        self.get_settings().add_python_codec(oid, name, schema, [], "scalar", _same, _same, "text")
