"""MySQL, SQL Server and Oracle as text: tables of cases.

A real MariaDB is asked in ``test_sql_servers.py``. Servers of the other two cannot be had here, so that what stands in
these tables for them follows their manuals and was never seen by one.
"""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outcode.values.json import Json
from outcode.values.problems import ReferenceProblem
from outcode.values.references import BoundQuery, Root, bind_sql, parse_template
from outcode.values.references.sql_dialect import DialectName
from outcode.values.references.sql_dialects import DIALECTS
from tests.values.references.conftest import injections

DATA: dict[str, Json] = {
    "s": "it's", "n": 5, "minus": -5, "price": Decimal("1.50"), "yes": True, "none": None, "ids": [1, -2], "empty": [],
    "names": ["x", "it's"], "o": {"k": [1]}, "d": "2026-11-21", "col": "na`m]e", "quote": 'na"me', "nul": "a\0b",
    "half": "\ud800", "long": "x" * 129, "far": "😀", "blank": "", "percent": "50%", "huge": 10**60,
}  # fmt: skip

MYSQL = [
    ("SELECT 10 % 3", "SELECT 10 % 3", ()),
    ("id = {{a.n}}", "id = %s", (5,)),
    ("p = {{a.price}} AND b = {{a.yes}} AND c = {{a.none}}",
     "p = %s AND b = %s AND c = %s", (Decimal("1.5"), True, None)),
    ("s = '{{a.s}}'", "s = %s", ("it's",)),
    ('s = "{{a.s}}"', "s = %s", ("it's",)),
    ("s = N'{{a.s}}'", "s = %s", ("it's",)),
    ("s = _utf8mb4'{{a.s}}'", "s = _utf8mb4 %s", ("it's",)),
    ("s LIKE '%{{a.s}}%'", "s LIKE %s", ("%it's%",)),
    (r"s LIKE 'a\%\_{{a.s}}\n\0\Z\b\t\r\\\'\"\x'", "s LIKE %s", ("a\\%\\_it's\n\0\x1a\b\t\r\\'\"x",)),
    ("s = 'O''{{a.s}}'", "s = %s", ("O'it's",)),
    ("s = \"O\"\"{{a.s}}''\"", "s = %s", ("O\"it's''",)),
    ("n % 7 = {{a.n}} AND s LIKE '5%'", "n %% 7 = %s AND s LIKE '5%%'", (5,)),
    ("n %{{a.n}}", "n %%%s", (5,)),
    ("SELECT `{{a.col}}` FROM `t%`", "SELECT `na``m]e` FROM `t%`", ()),
    ("SELECT `{{a.percent}}`, {{a.n}}", "SELECT `50%%`, %s", (5,)),
    ("n -{{a.minus}} --{{a.minus}}", "n -(%s) --(%s)", (-5, -5)),
    ("n - {{a.n}} + {{a.minus}}", "n - %s + %s", (5, -5)),
    ("id IN ({{a.ids}})", "id IN (%s, %s)", (1, -2)),
    ("id IN ({{a.empty}})", "id IN (NULL)", ()),
    ("d > DATE '{{a.d}}' - INTERVAL '{{a.n}}' DAY", "d > DATE %s - INTERVAL %s DAY", ("2026-11-21", "5")),
    ("d > '{{a.d}}' - INTERVAL {{a.n}} DAY", "d > %s - INTERVAL %s DAY", ("2026-11-21", 5)),
    ("-- it's\nid = {{a.n}} # it's", "-- it's\nid = %s # it's", (5,)),
    ("1--1 = {{a.n}}", "1--1 = %s", (5,)),
    ("1 /* /* */ = {{a.n}}", "1 /* /* */ = %s", (5,)),
    ("SELECT /*+ MAX_EXECUTION_TIME(1) */ /*!40001 SQL_NO_CACHE */ {{a.n}}",
     "SELECT /*+ MAX_EXECUTION_TIME(1) */ /*!40001 SQL_NO_CACHE */ %s", (5,)),
    ("SELECT $$ {{a.n}} $$", "SELECT $$ %s $$", (5,)),
    ("VALUES ({{a.o}}, {{a.nul}})", "VALUES (%s, %s)", ('{"k":[1]}', "a\0b")),
    ("SELECT @x := {{a.n}}, @@version", "SELECT @x := %s, @@version", (5,)),
    ("substr(s FROM {{a.n}})", "substr(s FROM %s)", (5,)),
]  # fmt: skip
SQLSERVER = [
    ("id = {{a.n}} AND b = {{a.yes}}", "id = %s AND b = %s", (5, 1)),
    ("s = '{{a.s}}' OR s = N'{{a.s}}'", "s = %s OR s = %s", ("it's", "it's")),
    ("s = 'a\\\\{{a.s}}\\'", "s = %s", ("a\\it's\\",)),
    ("s = 'a\\\nb\\\r\n{{a.s}}'", "s = %s", ("abit's",)),
    ('SELECT [{{a.col}}], "{{a.quote}}" FROM [t]]x]', 'SELECT [na`m]]e], "na""me" FROM [t]]x]', ()),
    ("SELECT TOP {{a.n}} * FROM t WHERE s LIKE '5%'", "SELECT TOP %s * FROM t WHERE s LIKE '5%%'", (5,)),
    ("n -{{a.minus}} AND secret = 1", "n -(%s) AND secret = 1", (-5,)),
    ("n - {{a.minus}}", "n - (%s)", (-5,)),
    ("1 /* /* */ */ = {{a.n}} -- '", "1 /* /* */ */ = %s -- '", (5,)),
    ("id IN ({{a.ids}}) AND x = @x AND m = $5.00", "id IN (%s, %s) AND x = @x AND m = $5.00", (1, -2)),
    ("-- '\r\nid = {{a.n}} -- '\r", "-- '\r\nid = %s -- '\r", (5,)),
]
ORACLE = [
    ("id = {{a.n}} AND b = {{a.yes}}", "id = :1 AND b = :2", (5, 1)),
    ("s = '{{a.s}}' OR s = n'{{a.s}}' OR s LIKE '5%'", "s = :1 OR s = :2 OR s LIKE '5%'", ("it's", "it's")),
    ("s = q'[it's {{a.s}}]'", "s = :1", ("it's it's",)),
    ("s = Nq'!{{a.s}}''!' || q'<a>'", "s = :1 || q'<a>'", ("it's''",)),
    ("s = q'{{{a.s}}}'", "s = :1", ("it's",)),
    ("s = q'(]')' AND n = {{a.n}}", "s = q'(]')' AND n = :1", (5,)),
    (r"s = 'a\' AND n = {{a.n}}", r"s = 'a\' AND n = :1", (5,)),
    ('SELECT "{{a.col}}" FROM dual', 'SELECT "na`m]e" FROM dual', ()),
    ("d = DATE '{{a.d}}'", "d = TO_DATE(:1, 'YYYY-MM-DD')", ("2026-11-21",)),
    ("d = TIMESTAMP'{{a.d}}'", "d = TO_TIMESTAMP(:1, 'YYYY-MM-DD HH24:MI:SS.FF')", ("2026-11-21",)),
    ("d - INTERVAL '{{a.n}}' DAY > 1", "d - NUMTODSINTERVAL(:1, 'DAY') > 1", ("5",)),
    ("d - INTERVAL '{{a.n}}' MONTH", "d - NUMTOYMINTERVAL(:1, 'MONTH')", ("5",)),
    ("n -{{a.minus}}", "n -:1", (-5,)),
    ("JSON_OBJECT('k' :{{a.n}})", "JSON_OBJECT('k' : :1)", (5,)),
    ("id IN ({{a.ids}}, 7) -- '\nAND /* /* */ 1 = {{a.n}}", "id IN (:1, :2, 7) -- '\nAND /* /* */ 1 = :3", (1, -2, 5)),
    ("x := {{a.n}}; y::={{a.n}}", "x := :1; y::=:2", (5, 5)),
]
REFUSED: dict[DialectName, list[tuple[str, str]]] = {
    "mysql": [
        ("SELECT 1 # {{a.n}}", "sql_in_comment"),
        ("SELECT 1 -- {{a.n}}", "sql_in_comment"),
        ("SELECT 1 -- \r {{a.n}}", "sql_in_comment"),
        ("SELECT 1 /* {{a.n}} */", "sql_in_comment"),
        ("SELECT /*!50000 {{a.n}} */ 1", "sql_in_comment"),
        ("SELECT /*! '*/' */ {{a.n}}", "sql_comment_ambiguous"),
        ("SELECT /*M!100000 # */ {{a.n}}", "sql_comment_ambiguous"),
        ("SELECT /*!50000 /* */ {{a.n}} */", "sql_comment_ambiguous"),
        (r"SELECT '\\{{a.s}}'", "reference_after_backslash"),
        (r"SELECT '\'{{a.s}}", "sql_unclosed"),
        ("SELECT X'{{a.s}}'", "sql_in_prefixed"),
        ("SELECT `{{a.s}}", "sql_unclosed"),
        ("SELECT `{{a.far}}`", "sql_identifier_character"),
        ("SELECT `{{a.nul}}`", "sql_identifier_character"),
        ("SELECT `{{a.s}} `", "sql_identifier_character"),
        ("SELECT `{{a.long}}`", "sql_identifier_long"),
        ("SELECT `{{a.none}}`", "sql_identifier_value"),
        ("SELECT `{{a.half}}`", "sql_character"),
        ("SELECT * FROM {{a.s}}", "sql_as_name"),
        ("USE {{a.s}}", "sql_as_name"),
        ("SELECT t.{{a.s}}", "sql_in_name"),
        ("SELECT {{a.s}}'x'", "sql_in_name"),
        ('SELECT {{a.s}}"x"', "sql_in_name"),
        ("SELECT {{a.ids}}", "sql_list"),
        ('x IN ("{{a.names}}")', "sql_list_quoted"),
        ("x IN (N'{{a.names}}')", "sql_list_quoted"),
        ("x = ? AND y = {{a.n}}", "sql_own_placeholder"),
        ("x = %s AND y = {{a.n}}", "sql_own_placeholder"),
        ("x = %(name)s AND y = {{a.n}}", "sql_own_placeholder"),
        ("x = {{a.half}}", "sql_character"),
    ],
    "sqlserver": [
        ("SELECT 1 -- {{a.n}}", "sql_in_comment"),
        ("SELECT 1 --{{a.n}}", "sql_in_comment"),
        ("SELECT 1 /* /* */ {{a.n}} */", "sql_in_comment"),
        ("SELECT 1 -- x\r {{a.n}}", "sql_comment_ambiguous"),
        ("SELECT [{{a.s}}", "sql_unclosed"),
        ("SELECT [{{a.long}}]", "sql_identifier_long"),
        ("SELECT [{{a.nul}}]", "sql_identifier_character"),
        ("SELECT [t].{{a.s}}", "sql_in_name"),
        ("SELECT [t]{{a.s}}", "sql_in_name"),
        ("SELECT 1 AS {{a.s}}", "sql_as_name"),
        ("EXEC {{a.s}}", "sql_as_name"),
        ("x = ? AND y = {{a.n}}", "sql_own_placeholder"),
        ("x = %d AND y = {{a.n}}", "sql_own_placeholder"),
        ("x = {{a.nul}}", "sql_character"),
        ("x IN (N'{{a.names}}')", "sql_list_quoted"),
    ],
    "oracle": [
        ("SELECT 1 -- {{a.n}}", "sql_in_comment"),
        ("SELECT 1 -- x\r {{a.n}}", "sql_comment_ambiguous"),
        ("SELECT q'[{{a.s}}", "sql_unclosed"),
        ("SELECT q'{{a.s}}'", "sql_unclosed"),
        ("SELECT q' {{a.s}} '", "sql_unclosed"),
        ('SELECT "{{a.quote}}"', "sql_identifier_character"),
        ('SELECT "{{a.long}}"', "sql_identifier_long"),
        ("x = :1 AND y = {{a.n}}", "sql_own_placeholder"),
        ("x = :name AND y = {{a.n}}", "sql_own_placeholder"),
        ('x = :"N" AND y = {{a.n}}', "sql_own_placeholder"),
        ("d - INTERVAL '{{a.n}}' DAY TO SECOND", "sql_in_interval"),
        ("d - INTERVAL '{{a.n}}' DAY(3)", "sql_in_interval"),
        ("d - INTERVAL '{{a.n}}'", "sql_in_interval"),
        ("EXECUTE IMMEDIATE {{a.s}}", "sql_as_name"),
        ("x = {{a.nul}}", "sql_character"),
        ("SELECT {{a.ids}}", "sql_list"),
    ],
}
BOUND: dict[DialectName, list[tuple[str, str, tuple[Json, ...]]]] = {
    "mysql": [*MYSQL],
    "sqlserver": [*SQLSERVER],
    "oracle": [*ORACLE],
}


