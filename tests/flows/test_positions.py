"""From a place inside a text to the line and column of the file."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from outcode.flows.yaml_reader import read_yaml
from outcode.flows.yaml_writer import write_yaml

FILE = """\
plain: say {{here}} now
single: 'say {{here}}'
double: "say {{here}}"
escaped: "say \\"{{here}}\\""
block: |
  one

    two {{here}}
folded: >
  one
  {{here}}
list:
  - x
  - key: "{{here}}"
"""


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("plain", (1, 12)),
        ("single", (2, 14)),
        ("double", (3, 14)),
        ("escaped", (4, 10)),
        ("block", (8, 9)),
        ("folded", (9, 9)),
        ("list[1].key", (14, 11)),
    ],
)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_offsets(path: str, place: tuple[int, int], line_end: str) -> None:
    value, positions = read_yaml(FILE.replace("\n", line_end).encode())
    text = value["list"][1]["key"] if path.startswith("list") else value[path]
    assert positions.find(path, offset=text.index("{{here}}")) == place


def test_keys_values_and_what_is_missing() -> None:
    _, positions = read_yaml(b"tasks:\n  a:\n    app: api\n    after: [b, c]\n")
    assert positions.find("tasks.a.app") == (3, 10)
    assert positions.find("tasks.a.app", at_key=True) == (3, 5)
    assert positions.find("tasks.a.after[1]") == (4, 16)
    assert positions.find("tasks.a.inputs.url") == (2, 3)
    assert positions.find("name") == (1, 1)
    assert positions.find("") == (1, 1)


@settings(deadline=None)
@given(some.text(alphabet='ab \n\t"\\가😀', max_size=40), some.integers(min_value=0))
def test_whatever_is_written_an_offset_leads_to_its_character_or_to_the_start(text: str, offset: int) -> None:
    file = write_yaml({"a": {"b": text + "!"}})
    value, positions = read_yaml(file.encode())
    offset %= len(text) + 1
    line, column = positions.find("a.b", offset=offset)
    start = positions.find("a.b")
    found = (file.split("\n")[line - 1] + "\n")[column - 1]
    assert (line, column) == start or found == value["a"]["b"][offset]
