"""SQL for PostgreSQL: every shape of reference, as text; ``test_sql_servers.py`` asks a real server."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outcode.values.json import Json
from outcode.values.problems import ReferenceProblem
from outcode.values.references import BoundQuery, Root, parse_template
from outcode.values.references import bind_sql as bind_dialect

DATA: dict[str, Json] = {
    "s": "it's", "n": 5, "big": 3_000_000_000, "huge": 10**30, "price": Decimal("1.50"), "yes": True, "none": None,
    "ids": [1, 2, 3], "names": ["x", "it's"], "empty": [], "o": {"k": [1]}, "d": "2026-11-21", "col": 'na"me',
    "long": "x" * 64, "nul": "a\0b", "half": "\ud800", "objects": [{"id": 1}, {"id": 2}], "blank": "",
    "file": {"fileId": "f", "name": "n", "mediaType": "m", "size": 1},
}  # fmt: skip
SCOPE = {"a": Root(DATA)}


def bind_sql(text: str, data: dict[str, Json] | None = None) -> BoundQuery:
    return bind_dialect(parse_template(text), SCOPE if data is None else {"a": Root(data)}, "postgresql")


@pytest.mark.parametrize(
    ("text", "bound", "parameters"),
    [
        ("SELECT 1", "SELECT 1", ()),
        ("SELECT $1", "SELECT $1", ()),
        ("WHERE id = {{a.n}}", "WHERE id = $1::int4", ("5",)),
        ("WHERE id={{a.n}}AND", None, ()),
        ("WHERE id = {{a.big}}", "WHERE id = $1::int8", ("3000000000",)),
        ("WHERE id = {{a.huge}}", "WHERE id = $1::numeric", ("1" + "0" * 30,)),
        ("WHERE p = {{a.price}}", "WHERE p = $1::numeric", ("1.5",)),
        ("WHERE b = {{a.yes}}", "WHERE b = $1::boolean", ("true",)),
        ("WHERE b = {{a.none}}", "WHERE b = $1", (None,)),
        ("WHERE s = {{a.s}}", "WHERE s = $1", ("it's",)),
        ("VALUES ({{a.o}})", "VALUES ($1)", ('{"k":[1]}',)),
        ("WHERE s = '{{a.s}}'", "WHERE s = $1", ("it's",)),
        ("WHERE s = 'O''{{a.s}} {{a.n}}'", "WHERE s = $1", ("O'it's 5",)),
        ("WHERE s LIKE '%{{a.s}}%'", "WHERE s LIKE $1", ("%it's%",)),
        ("WHERE s LIKE'{{a.s}}'AND 1=1", "WHERE s LIKE $1 AND 1=1", ("it's",)),
        ("SELECT '{{a.none}}'", "SELECT $1", ("",)),
        ("SELECT '{{a.o}}'::jsonb", "SELECT $1::jsonb", ('{"k":[1]}',)),
        ("SELECT '{{a.ids}}'::jsonb", "SELECT $1::jsonb", ("[1,2,3]",)),
        ("now() - INTERVAL '{{a.n}} days'", "now() - CAST($1 AS INTERVAL)", ("5 days",)),
        ("now() - interval'{{a.n}} days'", "now() - CAST($1 AS interval)", ("5 days",)),
        ("now() - INTERVAL '{{a.n}}' DAY", "now() - CAST($1 AS INTERVAL)", ("5 DAY",)),
        ("d > DATE '{{a.d}}'", "d > CAST($1 AS DATE)", ("2026-11-21",)),
        ("TIMESTAMP '{{a.d}}'", "CAST($1 AS TIMESTAMP)", ("2026-11-21",)),
        ("TIMESTAMP(3) WITH TIME ZONE '{{a.d}}'", "CAST($1 AS TIMESTAMP(3) WITH TIME ZONE)", ("2026-11-21",)),
        ("SELECT double precision '{{a.n}}'", "SELECT CAST($1 AS double precision)", ("5",)),
        ("now() AT TIME ZONE '{{a.s}}'", "now() AT TIME ZONE $1", ("it's",)),
        ('SELECT "{{a.col}}"', 'SELECT "na""me"', ()),
        ('SELECT "x""{{a.n}}_y"', 'SELECT "x""5_y"', ()),
        ('FROM "s"."{{a.s}}"', 'FROM "s"."it\'s"', ()),
        ("id IN ({{a.ids}})", "id IN ($1::int4, $2::int4, $3::int4)", ("1", "2", "3")),
        ("id NOT IN ( 0, {{a.ids}} )", "id NOT IN ( 0, $1::int4, $2::int4, $3::int4 )", ("1", "2", "3")),
        ("s IN ({{a.names}}, 'z')", "s IN ($1, $2, 'z')", ("x", "it's")),
        ("s IN ({{a.empty}})", "s IN (NULL)", ()),
        ("s IN ({{a.s}})", "s IN ($1)", ("it's",)),
        ("s IN ({{a.objects[*].id}})", "s IN ($1::int4, $2::int4)", ("1", "2")),
        ("{{a.s}} IS NULL", "$1::text IS NULL", ("it's",)),
        ("'{{a.s}}' IS NOT NULL", "$1::text IS NOT NULL", ("it's",)),
        ("x IS NOT DISTINCT FROM {{a.s}}", "x IS NOT DISTINCT FROM $1", ("it's",)),
        ("concat({{a.s}}, '{{a.n}}', {{a.n}})", "concat($1::text, $2::text, $3::int4)", ("it's", "5", "5")),
        ("substring(s FROM {{a.n}})", "substring(s FROM $1::int4)", ("5",)),
        ("-- it's\nSELECT {{a.n}} /* ' /* nested */ \" */", "-- it's\nSELECT $1::int4 /* ' /* nested */ \" */", ("5",)),
        ("SELECT $x$ ' $x$, {{a.n}}", "SELECT $x$ ' $x$, $1::int4", ("5",)),
        (r"SELECT E'\' ', {{a.n}}", r"SELECT E'\' ', $1::int4", ("5",)),
        (r"SELECT '\', {{a.n}}", r"SELECT '\', $1::int4", ("5",)),
        (r"SELECT '\{{', {{a.n}}", "SELECT '{{', $1::int4", ("5",)),
        ("SELECT {{a.nope | default(null)}}", "SELECT $1", (None,)),
        ("SELECT j->>'{{a.s}}', j ? '{{a.s}}'", "SELECT j->>$1, j ? $2", ("it's", "it's")),
        ("LIMIT {{a.n}} OFFSET {{a.n}}", "LIMIT $1::int4 OFFSET $2::int4", ("5", "5")),
    ],
)  # fmt: skip
def test_binds(text: str, bound: str | None, parameters: tuple[Json, ...]) -> None:
    if bound is None:
        with pytest.raises(ReferenceProblem):
            bind_sql(text)
    else:
        assert bind_sql(text) == BoundQuery(bound, parameters)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("SELECT 1 -- {{a.n}}", "sql_in_comment"),
        ("SELECT 1 /* {{a.n}} */", "sql_in_comment"),
        ("SELECT 1 /* /* */ {{a.n}} */", "sql_in_comment"),
        ("SELECT 1 /* {{a.n}}", "sql_in_comment"),
        ("SELECT $$ {{a.n}} $$", "sql_in_dollar"),
        ("SELECT $tag$ {{a.n}} $$ $tag$", "sql_in_dollar"),
        ("SELECT $tag$ {{a.n}}", "sql_in_dollar"),
        ("SELECT E'{{a.n}}'", "sql_in_prefixed"),
        ("SELECT U&'{{a.n}}'", "sql_in_prefixed"),
        ('SELECT U&"{{a.n}}"', "sql_in_prefixed"),
        ("SELECT b'{{a.n}}'", "sql_in_prefixed"),
        ("SELECT '{{a.n}}", "sql_unclosed"),
        ('SELECT "{{a.s}}', "sql_unclosed"),
        ("SELECT {{a.s}}_x", "sql_in_name"),
        ("SELECT t_{{a.s}}", "sql_in_name"),
        ("SELECT 1{{a.n}}", "sql_in_name"),
        ("SELECT {{a.n}}1", "sql_in_name"),
        ("SELECT {{a.n}}{{a.n}}", "sql_in_name"),
        ("SELECT t.{{a.s}}", "sql_in_name"),
        ("SELECT {{a.s}}.x", "sql_in_name"),
        ("SELECT {{a.s}}(1)", "sql_in_name"),
        ("SELECT 'a'{{a.s}}'b'", "sql_in_name"),
        ("SELECT * FROM {{a.s}}", "sql_as_name"),
        ("SELECT * FROM t JOIN {{a.s}}", "sql_as_name"),
        ("INSERT INTO {{a.s}}", "sql_as_name"),
        ("UPDATE {{a.s}} SET x = 1", "sql_as_name"),
        ("SELECT * FROM t ORDER BY {{a.s}}", "sql_as_name"),
        ("SELECT 1 AS {{a.s}}", "sql_as_name"),
        ("DROP TABLE {{a.s}}", "sql_as_name"),
        ('SELECT "{{a.none}}"', "sql_identifier_value"),
        ('SELECT "{{a.blank}}"', "sql_identifier_value"),
        ('SELECT "{{a.ids}}"', "sql_identifier_value"),
        ('SELECT "{{a.nul}}"', "sql_identifier_character"),
        ('SELECT "{{a.half}}"', "sql_character"),
        ('SELECT "{{a.long}}"', "sql_identifier_long"),
        ("SELECT {{a.ids}}", "sql_list"),
        ("WHERE id = ANY({{a.ids}})", "sql_list"),
        ("WHERE id IN (f({{a.ids}}))", "sql_list"),
        ("WHERE id IN (SELECT {{a.ids}})", "sql_list"),
        ("WHERE id IN ({{a.objects}})", "sql_list_element"),
        ("WHERE s IN ('{{a.names}}')", "sql_list_quoted"),
        ("WHERE x = $1 AND y = {{a.n}}", "sql_own_placeholder"),
        ("WHERE x = {{a.nul}}", "sql_character"),
        ("WHERE x = '{{a.nul}}'", "sql_character"),
        ("WHERE x = {{a.half}}", "sql_character"),
        ("WHERE x = {{a.file}}", "file_as_text"),
        ("WHERE x = '{{a.file}}'", "file_as_text"),
        ("WHERE x = '{{a.sss}}'", "reference_key_missing"),
        ("SELECT '\0' || {{a.n}}", "template_nul"),
    ],
)
def test_refuses(text: str, code: str) -> None:
    with pytest.raises(ReferenceProblem) as caught:
        bind_sql(text)
    assert caught.value.code == code
    if code not in {"sql_own_placeholder", "template_nul"}:
        assert caught.value.place.offset == text.index("{{")
        assert caught.value.place.line == 1
    assert caught.value.message("ko")
    assert caught.value.hint("ko")


def test_too_many_parameters_are_refused() -> None:
    with pytest.raises(ReferenceProblem) as caught:
        bind_sql("x IN ({{a.ids}})", {"ids": list(range(32_768))})
    assert caught.value.code == "sql_too_many"


@settings(deadline=None)
@given(st.text(st.sampled_from("'\"\\$-/*;\n aE") | st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_values_never_touch_the_statement(value: str) -> None:
    text = "SELECT {{a.v}}, 'x{{a.v}}', DATE '{{a.v}}' FROM t WHERE s IN ({{a.vs}})"
    bound = bind_sql(text, {"v": value, "vs": [value]})
    assert bound.text == "SELECT $1, $2, CAST($3 AS DATE) FROM t WHERE s IN ($4)"
    assert bound.parameters == (value, "x" + value, value, value)