def bind(text: str, dialect: DialectName, data: dict[str, Json] | None = None) -> BoundQuery:
    return bind_sql(parse_template(text), {"a": Root(DATA if data is None else data)}, dialect)


@pytest.mark.parametrize(
    ("dialect", "text", "bound", "parameters"), [(dialect, *case) for dialect in BOUND for case in BOUND[dialect]]
)
def test_binds(dialect: DialectName, text: str, bound: str, parameters: tuple[Json, ...]) -> None:
    found = bind(text, dialect)
    assert found == BoundQuery(bound, parameters)
    assert [type(value) for value in found.parameters] == [type(value) for value in parameters]


@pytest.mark.parametrize(
    ("dialect", "text", "code"), [(dialect, *case) for dialect in REFUSED for case in REFUSED[dialect]]
)
def test_refuses(dialect: DialectName, text: str, code: str) -> None:
    with pytest.raises(ReferenceProblem) as caught:
        bind(text, dialect)
    problem = caught.value
    assert problem.code == code
    assert problem.message("ko")
    assert problem.hint("en")
    if code not in {"sql_own_placeholder", "sql_comment_ambiguous"}:
        assert problem.place.offset == text.index("{{")


@pytest.mark.parametrize(("dialect", "written"), [("mysql", "`{{a.column}}`"), ("sqlserver", "[{{a.column}}]")])
def test_the_hint_quotes_names_as_the_dialect_does(dialect: DialectName, written: str) -> None:
    with pytest.raises(ReferenceProblem) as caught:
        bind("SELECT * FROM {{a.s}}", dialect)
    assert written in caught.value.hint()


