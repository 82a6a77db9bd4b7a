"""A process of its own whose workers all want a connection's tokens at once; started by ``test_tokens``.

Prints one line a worker: the access token, or the code of the problem.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from outcode.database.address import external
from outcode.database.blobs import BlobStore
from outcode.database.database import Database
from outcode.transport.guard import EgressGuard, parse_allow_rules
from outcode.transport.http import HttpClient
from outcode.transport.http.auth import HttpConnection
from outcode.values.problems import Problem
from outcode.workspace.connections import ConnectionStore
from outcode.workspace.files import FileStore
from outcode.workspace.scope import Scope
from outcode.workspace.secrets import MasterKey, SecretStore
from outcode.workspace.tokens import DatabaseTokens
from tests.support.authorization import Authorization
from tests.support.vendor import vendor_app


async def main(url: str, folder: Path, base: str, scope: Scope, workers: int, lease_seconds: float) -> None:
    database = await Database.open(external(url))
    secrets = SecretStore(MasterKey.load(folder / "keys" / "master-key", {}))
    connections = ConnectionStore(database, secrets, FileStore(database, BlobStore(folder / "blobs"), secrets))
    app = vendor_app(Authorization(base=base))
    opened = await connections.open(scope, app, "Account")
    connection = HttpConnection.of(app, opened, client=opened.client)
    keeper = DatabaseTokens(database, secrets, lease_seconds=lease_seconds)
    client = HttpClient(EgressGuard(parse_allow_rules("127.0.0.1")), tokens=keeper)
    print("ready", flush=True)
    sys.stdin.readline()

    async def work() -> None:
        try:
            tokens = await client.tokens(connection)
        except Problem as problem:
            print(problem.code, flush=True)
        else:
            assert tokens is not None
            print(tokens.values["access_token"], tokens.version, flush=True)

    await asyncio.gather(*(work() for _ in range(workers)))
    await client.close()
    await keeper.close()
    await database.close()


if __name__ == "__main__":
    _, url, folder, base, organization, team, user, workers, lease = sys.argv
    seat = Scope(organization, team, user)
    asyncio.run(main(url, Path(folder), base, seat, int(workers), float(lease)))
