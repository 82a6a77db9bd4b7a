"""MySQL's parameters and text output, without a server."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymysql.constants import FIELD_TYPE, FLAG

from outcode.transport.sql.mysql.parameters import Prepared, Value, prepare
from outcode.transport.sql.mysql.values import Column
from outcode.values.problems import InputProblem
from outcode.values.references import BoundQuery, Root, bind_sql, parse_template

texts = st.text(st.characters(codec="utf-8"))


def sent(prepared: Prepared) -> str:
    return prepared.rendered(repr).text


def values(prepared: Prepared) -> list[Any]:
    return [part.value for _, part in prepared.parts if isinstance(part, Value)]


HIDDEN = "SELECT '%s :a', \"%(a)s\", `%s`, x -- %s :a\n# :a\n/* %s :a */ FROM t WHERE y := 1 AND "


@pytest.mark.parametrize(
    ("statement", "parameters", "rendered"),
    [
        (HIDDEN + "z = %s", ["v"], HIDDEN + "z =  'v' "),
        (HIDDEN + "z = :a OR %(a)s", {"a": 1, "unused": 2}, HIDDEN + "z =  1  OR  1 "),
        ("SELECT 7 %% %s, '50%%', DATE_FORMAT(d, '%Y')", [4], "SELECT 7 %  4 , '50%', DATE_FORMAT(d, '%Y')"),
        ("SELECT '50%%' /*! + 1 */", None, "SELECT '50%%' /*! + 1 */"),
        ("SELECT x%s", ["27"], "SELECT x '27' "),
        ("SELECT %s, %s, %s, %s", [None, True, Decimal("1.10"), {"a": [1]}], None),
    ],
)
def test_parameters_of_the_field(statement: str, parameters: Any, rendered: str | None) -> None:
    prepared = prepare(BoundQuery(statement), parameters)
    if rendered is None:
        assert values(prepared) == [None, True, Decimal("1.10"), '{"a":[1]}']
    else:
        assert sent(prepared) == rendered


def test_named_parameters_go_with_references() -> None:
    template = parse_template("SELECT {{a.x}}, '50%', :b % 3, '{{a.x}}%' -- 1%\n")
    query = bind_sql(template, {"a": Root({"x": "%s"})}, "mysql")
    assert sent(prepare(query, {"b": ":b"})) == "SELECT  '%s' , '50%',  ':b'  % 3,  '%s%'  -- 1%\n"
    assert sent(prepare(query, None)).startswith("SELECT  '%s' , '50%', :b % 3,")


@given(st.lists(texts, min_size=1, max_size=4))
def test_what_is_bound_is_what_is_sent(items: list[str]) -> None:
    names = ", ".join(f"{{{{a.v{number}}}}}" for number in range(len(items)))
    root = Root({f"v{number}": item for number, item in enumerate(items)})
    prepared = prepare(bind_sql(parse_template(f"SELECT '%', {names}"), {"a": root}, "mysql"), None)
    assert values(prepared) == items
    assert prepared.parts[0] == (0, "SELECT '%', ")


@given(st.lists(st.sampled_from(["é ", ":a", "%(long_name)s", "\n", "x ", "%%", "'%s'"]), min_size=1))
def test_a_place_in_what_is_sent_leads_back_to_what_was_written(pieces: list[str]) -> None:
    written = "SELECT " + " ".join(pieces) + " !"
    rendered = prepare(BoundQuery(written), {"a": 1, "long_name": 2}).rendered(str)
    for match in re.finditer("[x!é]", rendered.text):
        assert written[rendered.origin(match.start())] == match[0]


@pytest.mark.parametrize(
    ("statement", "bound", "parameters", "code"),
    [
        (" -- nothing\n/* at all */ ;", (), None, "sql_empty"),
        ("SELECT %s", ("1",), [1], "sql_parameters_mixed"),
        ("SELECT :nmae", (), {"name": 1}, "sql_parameter_missing"),
        ("SELECT %(nmae)s", (), {"name": 1}, "sql_parameter_missing"),
        ("SELECT 1", (), "x", "sql_parameters_kind"),
        ("SELECT %s, '%s'", (), [1, 2], "sql_parameter_count"),
        ("SELECT %s, %s", (), [1], "sql_parameter_count"),
        ("SELECT %s", (), ["\ud800"], "sql_value_not_text"),
        ("SELECT 1 /*!99999 ' */ , %s /*' */", (), [1], "sql_comment_ambiguous"),
    ],
)
def test_parameters_that_cannot_be_meant(statement: str, bound: tuple[str, ...], parameters: object, code: str) -> None:
    with pytest.raises(InputProblem) as caught:
        prepare(BoundQuery(statement, bound), parameters)
    assert caught.value.code == code
    for language in ("en", "ko"):
        assert "{" not in caught.value.message(language)
        assert caught.value.hint(language)


@pytest.mark.parametrize(
    ("statement", "word", "plain", "reads"),
    [
        ("-- all\n/* really */ (select 1)", "SELECT", True, True),
        ("insert into t values (1)", "INSERT", True, False),
        ("CALL p()", "CALL", False, False),
        ("/*!50000 SET ROLE x */", "/*!", False, False),
        ("/*M! SELECT 1 */", "/*!", False, False),
        ("BEGIN NOT ATOMIC SELECT 1; END", "BEGIN", False, False),
        ("@x", "@", False, False),
    ],
)
def test_what_a_statement_can_leave_behind(statement: str, word: str, plain: bool, reads: bool) -> None:
    prepared = prepare(BoundQuery(statement), None)
    assert (prepared.word, prepared.plain, prepared.reads) == (word, plain, reads)


def column(code: int, *, flags: int = 0, charset: int = 63, length: int = 0) -> Column:
    return Column("c", code, flags, charset, length)


@pytest.mark.parametrize(
    ("described", "content", "value", "name"),
    [
        (column(FIELD_TYPE.JSON), b'{"a": [1.10, 12345678901234567890]}', None, "json"),
        (column(FIELD_TYPE.JSON), b'"\\ud800"', '"\\ud800"', "json"),
        (column(FIELD_TYPE.LONGLONG, flags=FLAG.UNSIGNED), b"18446744073709551615", 2**64 - 1, "bigint unsigned"),
        (column(FIELD_TYPE.BIT, length=1), b"\x00", False, "bit"),
        (column(FIELD_TYPE.BIT, length=12), b"\x01\x02", 258, "bit"),
        (column(FIELD_TYPE.DOUBLE), b"1e300", Decimal("1e300"), "double"),
        (column(FIELD_TYPE.STRING, flags=FLAG.ENUM, charset=45), b"ok", "ok", "enum"),
        (column(FIELD_TYPE.DATETIME), b"2026-00-00 00:00:00", "2026-00-00T00:00:00", "datetime"),
        (column(242), b"\x00\x01", "AAE=", "vector"),
        (column(FIELD_TYPE.BLOB, charset=45), b"\xff", "�", "text"),
    ],
)
def test_values_by_type(described: Column, content: bytes, value: Any, name: str) -> None:
    expected = {"a": [Decimal("1.10"), 12345678901234567890]} if value is None else value
    assert (described.decoder(content), described.type_name) == (expected, name)