STATEMENTS: dict[DialectName, tuple[str, str]] = {
    "postgresql": (
        "SELECT {{a.v}}, '{{a.v}}', 'a{{a.v}}''z', \"c\" FROM t WHERE x IN ({{a.vs}}) AND 7 % 4 = 3",
        'SELECT $1, $2, $3, "c" FROM t WHERE x IN ($4, $5) AND 7 % 4 = 3',
    ),
    "mysql": (
        "SELECT {{a.v}}, \"{{a.v}}\", 'a{{a.v}}''z', `c` FROM t WHERE x IN ({{a.vs}}) AND 7 % 4 = 3",
        "SELECT %s, %s, %s, `c` FROM t WHERE x IN (%s, %s) AND 7 %% 4 = 3",
    ),
    "sqlserver": (
        "SELECT {{a.v}}, N'{{a.v}}', 'a{{a.v}}''z', [c] FROM t WHERE x IN ({{a.vs}}) AND 7 % 4 = 3",
        "SELECT %s, %s, %s, [c] FROM t WHERE x IN (%s, %s) AND 7 %% 4 = 3",
    ),
    "oracle": (
        "SELECT {{a.v}}, q'[{{a.v}}]', 'a{{a.v}}''z', \"c\" FROM t WHERE x IN ({{a.vs}}) AND 7 = 3",
        'SELECT :1, :2, :3, "c" FROM t WHERE x IN (:4, :5) AND 7 = 3',
    ),
}


