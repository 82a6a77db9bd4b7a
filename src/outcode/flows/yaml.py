"""A dataflow as one YAML file: what export writes, import reads, git keeps and the command line runs."""

from __future__ import annotations

from dataclasses import dataclass

from outcode.flows.dataflow import Dataflow
from outcode.flows.findings import placed
from outcode.flows.plain import parse_flow, plain, read_document
from outcode.flows.positions import Positions
from outcode.flows.yaml_reader import read_yaml
from outcode.flows.yaml_writer import write_yaml
from outcode.values.problems import ProblemList

__all__ = ["ReadFlow", "parse_flow", "plain", "read_flow", "write_flow"]


@dataclass(frozen=True, slots=True)
class ReadFlow:
    """A document with the places of its parts in the file, for :func:`outcode.flows.check.check_dataflow`."""

    document: Dataflow
    positions: Positions


def read_flow(data: bytes, *, file: str | None = None) -> ReadFlow:
    """The dataflow in a YAML file; raises ProblemList with all that is wrong, each with its line and column.

    >>> read_flow(b"{name: Hello, tasks: {}}").document.name
    'Hello'
    """
    value, positions = read_yaml(data, file=file)
    document, findings = read_document(value)
    if document is None:
        raise ProblemList(placed(findings, positions, file))
    return ReadFlow(document, positions)


def write_flow(document: Dataflow) -> str:
    """The document as YAML; reading it gives the same document, writing that the same text.

    >>> print(write_flow(Dataflow(name="Hello", tasks={})), end="")
    outcode: 1
    kind: dataflow
    name: Hello
    trigger:
      kind: manual
    tasks: {}
    """
    return write_yaml(plain(document))
