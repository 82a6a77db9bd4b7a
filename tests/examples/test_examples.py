"""The flows in ``examples/``, each run for real."""

from __future__ import annotations

import asyncio
import csv
import re
import urllib.request
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from outcode.cli.example import FLOWS
from outcode.flows.yaml import read_flow, write_flow
from outcode.values import json
from tests.support.postgresql import TcpPostgresql, load, tcp_postgresql
from tests.support.serving import Serving, serving
from tests.support.shell import ROOT, in_process

EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"))
CHINOOK = ROOT.parent / "shared" / "data" / "chinook" / "Chinook_PostgreSql.sql"
ORDERS = "CREATE TABLE orders (order_id text PRIMARY KEY, customer text NOT NULL, total numeric NOT NULL)"
CUSTOMERS = ["김하나", "이두리", "Roy_Kim", "박세찬", "Anna_Lee", "최다섯", "정여섯", "Jon_Park", "한여덟", "오아홉"]
ALLOW = {"OUTCODE_EGRESS_ALLOW": "127.0.0.1"}
AMOUNTS = ["39800", "12500", "199000", "8900.5", "45000", "27300", "61000", "5400", "98700", "33300"]


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OUTCODE_EGRESS_ALLOW", "127.0.0.1")
        with serving("--example") as running:
            yield running


@pytest.fixture(scope="module")
def receiver(server: Serving) -> str:
    found = re.search(r"curl (http://127\.0\.0\.1:\d+)/orders", server.said)
    assert found is not None, server.said
    return found[1]


@pytest.fixture(scope="module")
def postgresql() -> Iterator[TcpPostgresql]:
    with tcp_postgresql() as running:
        yield running


def connect(server: Serving, postgresql: TcpPostgresql, name: str, database: str) -> None:
    said = in_process(
        *["connections", "add", "postgresql", "--name", name, "--fields", "-", "--data-dir", server.folder],
        stdin=json.dump_bytes(postgresql.fields(database)),
        variables=ALLOW,
    )
    assert said.code == 0, said


def test_flows_of_the_example_are_known_by_their_names() -> None:
    assert {read_flow((ROOT / "examples" / file).read_bytes()).document.name: file for file in FLOWS.values()} == FLOWS


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 4


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: str(file.stem))
def test_every_example_is_checked_and_survives_writing(file: Path) -> None:
    said = in_process("check", file)
    assert said.code == 0, said
    document = read_flow(file.read_bytes()).document
    written = write_flow(document)
    assert read_flow(written.encode()).document == document
    assert write_flow(read_flow(written.encode()).document) == written


def test_an_order_posted_twice_is_one_row(server: Serving, postgresql: TcpPostgresql) -> None:
    load(postgresql, "shop", ORDERS)
    connect(server, postgresql, "Shop database", "shop")
    imported = in_process("import", "examples/webhook-to-postgresql.yaml", "--data-dir", server.folder)
    assert imported.code == 0, imported

    def post(order: object) -> object:
        data = json.dump_bytes(order)
        headers = {"X-OUTCODE-API-KEY": server.key, "Content-Type": "application/json"}
        request = urllib.request.Request(f"{server.base}/hooks/outcode/orders", data=data, headers=headers)
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.loads(answer.read())

    order = {
        "order_id": "A-'1",
        "customer": "김하나",
        "items": [{"quantity": 2, "price": 19900}, {"quantity": 1, "price": 5}],
    }
    assert post(order) == {"order": "A-'1", "total": 39805, "changed": False}
    order["customer"] = "이두리"
    assert post(order) == {"order": "A-'1", "total": 39805, "changed": True}
    rows = asyncio.run(postgresql.fetch("shop", "SELECT * FROM orders"))
    assert rows == [("A-'1", "이두리", Decimal(39805))]


def test_every_row_of_a_spreadsheet_is_posted(server: Serving, receiver: str) -> None:
    body = json.dumps({"receiver_url": f"{receiver}/orders"})
    said = in_process(
        "run", "examples/orders-to-http.yaml", "--input", body, "--server", server.base, "--key", server.key
    )
    assert said.code == 0, said
    assert len(json.loads(said.out)) == 10
    with urllib.request.urlopen(f"{receiver}/orders") as answer:
        taken = json.loads(answer.read())
    assert taken["count"] == 10
    arrived = sorted(taken["newest"], key=lambda order: str(order["orderId"]))
    assert [order["orderId"] for order in arrived] == [f"A-{number}" for number in range(1001, 1011)]
    assert [order["customer"] for order in arrived] == [name.replace("_", " ") for name in CUSTOMERS]
    assert [str(order["amount"]) for order in arrived] == AMOUNTS
    assert [order["row"] for order in arrived] == list(range(1, 11))