def stays_data(dialect: DialectName, value: str) -> None:
    """The statement is the same whatever the value, which arrives as it is or is refused for its characters."""
    template, statement = STATEMENTS[dialect]
    try:
        found = bind(template, dialect, {"v": value, "vs": [value, value]})
    except ReferenceProblem as problem:
        assert problem.code == "sql_character"  # noqa: PT017 - either outcome is right
        assert "\0" in value or not value.isprintable()
        return
    assert found == BoundQuery(statement, (value, value, f"a{value}'z", value, value))


@pytest.mark.parametrize("dialect", DIALECTS)
def test_no_value_of_the_corpus_touches_the_statement(dialect: DialectName) -> None:
    values = injections(dialect)
    assert len(values) >= 80
    for value in [*values, "\ud800", "a\udfffb"]:
        stays_data(dialect, value)


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(sorted(DIALECTS)), st.text(st.sampled_from("'\"`[]\\$-/*;:?%#\n aEqN\0") | st.characters()))
def test_no_value_touches_the_statement(dialect: DialectName, value: str) -> None:
    stays_data(dialect, value)


PIECES = [
    "'",
    '"',
    "`",
    "[",
    "]",
    "\\",
    "--",
    "#",
    "/*",
    "*/",
    "/*!",
    "\n",
    "\r",
    " ",
    "q'",
    "N",
    "$$",
    "x",
    "(",
    ")",
    "IN",
]
PIECES += [",", ":", "%", "-", "7", "{{a.v}}", "{{a.v}}", "{{a.v}}"]


@settings(deadline=None, max_examples=150)
@given(st.sampled_from(sorted(DIALECTS)), st.lists(st.sampled_from(PIECES), max_size=14))
def test_any_statement_is_bound_without_the_value_or_refused(dialect: DialectName, pieces: list[str]) -> None:
    try:
        found = bind("".join(pieces), dialect, {"v": "VALUE'\"`]--"})
    except ReferenceProblem as caught:
        problem: ReferenceProblem | None = caught
    else:
        problem = None
    if problem is not None:
        assert problem.message("ko")
        assert problem.hint("en")
        return
    assert "\0" not in found.text
    for parameter in found.parameters:
        assert "VALUE'\"`]--" in str(parameter)
    rest = found.text
    for quoted in ('VALUE\'""`]--', "VALUE'\"``]--", "VALUE'\"`]]--"):
        rest = rest.replace(quoted, "")
    assert "VALUE" not in rest
