"""The tables. Every one carries organization and team, so that a query can always say whose rows it means.

Times are timestamps with zone; ids are UUID version 7, so that their order is the order of creation. Wide values stand
apart in ``payloads``, so that the run list stays narrow.
"""

from __future__ import annotations

from outcode.database.schema.columns import metadata
from outcode.database.schema.flows import (
    flow_versions,
    flows,
    pinned_results,
    schedules,
    webhook_captures,
    webhook_names,
    webhook_refusals,
    webhook_secrets,
)
from outcode.database.schema.runs import RUN_STATES, TASK_STATES, TRIGGERS, payloads, run_chunks, run_tasks, runs
from outcode.database.schema.teams import (
    CONNECTION_STATES,
    api_keys,
    connection_tokens,
    connections,
    data_keys,
    files,
    memberships,
    oauth_clients,
    oauth_requests,
    organizations,
    rate_limits,
    sessions,
    teams,
    users,
)

__all__ = [
    "CONNECTION_STATES",
    "RUN_STATES",
    "TASK_STATES",
    "TRIGGERS",
    "api_keys",
    "connection_tokens",
    "connections",
    "data_keys",
    "files",
    "flow_versions",
    "flows",
    "memberships",
    "metadata",
    "oauth_clients",
    "oauth_requests",
    "organizations",
    "payloads",
    "pinned_results",
    "rate_limits",
    "run_chunks",
    "run_tasks",
    "runs",
    "schedules",
    "sessions",
    "teams",
    "users",
    "webhook_captures",
    "webhook_names",
    "webhook_refusals",
    "webhook_secrets",
]
