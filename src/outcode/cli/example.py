"""The example workspace of ``outcode serve --example``: flows that run without any account elsewhere."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from outcode.apps.registry import find_app
from outcode.cli.console import read_file
from outcode.cli.words import words
from outcode.runs.instance import Instance
from outcode.server.demo import DEMO_HOST, DEMO_PORT, DemoReceiver
from outcode.values.problems import SetupProblem
from outcode.workspace.connections import Upload
from outcode.workspace.keys import add_api_key
from outcode.workspace.people import first_seat
from outcode.workspace.scope import Scope

FLOWS = {
    "Hello webhook": "hello-webhook.yaml",
    "Orders to HTTP": "orders-to-http.yaml",
    "Pages to .csv": "pages-to-csv.yaml",
    "Orders by day": "orders-by-day.yaml",
}
"""The file of each flow by the flow's name, so that a later start reads none of them."""
_ORDERS = "orders.xlsx"
_ORDERS_CONNECTION = "Example orders"
_EXCEL = "microsoft-excel-xlsx-file"


@dataclass(frozen=True, slots=True)
class Example:
    """What was loaded, for the words at the start."""

    domain: str
    key_file: Path
    receiver: str

    def lines(self, base: str) -> list[str]:
        """What to click and what to curl."""
        return [
            "",
            words("serve.example"),
            f'  curl -X POST {base}/hooks/{self.domain}/hello -H "X-OUTCODE-API-KEY: $(cat {self.key_file})" \\',
            "       -H 'Content-Type: application/json' -d '{\"name\": \"Roy\"}'",
            words("serve.received", receiver=self.receiver),
        ]


async def load_example(instance: Instance, receiver: DemoReceiver) -> Example:
    """Store the example flows, their connection and a key, where they are not there yet; nothing is overwritten."""
    seat = await first_seat(instance.database)
    folder = examples_folder()
    await _connect_orders(instance, seat.scope, folder)
    for name, file in FLOWS.items():
        if await instance.flows.find_by_name(seat.scope, name) is None:
            await _store(instance, seat.scope, folder / file, receiver)
    key_file = instance.settings.folder / "keys" / "example-api-key"
    if not key_file.exists():
        key = await add_api_key(instance.database, seat.scope, "Example")
        with os.fdopen(os.open(key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
            stream.write(key)
    return Example(seat.organization_domain, key_file, receiver.base)


def examples_folder() -> Path:
    """The folder ``examples`` of the checkout; raises SetupProblem where Outcode was installed without one."""
    folder = Path(__file__).parents[3] / "examples"
    if not folder.is_dir():
        raise SetupProblem("examples_missing", folder=str(folder))
    return folder


async def _connect_orders(instance: Instance, scope: Scope, folder: Path) -> None:
    known = {info.name for info in await instance.connections.list(scope)}
    if _ORDERS_CONNECTION not in known:
        upload = Upload(_ORDERS, read_file(folder / _ORDERS))
        await instance.connections.add(scope, find_app(_EXCEL), _ORDERS_CONNECTION, {}, upload)


async def _store(instance: Instance, scope: Scope, file: Path, receiver: DemoReceiver) -> None:
    from outcode.flows.yaml import read_flow  # noqa: PLC0415 - only the first start reads flows

    text = read_file(file).decode().replace(f"http://{DEMO_HOST}:{DEMO_PORT}", receiver.base)
    document = read_flow(text.encode(), file=str(file)).document
    made = await instance.flows.create(scope, document.as_json(), document.webhook_name)
    await instance.publisher.publish(scope, made.id, made.version)
