"""One running Outcode, put together: database, stores, transports, worker. Server and command line open it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from outcode.appkit import App
from outcode.apps.base_urls import with_base_urls
from outcode.apps.registry import all_apps
from outcode.database.address import DatabaseAddress, external
from outcode.database.blobs import BlobStore
from outcode.database.database import Database
from outcode.database.embedded import EmbeddedPostgres, attach
from outcode.database.migrate import migrate
from outcode.runs.calling import CalledFlows
from outcode.runs.calls import Caller
from outcode.runs.connecting import Connector
from outcode.runs.consents import Consents
from outcode.runs.documents import Documents
from outcode.runs.firing import Firing
from outcode.runs.history import RunHistory
from outcode.runs.journal import Journal
from outcode.runs.leases import Leases, Limits
from outcode.runs.payloads import PayloadStore
from outcode.runs.pins import Pins
from outcode.runs.prepared import PreparedRuns
from outcode.runs.publishing import Publisher
from outcode.runs.queue import RunQueue
from outcode.runs.repeats import Repeats
from outcode.runs.replies import Replies
from outcode.runs.runner import Runner
from outcode.runs.sandbox import SandboxPool
from outcode.runs.scheduler import Scheduler
from outcode.runs.starts import Starter
from outcode.runs.steps import FlowSteps
from outcode.runs.task import TaskRunner
from outcode.runs.transports import Transports
from outcode.runs.trials import Trials
from outcode.runs.webhooks import Webhooks
from outcode.runs.worker import Worker
from outcode.transport.guard import EgressGuard, parse_allow_rules
from outcode.transport.http import HttpClient
from outcode.workspace.connections import ConnectionStore
from outcode.workspace.deliveries import Deliveries
from outcode.workspace.files import FileStore
from outcode.workspace.flows import FlowStore
from outcode.workspace.limits import DatabaseLimiter
from outcode.workspace.oauth_clients import OAuthClientStore
from outcode.workspace.oauth_requests import OAuthRequestStore
from outcode.workspace.schedules import ScheduleStore, follow_schedule
from outcode.workspace.secrets import MasterKey, SecretStore
from outcode.workspace.settings import Settings
from outcode.workspace.tokens import DatabaseTokens
from outcode.workspace.versions import VersionStore
from outcode.workspace.webhooks import CaptureStore, Refusals, WebhookSecrets

_SANDBOX_PROCESSES = 2


@dataclass(frozen=True, slots=True)
class Instance:
    """Everything that serves requests and commands; made by :func:`open_instance`."""

    settings: Settings
    apps: Mapping[str, App]
    database: Database
    secrets: SecretStore
    queue: RunQueue
    guard: EgressGuard
    transports: Transports
    files: FileStore
    connections: ConnectionStore
    flows: FlowStore
    versions: VersionStore
    publisher: Publisher
    schedules: ScheduleStore
    connector: Connector
    consents: Consents
    oauth_clients: OAuthClientStore
    caller: Caller
    starter: Starter
    repeats: Repeats
    pins: Pins
    trials: Trials
    history: RunHistory
    leases: Leases
    worker: Worker
    scheduler: Scheduler
    webhooks: Webhooks


@asynccontextmanager
async def open_instance(
    settings: Settings,
    *,
    holder: str,
    share: bool = False,
    apps: Mapping[str, App] | None = None,
    meanwhile: Callable[[], object] = all_apps,
) -> AsyncIterator[Instance]:
    """Open an instance on its data folder and close all of it at the end.

    ``holder`` says who we are to others who want the folder. With ``share`` a database that a running server holds is
    joined instead of refused. ``apps`` are those that it offers (None: all). ``meanwhile`` is called in a thread while
    PostgreSQL starts, which has a process of its own. Raises SetupProblem when the folder, the database or a key cannot
    be used.
    """
    async with AsyncExitStack() as stack:
        beside = asyncio.create_task(asyncio.to_thread(meanwhile))
        address = await _database_address(settings, stack, holder, share=share)
        await beside
        await migrate(address)
        database = await Database.open(address)
        stack.push_async_callback(database.close)
        queue = await RunQueue.open(address)
        stack.push_async_callback(queue.close)
        secrets = SecretStore(MasterKey.load(settings.folder / "keys" / "master-key", settings.environment))
        tokens = DatabaseTokens(database, secrets)
        offered = with_base_urls(all_apps() if apps is None else apps, settings.base_urls)
        instance = _assemble(settings, database, queue, secrets, tokens, offered)
        stack.push_async_callback(instance.transports.close)
        stack.push_async_callback(tokens.close)
        stack.push_async_callback(instance.webhooks.refusals.close)
        yield instance


async def _database_address(settings: Settings, stack: AsyncExitStack, holder: str, *, share: bool) -> DatabaseAddress:
    if settings.database_url:
        return external(settings.database_url)
    if share and (running := await attach(settings.folder)):
        return running
    server = await stack.enter_async_context(await EmbeddedPostgres.start(settings.folder, holder=holder))
    supervision = asyncio.create_task(server.supervise(), name="embedded PostgreSQL")
    stack.callback(supervision.cancel)
    return server.address


def _assemble(
    settings: Settings,
    database: Database,
    queue: RunQueue,
    secrets: SecretStore,
    tokens: DatabaseTokens,
    apps: Mapping[str, App],
) -> Instance:
    blobs = BlobStore(_folder(settings, "blobs"))
    files = FileStore(database, blobs, secrets)
    connections = ConnectionStore(database, secrets, files)
    flows = FlowStore(database, (follow_schedule,))
    versions = VersionStore(database, flows)
    guard = EgressGuard(parse_allow_rules(settings.egress_allow))
    limiter = DatabaseLimiter(database)
    http = HttpClient(guard, allow_unverified_tls=settings.allow_unverified_tls, tokens=tokens, limiter=limiter)
    transports = Transports(guard, http, SandboxPool(size=_SANDBOX_PROCESSES))
    payloads = PayloadStore(blobs)
    pace = settings.pace
    journal = Journal(database, payloads, pace.lease_seconds)
    clients = OAuthClientStore(database, secrets)
    connector = Connector(transports, connections, files, guard)
    requests = OAuthRequestStore(database, secrets, apps)
    caller = Caller(transports, connections, files, limiter)
    documents = Documents(journal, apps)
    history = RunHistory(database, payloads)
    leases = Leases(database, payloads, pace.lease_seconds, Limits(pace.team_at_once))
    replies = Replies()
    called = CalledFlows(database, journal, documents, flows, history, leases, queue)
    runner = Runner(journal, documents, TaskRunner(caller, journal, FlowSteps(called, replies)), apps)
    worker = Worker(journal, runner, queue, leases, pace)
    called.carried_by(worker.begin)
    starter = Starter(journal, documents, queue, flows)
    prepared = PreparedRuns(database, payloads, queue)
    pins = Pins(database, payloads)
    publisher = Publisher(apps, connections, flows, versions)
    return Instance(
        settings=settings,
        apps=apps,
        database=database,
        secrets=secrets,
        queue=queue,
        guard=guard,
        transports=transports,
        files=files,
        connections=connections,
        flows=flows,
        versions=versions,
        publisher=publisher,
        schedules=ScheduleStore(database),
        connector=connector,
        consents=Consents(connector, connections, clients, requests, http),
        oauth_clients=clients,
        caller=caller,
        starter=starter,
        repeats=Repeats(prepared, documents),
        pins=pins,
        trials=Trials(prepared, pins, flows, documents, publisher),
        history=history,
        leases=leases,
        worker=worker,
        scheduler=Scheduler(Firing(database, payloads), queue),
        webhooks=Webhooks(
            deliveries=Deliveries(database),
            documents=documents,
            starter=starter,
            worker=worker,
            history=history,
            files=files,
            secrets=WebhookSecrets(database, secrets),
            captures=CaptureStore(database),
            refusals=Refusals(database),
            replies=replies,
            rate=settings.webhook_rate,
        ),
    )


def _folder(settings: Settings, name: str) -> Path:
    settings.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return settings.folder / name
