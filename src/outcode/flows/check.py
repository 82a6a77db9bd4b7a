"""What is checked when a dataflow is saved, imported or run from a file: all that can be known before it runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain

from outcode.appkit import Action, App, FlowStep, TableTask
from outcode.flows.checks import order
from outcode.flows.checks.branches import branch_findings
from outcode.flows.checks.lineage import lineage_findings
from outcode.flows.checks.order import needs_of, order_findings
from outcode.flows.checks.places import place_findings
from outcode.flows.checks.references import reference_findings
from outcode.flows.checks.tasks import actions_of, task_findings
from outcode.flows.checks.trigger import trigger_findings
from outcode.flows.checks.uses import Uses
from outcode.flows.dataflow import Dataflow, Edge
from outcode.flows.findings import Finding, placed
from outcode.flows.positions import Positions
from outcode.values.problems import Problem


def check_dataflow(
    document: Dataflow,
    apps: Mapping[str, App],
    *,
    connections: Mapping[str, str] | None = None,
    positions: Positions | None = None,
    file: str | None = None,
) -> list[Problem]:
    """Everything wrong with a document, empty when it can be saved and run.

    ``connections`` maps the names of the team's connections to app slugs; None where no team is at hand, as on the
    command line: then connections are not looked up. ``positions`` and ``file`` come from ``read_flow`` and give each
    problem its line and column.

    >>> check_dataflow(Dataflow(name="Hello", tasks={}), {})
    []
    """
    uses = Uses.of(document)
    needs = needs_of(document, uses)
    actions = actions_of(document, apps)
    findings = chain(
        trigger_findings(document),
        task_findings(document, apps, connections),
        reference_findings(document, actions, uses),
        place_findings(document, actions, uses),
        _table_findings(document, actions),
        order_findings(document, uses, needs),
        branch_findings(document, actions),
        _condition_findings(document, actions),
        lineage_findings(document, actions, uses, needs),
    )
    return placed(findings, positions, file)


def edges_of(document: Dataflow) -> dict[str, tuple[Edge, ...]]:
    """What each task waits for, by letter: the tasks it refers to, and those, or their branches, it names in ``after``.

    Letters that are no task's, and texts that cannot be read, are left to :func:`check_dataflow`.
    """
    return order.edges_of(document, Uses.of(document))


def _table_findings(document: Dataflow, actions: Mapping[str, Action]) -> Iterator[Finding]:
    if any(isinstance(action.call, TableTask) for action in actions.values()):
        from outcode.flows.checks.tables import table_findings  # noqa: PLC0415 - Polars, which many flows never need

        yield from table_findings(document, actions)


def _condition_findings(document: Dataflow, actions: Mapping[str, Action]) -> Iterator[Finding]:
    if any(isinstance(action.call, FlowStep) and action.call.step == "condition" for action in actions.values()):
        from outcode.flows.checks.conditions import condition_findings  # noqa: PLC0415 - the same

        yield from condition_findings(document, actions)
