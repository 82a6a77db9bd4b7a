"""Names of columns, each once."""

from __future__ import annotations

from collections.abc import Iterable


def unique_names(labels: Iterable[str], *, reserved: Iterable[str] = ()) -> list[str]:
    """The labels in order, a repeated one with the next free ``_2``, ``_3`` …

    >>> unique_names(["a", "a", "a_2", "a"])
    ['a', 'a_3', 'a_2', 'a_4']
    """
    wanted = list(labels)
    taken = set(reserved)
    original = set(wanted)
    numbers: dict[str, int] = {}
    names = []
    for label in wanted:
        name = label
        while name in taken or (name != label and name in original):
            number = numbers.get(label, 1) + 1
            numbers[label] = number
            name = f"{label}_{number}"
        taken.add(name)
        names.append(name)
    return names
