"""libyaml's complaints as our own: its phrases are exact, but only for those who know how a YAML scanner works."""

from __future__ import annotations

import re

from outcode.flows.positions import Positions

_PHRASES = (
    ("found a tab character", "yaml_tab", False),
    ("mapping values are not allowed", "yaml_colon", False),
    ("did not find expected ',' or", "yaml_bracket_open", True),
    ("while parsing a flow", "yaml_bracket_open", True),
    ("found unexpected end of stream", "yaml_quote_open", True),
    ("found unexpected document indicator", "yaml_quote_open", True),
    ("while parsing a quoted scalar", "yaml_escape", False),
    ("found unknown escape character", "yaml_escape", False),
    ("could not find expected ':'", "yaml_colon_missing", True),
    ("did not find expected key", "yaml_indentation", False),
    ("did not find expected '-' indicator", "yaml_indentation", False),
    ("block sequence entries are not allowed", "yaml_indentation", False),
    ("mapping keys are not allowed", "yaml_indentation", False),
)
"""A phrase of libyaml, our code, and whether the place to show is where the broken part began."""

_BARE_REFERENCE = re.compile(r"(?:^|[:\-,]\s+|\[\s*)(\{\{)")


def explain(said: str, here: int, began: int, positions: Positions) -> tuple[str, int]:
    """The code for what libyaml said, and the index of the character to show.

    ``here`` is where it gave up, ``began`` where the part that it was reading starts.
    """
    for index in (here, began):
        start, text = positions.line_of(index)
        if bare := _BARE_REFERENCE.search(text):
            return "yaml_reference_unquoted", start + bare.start(1)
    start, text = positions.line_of(here)
    following = text[here - start : here - start + 1]
    if "cannot start any token" in said and following:
        return ("yaml_tab" if following == "\t" else "yaml_character"), here
    for phrase, code, show_begin in _PHRASES:
        if phrase in said:
            return code, began if show_begin else here
    return "yaml_syntax", here
