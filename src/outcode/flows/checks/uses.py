"""Every reference of a document, each template read once."""

from __future__ import annotations

from dataclasses import dataclass

from outcode.flows.dataflow import Dataflow
from outcode.flows.findings import Finding
from outcode.flows.positions import Path
from outcode.values.problems import ReferenceProblem
from outcode.values.references import Reference, Template, parse_template
from outcode.values.tagged import templates


@dataclass(frozen=True, slots=True)
class Text:
    """One text that holds references; ``field`` is the key of the field in which it stands, ``whole`` whether it is all
    that stands there (not one text inside a list or object).
    """

    path: Path
    field: str
    whole: bool
    template: Template


@dataclass(frozen=True, slots=True)
class Uses:
    """All texts with references, by the letter of the task that has them, and those that could not be read."""

    by_task: dict[str, list[Text]]
    unreadable: list[Finding]

    @classmethod
    def of(cls, document: Dataflow) -> Uses:
        """The references of all tasks of a document."""
        by_task: dict[str, list[Text]] = {letter: [] for letter in document.tasks}
        unreadable: list[Finding] = []
        for letter, task in document.tasks.items():
            for key, tagged in task.inputs.items():
                for inner, template in templates(tagged, f"inputs.{key}"):
                    path: Path = ("tasks", letter, inner)
                    try:
                        read = parse_template(template.text)
                    except ReferenceProblem as problem:
                        unreadable.append(Finding(problem, path))
                    else:
                        by_task[letter].append(Text(path, key, template is tagged, read))
        return cls(by_task, unreadable)

    def references(self, letter: str) -> list[tuple[Text, Reference]]:
        """Every reference of a task with the text in which it stands."""
        return [(text, reference) for text in self.by_task[letter] for reference in text.template.references]
