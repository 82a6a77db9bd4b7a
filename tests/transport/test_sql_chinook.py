"""The Chinook sample database in MariaDB: a script of 2 MB with every kind of quote, and a join to check by."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from outcode.transport.sql import MysqlTransport, QueryOptions
from outcode.values.references import Root, bind_sql, parse_template
from tests.support.mariadb import Mariadb
from tests.support.shell import ROOT

pytestmark = pytest.mark.mariadb
CHINOOK = ROOT.parent / "shared" / "data" / "chinook" / "Chinook_MySql.sql"
GENRES = """
SELECT g.Name AS genre, COUNT(*) AS sold, SUM(l.UnitPrice * l.Quantity) AS revenue, MAX(i.InvoiceDate) AS last
FROM InvoiceLine l JOIN Track t USING (TrackId) JOIN Genre g USING (GenreId) JOIN Invoice i USING (InvoiceId)
WHERE i.BillingCountry = '{{a.country}}' AND g.Name IN ({{a.genres}})
GROUP BY g.Name ORDER BY revenue DESC
"""


@pytest.mark.skipif(not CHINOOK.is_file(), reason="needs the Chinook sample database beside the checkout")
async def test_an_answer_is_the_one_that_the_server_gives(mysql: MysqlTransport, mariadb: Mariadb) -> None:
    session = mariadb.connect()
    with session, session.cursor() as cursor:
        for statement in re.split(r";\s*\n", CHINOOK.read_text("utf-8")):
            if re.sub(r"/\*.*?\*/", "", statement, flags=re.DOTALL).strip():
                cursor.execute(statement)
        cursor.execute(GENRES.replace("{{a.country}}", "USA").replace("{{a.genres}}", "'Rock', 'Latin'"))
        expected = cursor.fetchall()
    data = Root({"country": "USA", "genres": ["Rock", "Latin"]})
    query = bind_sql(parse_template(GENRES), {"a": data}, "mysql")
    answer = await mysql.perform(query, QueryOptions(read_only=True), mariadb.connection(database="Chinook"))
    assert [(row["genre"], row["sold"], row["revenue"]) for row in answer.value] == [
        ("Rock", 157, Decimal("155.43")),
        ("Latin", 91, Decimal("90.09")),
    ]
    assert [tuple(row.values()) for row in answer.value] == [(*row[:3], row[3].isoformat()) for row in expected]
