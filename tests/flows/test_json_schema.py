"""The schema accepts what is valid, refuses what is not, and says what editors show.

The few words of JSON Schema that it uses are carried out here, so that no library is needed for them.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest

from outcode.apps.registry import all_apps
from outcode.flows.json_schema import flow_schema
from outcode.flows.plain import plain
from outcode.flows.yaml import read_flow
from outcode.flows.yaml_reader import read_yaml
from outcode.values.json import Json, dumps, loads

SCHEMA = flow_schema(all_apps())
TYPES: dict[str, Any] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, Decimal),
    "null": type(None),
}
ANNOTATIONS = {"title", "description", "default", "$schema", "$defs"}


def is_type(value: Json, name: str) -> bool:
    return isinstance(value, TYPES[name]) and (name == "boolean" or not isinstance(value, bool))


def accepts(schema: Any, value: Json) -> bool:
    if isinstance(schema, bool):
        return schema
    if "$ref" in schema:
        schema = SCHEMA["$defs"][schema["$ref"].removeprefix("#/$defs/")]
    return all(holds(word, schema, value) for word in schema if word not in ANNOTATIONS | {"then"})


def holds(word: str, schema: dict[str, Any], value: Json) -> bool:
    said: Any = schema[word]
    entries = value if isinstance(value, dict) else {}
    items = value if isinstance(value, list) else []
    is_text, is_number = isinstance(value, str), is_type(value, "number")
    match word:
        case "type":
            return any(is_type(value, name) for name in ([said] if isinstance(said, str) else said))
        case "const" | "enum":
            return value in (list(said) if word == "enum" else [said])
        case "properties":
            return all(accepts(inner, entries[key]) for key, inner in said.items() if key in entries)
        case "patternProperties":
            return all(
                accepts(inner, entries[k]) for each, inner in said.items() for k in entries if re.search(each, k)
            )
        case "additionalProperties":
            patterns = schema.get("patternProperties", {})
            known = {k for k in entries if k in schema.get("properties", {}) or any(re.search(p, k) for p in patterns)}
            return all(accepts(said, entries[key]) for key in entries.keys() - known)
        case "required":
            return not isinstance(value, dict) or all(key in entries for key in said)
        case "items":
            return all(accepts(said, item) for item in items)
        case "allOf":
            return all(accepts(each, value) for each in said)
        case "anyOf":
            return any(accepts(each, value) for each in said)
        case "oneOf":
            return sum(accepts(each, value) for each in said) == 1
        case "if":
            return not accepts(said, value) or accepts(schema["then"], value)
        case "pattern":
            return not is_text or re.search(said, value) is not None
        case "minLength" | "maxLength":
            return not is_text or bool(len(value) >= said if word == "minLength" else len(value) <= said)
        case "minimum" | "maximum":
            return not is_number or bool(value >= said if word == "minimum" else value <= said)
        case "maxItems" | "maxProperties":
            return bool(len(items if word == "maxItems" else entries) <= said)
        case _:
            raise AssertionError(f"the schema uses {word!r}, which this test does not know")


GOOD = """\
outcode: 1
kind: dataflow
name: Orders
inputs: {city: {type: text, required: true, sample: Seoul}}
trigger: {kind: webhook, name: orders, reply: last_task}
tasks:
  a:
    app: table
    action: write_csv
    inputs: {rows: [{x: 1}, "{{b}}"], file_name: "orders-{{run.id}}.csv"}
    after: [b]
    at_once: 10
  b:
    app: table
    action: write_csv
    name: Again
    inputs: {rows: "{{trigger.body.rows}}", file_name: x.csv}
"""


def test_a_good_file_is_accepted_as_written_and_as_exported() -> None:
    assert accepts(SCHEMA, read_yaml(GOOD.encode())[0])
    assert accepts(SCHEMA, plain(read_flow(GOOD.encode()).document))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("name: Orders\n", ""),
        ("outcode: 1", "outcode: 2"),
        ("kind: dataflow", "kind: automation"),
        ("kind: webhook", "kind: hook"),
        ("kind: webhook, ", ""),
        ("reply: last_task", "reply: later"),
        ("reply: last_task", "replay: last_task"),
        ("type: text", "type: string"),
        ("  a:\n", "  A:\n"),
        ("    app: table\n    action: write_csv\n    name", "    app: tabel\n    action: write_csv\n    name"),
        ("action: write_csv\n    name", "action: write\n    name"),
        ("action: write_csv\n    name", "connection: x\n    action: write_csv\n    name"),
        ("    after: [b]", "    afterwards: [b]"),
        ("at_once: 10", "at_once: 51"),
        ("file_name: x.csv", "filename: x.csv"),
        (", file_name: x.csv", ""),
        ('rows: "{{trigger.body.rows}}"', 'rows: "trigger.body.rows"'),
        ("rows: [{x: 1}", "rows: [1"),
    ],
)
def test_a_bad_file_is_refused(old: str, new: str) -> None:
    assert GOOD.count(old) == 1
    assert not accepts(SCHEMA, read_yaml(GOOD.replace(old, new).encode())[0])


@pytest.mark.parametrize(
    ("trigger", "good"),
    [
        ("every: {minutes: 15}", True),
        ('daily: "09:00", timezone: Asia/Seoul', True),
        ("weekly: {days: [monday, friday], at: 09:00}, overlap: queue", True),
        ("monthly: {day: last, at: 23:59}, missed: skip", True),
        ("monthly: {day: 31, at: 23:59}", True),
        ("cron: 0 9 * * 1-5", True),
        ("timezone: Asia/Seoul", False),
        ("every: {minutes: 15}, cron: 0 9 * * *", False),
        ("every: {minutes: 0}", False),
        ('daily: "9:00"', False),
        ("weekly: {days: [mon], at: 09:00}", False),
        ("weekly: {at: 09:00}", False),
        ("monthly: {day: 32, at: 09:00}", False),
        ("monthly: {day: first, at: 09:00}", False),
        ("cron: 0 9 * * *, overlap: maybe", False),
    ],
)
def test_schedules(trigger: str, good: bool) -> None:
    text = GOOD.replace("kind: webhook, name: orders, reply: last_task", f"kind: schedule, {trigger}")
    data = read_yaml(text.encode())[0]
    assert accepts(SCHEMA, data) is good
    if good:
        assert accepts(SCHEMA, plain(read_flow(text.encode()).document))


def test_editors_are_told_names_and_help() -> None:
    rules = SCHEMA["$defs"]["task"]["allOf"]
    actions = next(rule for rule in rules if rule["if"]["properties"] == {"app": {"const": "table"}})
    (entry,) = (each for each in actions["then"]["properties"]["action"]["oneOf"] if each["const"] == "write_csv")
    assert entry["title"] == "Write .csv file"
    assert entry["description"].startswith("Writes rows to a .csv file")
    inputs = next(rule for rule in rules if rule["if"]["properties"].get("action") == {"const": "write_csv"})
    field = inputs["then"]["properties"]["inputs"]["properties"]["file_name"]
    assert field["title"] == "File name"
    assert "description" in field


def test_the_schema_is_json_and_every_app_is_in_it() -> None:
    assert loads(dumps(SCHEMA)) == SCHEMA
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert SCHEMA["$defs"]["task"]["properties"]["app"]["enum"] == list(all_apps())
    accepts(SCHEMA, plain(read_flow(GOOD.encode()).document))
