"""PostgreSQL, and servers that speak its language and protocol.

Every parameter leaves as ``str`` or ``None``. The transport sends each in *text format* for the type the server
inferred, as psql would; the server's own input function reads it, so that ``'{{a.x}}'`` works against text, date,
integer and uuid columns alike. (With asyncpg: ``set_type_codec(name, schema=…, encoder=str, decoder=…,
format="text")`` for every base type; its binary codecs refuse a ``str`` for an integer.)
A bare number or boolean carries the cast that gives it the type which the same constant in the text would have:
without it ``current_date - $1`` would read 7 as a date and ``$1 * 1000`` overflow. The transport leaves
``standard_conforming_strings`` on, as it is by default.
"""

from __future__ import annotations

from decimal import Decimal

from outcode.values.json import Json
from outcode.values.references.rendering import render
from outcode.values.references.sql_dialect import NAMES_FOLLOW, Dialect, utf8_size
from outcode.values.references.sql_tokens import Lexis


def _parameter(value: Json) -> str | None:
    return None if value is None else render(value)


def _type(value: Json) -> str:
    if type(value) is bool:
        return "::boolean"
    if type(value) is int:
        if -(2**31) <= value < 2**31:
            return "::int4"
        return "::int8" if -(2**63) <= value < 2**63 else "::numeric"
    return "::numeric" if type(value) is Decimal else ""


_TYPED_LITERALS = """
    DATE TIME TIMETZ TIMESTAMP TIMESTAMPTZ INTERVAL NUMERIC DECIMAL INT INT2 INT4 INT8 INTEGER BIGINT SMALLINT
    REAL FLOAT4 FLOAT8 FLOAT BOOL BOOLEAN UUID JSON JSONB TEXT VARCHAR BPCHAR CHAR BYTEA INET CIDR MACADDR XML
    MONEY DATERANGE INT4RANGE INT8RANGE NUMRANGE TSRANGE TSTZRANGE TSVECTOR TSQUERY POINT BOX JSONPATH OID
    REGCLASS
"""
_UNTYPED_FUNCTIONS = """
    CONCAT CONCAT_WS FORMAT JSON_BUILD_OBJECT JSONB_BUILD_OBJECT JSON_BUILD_ARRAY JSONB_BUILD_ARRAY TO_JSON
    TO_JSONB ROW COUNT NUM_NULLS NUM_NONNULLS PG_TYPEOF QUOTE_LITERAL QUOTE_NULLABLE JSON_AGG JSONB_AGG
    ARRAY_AGG
"""
_INTERVAL_UNITS = ("YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND")
POSTGRESQL = Dialect(
    lexis=Lexis(
        identifier_quotes={'"': '"'},
        literal_prefixes=frozenset({"E", "B", "X", "N", "U&"}),
        escaping_prefixes=frozenset({"E"}),
        nested_comments=True,
        dollar_quotes=True,
    ),
    placeholder=lambda number: f"${number}",
    parameter=_parameter,
    names_follow=NAMES_FOLLOW | {"ONLY", "SCHEMA"},
    quoted_name='"{{a.column}}"',
    max_parameters=32_767,
    max_identifier=63,
    identifier_size=utf8_size,
    typed=_type,
    text_cast="::text",
    typed_literals=dict.fromkeys(_TYPED_LITERALS.split(), "CAST({value} AS {type})"),
    interval_units={unit: (f" {unit}", "CAST({value} AS {type})") for unit in _INTERVAL_UNITS},
    untyped_functions=frozenset(_UNTYPED_FUNCTIONS.split()),
)
