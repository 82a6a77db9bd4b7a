"""What the command line says is there in every language."""

from __future__ import annotations

from string import Formatter

import pytest

from outcode.cli.words import WORDS
from outcode.engine.state import RunState, TaskState
from outcode.values.catalogue import LANGUAGES


@pytest.mark.parametrize("key", WORDS)
def test_every_sentence_has_every_language_with_the_same_placeholders(key: str) -> None:
    assert set(WORDS[key]) == set(LANGUAGES)
    placeholders = [{name for _, name, _, _ in Formatter().parse(text) if name} for text in WORDS[key].values()]
    assert placeholders[0] == placeholders[1]


@pytest.mark.parametrize("state", [*RunState, *TaskState])
def test_every_state_has_a_word(state: str) -> None:
    assert f"state.{state}" in WORDS
