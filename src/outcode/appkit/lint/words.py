"""Texts for people: there in both languages, really translated, and short where the form has no room."""

from __future__ import annotations

import re
from collections.abc import Iterator

from outcode.appkit.base import Words

MAX_HELP = 70
_HANGUL = re.compile(r"[가-힣]")
_TERM_WORDS = 5
_ENDS_BADLY = (".", ",", ":", ";", "!", "。", "：")


def words_findings(place: str, part: str, words: Words, *, translated: bool = False) -> Iterator[str]:
    """Of any text. ``translated``: sentences, which are never the same in both languages, as ``URL`` may be."""
    for language, text in words:
        if not text.strip():
            yield f"{place}: {part} is empty in {language}"
        elif text != text.strip():
            yield f"{place}: {part} has spaces around it in {language}"
    if not words.en.strip() or not words.ko.strip():
        return
    if words.en == words.ko:
        if translated or len(words.en.split()) > _TERM_WORDS:
            yield f"{place}: {part} is the same text in both languages"
    elif not _HANGUL.search(words.ko):
        yield f"{place}: {part} has no Korean in ko"
    if _HANGUL.search(words.en):
        yield f"{place}: {part} has Korean in en"


def label_findings(place: str, label: Words, *, part: str = "label") -> Iterator[str]:
    """Of a name on a form: no sentence, no question."""
    yield from words_findings(place, part, label)
    for language, text in label:
        if text.rstrip().endswith(("?", "?")):
            yield f"{place}: {part} ends in a question mark in {language}"
        elif text.rstrip().endswith(_ENDS_BADLY):
            yield f"{place}: {part} ends in punctuation in {language}"


def help_findings(place: str, words: Words, *, longest: int | None = MAX_HELP) -> Iterator[str]:
    """Of the line under a field; None: it may be long."""
    yield from words_findings(place, "help", words, translated=True)
    for language, text in words:
        if longest is not None and len(text) > longest:
            yield f"{place}: help is longer than {longest} characters in {language}"
