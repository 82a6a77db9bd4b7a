"""Publishing and restoring versions: what goes live has passed every check that can be made before it runs."""

from __future__ import annotations

from collections.abc import Mapping

from outcode.appkit import App
from outcode.flows.check import check_dataflow
from outcode.flows.dataflow import Dataflow
from outcode.values.problems import Problem, ProblemList
from outcode.workspace.connections import ConnectionStore
from outcode.workspace.flows import FlowStore, StoredFlow
from outcode.workspace.scope import Scope
from outcode.workspace.versions import VersionStore


class Publisher:
    """Checks documents against a team's connections and puts them in charge."""

    def __init__(
        self, apps: Mapping[str, App], connections: ConnectionStore, flows: FlowStore, versions: VersionStore
    ) -> None:
        self._apps = apps
        self._connections = connections
        self._flows = flows
        self._versions = versions

    async def problems(self, scope: Scope, document: Dataflow) -> list[Problem]:
        """Everything that is wrong with a document in this team."""
        connections = {info.name: info.app for info in await self._connections.list(scope)}
        return check_dataflow(document, self._apps, connections=connections)

    async def publish(self, scope: Scope, flow_id: str, number: int | None, *, note: str | None = None) -> StoredFlow:
        """Make a version, or the draft, the one that triggers run.

        Raises NotFound for an unknown flow or version, ProblemList with all that is wrong with its document, and
        Conflict when its webhook name is taken.
        """
        if number is None:
            number = (await self._flows.find(scope, flow_id)).version
        version = await self._versions.find(scope, flow_id, number)
        document = Dataflow.model_validate(version.document)
        if problems := await self.problems(scope, document):
            raise ProblemList(problems)
        return await self._flows.publish(scope, flow_id, number, document.webhook_name, note=note)

    async def restore(self, scope: Scope, flow_id: str, number: int, *, edited_version: int) -> StoredFlow:
        """Store the document of an old version as the draft; it is checked when it is published.

        Raises NotFound for an unknown flow or version, and Conflict when ``edited_version`` is no longer the draft or
        a name of the old version is taken by now.
        """
        version = await self._versions.find(scope, flow_id, number)
        return await self._flows.change(
            scope,
            flow_id,
            version.document,
            Dataflow.model_validate(version.document).webhook_name,
            edited_version=edited_version,
            restored_from=number,
        )
