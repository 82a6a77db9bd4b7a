"""Renaming what a flow declares, everywhere it is referred to; by the grammar, never by searching text."""

from __future__ import annotations

from outcode.flows.dataflow import Dataflow
from outcode.values.problems import InputProblem, ReferenceProblem
from outcode.values.references import rename_trigger_key
from outcode.values.references.suggestions import shortened
from outcode.values.tagged import List, Literal, Object, Tagged, Template


def rename_input(document: Dataflow, old: str, new: str) -> Dataflow:
    """The document with the declared input ``old`` named ``new``, in its place, and all references to it.

    Texts that cannot be read as templates stay as they are; saving the flow says what is wrong with them.
    Raises InputProblem where there is no ``old``, or where ``new`` is empty or declared already.

    >>> from outcode.flows.dataflow import FlowInput
    >>> list(rename_input(Dataflow(name="Hello", inputs={"mail": FlowInput()}, tasks={}), "mail", "email").inputs)
    ['email']
    """
    if old not in document.inputs:
        raise InputProblem("flow_input_rename_unknown", name=shortened(old), known=sorted(document.inputs) or ["-"])
    if not new.strip():
        raise InputProblem("flow_input_rename_empty")
    if new == old:
        return document
    if new in document.inputs:
        raise InputProblem("flow_input_rename_taken", name=shortened(new))
    inputs = {new if name == old else name: declared for name, declared in document.inputs.items()}
    tasks = {
        letter: task.model_copy(
            update={"inputs": {key: _renamed(tagged, old, new) for key, tagged in task.inputs.items()}}
        )
        for letter, task in document.tasks.items()
    }
    return document.model_copy(update={"inputs": inputs, "tasks": tasks})


def _renamed(tagged: Tagged, old: str, new: str) -> Tagged:
    match tagged:
        case Literal():
            return tagged
        case Template(text=text):
            try:
                return Template(text=rename_trigger_key(text, old, new))
            except ReferenceProblem:
                return tagged
        case List(items=items):
            return List(items=tuple(_renamed(item, old, new) for item in items))
        case Object(entries=entries):
            return Object(entries={key: _renamed(item, old, new) for key, item in entries.items()})
