"""What it costs to put a row's values into a text with references: one row after the other, plainly and compiled."""

from __future__ import annotations

from decimal import Decimal

from benchmarks.figures import Figure, seconds
from outcode.values.json import Json
from outcode.values.references import Root, compile_template, parse_template, resolve_text

ROWS = 20_000
TEXTS = {
    "five references": "Dear {{a.name}}, order {{a.order.id}} of {{a.total}} ({{a.items[0].sku}}) is {{a.state}}.",
    "five references, two piped": (
        "Dear {{a.name | trim}}, order {{a.order.id}} of {{a.total}} ({{a.items[0].sku}}) is {{a.state | upper}}."
    ),
}


def measure() -> list[Figure]:
    """Microseconds a row for each text, resolved plainly and compiled once for all rows."""
    scopes = [
        {
            "a": Root(
                {
                    "name": f"김하늘 {number}",
                    "order": {"id": 10_000_000_000 + number},
                    "total": Decimal(number) / 100,
                    "items": [{"sku": f"A-{number % 97}"}],
                    "state": "paid",
                },
                label="task a",
            )
        }
        for number in range(ROWS)
    ]
    figures: list[Figure] = []
    for name, text in TEXTS.items():
        template = parse_template(text)
        compiled = compile_template(template)
        if [compiled(scope) for scope in scopes[:100]] != [resolve_text(template, scope) for scope in scopes[:100]]:
            raise SystemExit("references: compiled templates give something else")
        conditions: dict[str, Json] = {"text": name, "rows": ROWS, "statistic": "median of 7"}
        plain = seconds(lambda template=template: [resolve_text(template, scope) for scope in scopes])  # type: ignore[misc]
        quick = seconds(lambda compiled=compiled: [compiled(scope) for scope in scopes])  # type: ignore[misc]
        figures += [
            Figure("plain", plain / ROWS * 1e6, "µs/row", conditions),
            Figure("compiled", quick / ROWS * 1e6, "µs/row", conditions),
        ]
    return figures