def test_orders_are_summarised_by_day(server: Serving) -> None:
    remote = ["--server", server.base, "--key", server.key]
    said = in_process("run", "examples/orders-by-day.yaml", "--input", '{"smallest": 30000}', *remote)
    assert said.code == 0, said
    found = {row["ordered_at"]: (row["orders"], row["total"], row["average"]) for row in json.loads(said.out)}
    assert found == {
        "2026-11-02": (1, 39800, 39800),
        "2026-11-03": (1, 199000, 199000),
        "2026-11-05": (1, 45000, 45000),
        "2026-11-06": (1, 61000, 61000),
        "2026-11-08": (1, 98700, 98700),
        "2026-11-09": (1, 33300, 33300),
    }


def test_all_pages_become_one_file(server: Serving, receiver: str, tmp_path: Path) -> None:
    body = json.dumps({"products_url": f"{receiver}/products"})
    remote = ["--server", server.base, "--key", server.key]
    said = in_process("run", "examples/pages-to-csv.yaml", "--input", body, "--save-files", tmp_path, *remote)
    assert said.code == 0, said
    content = (tmp_path / "products.csv").read_text("utf-8-sig")
    rows = list(csv.DictReader(content.splitlines()))
    expected = [{"id": str(n), "name": f"Product {n}", "price": str(1000 + 250 * n)} for n in range(1, 58)]
    assert rows == expected


TRACKS = """\
outcode: 1
kind: dataflow
name: Tracks by genre
tasks:
  a:
    app: postgresql
    action: query
    name: All tracks
    connection: Chinook
    inputs:
      query: >-
        SELECT track_id, genre_id, milliseconds, unit_price FROM track ORDER BY track_id
      max_rows: 5000
      read_only: true
  b:
    app: javascript
    action: function_execution
    name: Sum per genre
    inputs:
      code: |
        const sums = new Map();
        for (const track of input.tracks) {
          const sum = sums.get(track.genre_id) ?? {genre_id: track.genre_id, tracks: 0, milliseconds: 0};
          sum.tracks += 1;
          sum.milliseconds += track.milliseconds;
          sums.set(track.genre_id, sum);
        }
        return [...sums.values()].sort((one, other) => one.genre_id - other.genre_id);
      input: {tracks: "{{a[*]}}"}
  c:
    app: postgresql
    action: query
    name: What SQL says of the genre
    connection: Chinook
    inputs:
      query: >-
        SELECT genre.name, count(*) AS tracks, sum(milliseconds) AS milliseconds, {{b.tracks}}::bigint AS told_tracks,
        {{b.milliseconds}}::bigint AS told_milliseconds
        FROM track JOIN genre USING (genre_id) WHERE genre_id = {{b.genre_id}} GROUP BY genre.name
  d:
    app: javascript
    action: function_execution
    name: One list
    inputs:
      code: |
        return {tracks: input.tracks.length, genres: input.genres.map((rows) => rows[0])};
      input: {tracks: "{{a[*]}}", genres: "{{c[*]}}"}
"""


@pytest.mark.skipif(not CHINOOK.is_file(), reason="needs the Chinook sample database beside the checkout")
def test_every_track_of_a_real_database_passes_through(
    server: Serving, postgresql: TcpPostgresql, tmp_path: Path
) -> None:
    script = re.sub(r"^(DROP DATABASE|CREATE DATABASE|\\c ).*$", "", CHINOOK.read_text("utf-8"), flags=re.MULTILINE)
    load(postgresql, "chinook", script)
    connect(server, postgresql, "Chinook", "chinook")
    flow = tmp_path / "tracks.yaml"
    flow.write_text(TRACKS)
    said = in_process("run", flow, "--data-dir", server.folder, variables=ALLOW)
    assert said.code == 0, said
    result = json.loads(said.out)
    assert result["tracks"] == 3503
    assert len(result["genres"]) == 25
    assert sum(genre["tracks"] for genre in result["genres"]) == 3503
    assert all(genre["told_tracks"] == genre["tracks"] for genre in result["genres"])
    assert all(genre["told_milliseconds"] == genre["milliseconds"] for genre in result["genres"])
    assert {"Rock", "Sci Fi & Fantasy"} < {genre["name"] for genre in result["genres"]}
