"""How fast rows pass the door between bytes and values, which every request, result and journal entry goes through."""

from __future__ import annotations

from decimal import Decimal

from benchmarks.figures import Figure, seconds
from outcode.values import json

ROWS = 20_000


def measure() -> list[Figure]:
    """Write and read an array of rows such as a shop's orders, exact numbers and Korean text included."""
    rows: list[json.Json] = [
        {
            "order_id": 10_000_000_000_000_000_000 + number,
            "email": f"customer{number}@example.com",
            "name": "김하늘",
            "total": Decimal(number) / 100,
            "paid": number % 3 == 0,
            "coupon": None,
            "items": [{"sku": f"A-{number % 97}", "quantity": number % 5 + 1}],
        }
        for number in range(ROWS)
    ]
    written = json.dump_bytes(rows)
    if json.loads(written) != rows:
        raise SystemExit("json_round_trip: the rows did not come back as they went in")
    conditions: dict[str, json.Json] = {"rows": ROWS, "bytes": len(written), "statistic": "median of 7"}
    return [
        Figure("write", ROWS / seconds(lambda: json.dump_bytes(rows)), "rows/s", conditions),
        Figure("read", ROWS / seconds(lambda: json.loads(written)), "rows/s", conditions),
    ]
