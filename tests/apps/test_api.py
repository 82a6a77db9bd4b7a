"""The app "API": its declaration, and its samples played against a real server."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from xml.etree import ElementTree

import pytest
from aiohttp import web

from outcode.appkit.accept import accept_answers
from outcode.appkit.lint import lint
from outcode.apps.api import APP
from outcode.transport.guard import EgressGuard, parse_allow_rules
from outcode.transport.http import HttpClient, HttpConnection
from outcode.transport.http.body import BODY_TYPES
from outcode.transport.http.paging import STYLES
from outcode.transport.http.prepare import METHODS, RESPONSE_TYPES
from outcode.values.json import Json, dumps, loads
from tests.support.connections import connected
from tests.support.http_calls import MemoryFiles

ACTION = APP.actions[0]
PACKAGE = files("outcode.apps.api")
SAMPLES = sorted(path.name for path in PACKAGE.joinpath("samples").iterdir())
LISTED = Path(__file__).parents[3] / "shared" / "apps.json"


def options(key: str) -> tuple[str, ...]:
    field = ACTION.field(key)
    assert field is not None
    assert field.kind == "select"
    return tuple(option.value for option in field.options)


def test_good_form() -> None:
    assert lint(APP) == []
    assert (APP.slug, APP.name, APP.category) == ("api", "API", "API")
    assert [(action.key, action.name) for action in APP.actions] == [("http_request", "HTTP Request")]
    assert not APP.connection_required
    assert all(words.en != words.ko for words in (ACTION.description, APP.description))
    assert ElementTree.fromstring(PACKAGE.joinpath("icon.svg").read_text()).tag.endswith("svg")


@pytest.mark.skipif(not LISTED.exists(), reason="the list of all apps is not beside this checkout")
def test_named_as_listed() -> None:
    listed = next(app for app in loads(LISTED.read_bytes()) if app["slug"] == APP.slug)
    assert (listed["app"], listed["category"]) == (APP.name, APP.category)
    assert listed["actions"] == [action.name for action in APP.actions]


def test_every_choice_of_the_form_is_one_the_transport_knows() -> None:
    assert options("method") == METHODS
    assert options("body_type") == BODY_TYPES
    assert options("response_type") == RESPONSE_TYPES
    assert options("paging") == STYLES


def test_every_secret_of_the_form_is_marked_and_known_to_the_transport() -> None:
    fields = [field for kind in APP.connections for field in kind.fields]
    secret = {field.key: f"s3cret-{field.key}" for field in fields if field.sensitive}
    assert set(secret) == {"password", "token", "value", "client_secret"}
    for kind in APP.connections:
        given = {field.key: secret.get(field.key, "https://x.example") for field in kind.fields if field.kind == "text"}
        told = connected(APP, kind.key, given).secrets()
        assert {given[field.key] for field in kind.fields if field.sensitive} <= set(told)


@pytest.mark.parametrize("name", SAMPLES)
async def test_samples(name: str) -> None:
    seen: list[Json] = []

    async def handler(request: web.Request) -> web.Response:
        wanted = sample["request"]["headers"]
        headers = {key.lower(): value for key, value in request.headers.items() if key.lower() in wanted}
        body = (await request.read()).decode()
        seen.append({"method": request.method, "path": request.path_qs, "headers": headers, "body": body})
        response = sample["response"]
        return web.Response(status=response["status"], headers=response["headers"], body=response["body"])

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    sample = loads(PACKAGE.joinpath("samples", name).read_text("utf-8").replace("{base}", base))
    client = HttpClient(EgressGuard(parse_allow_rules("127.0.0.1")))
    inputs = accept_answers(ACTION.fields, sample["inputs"])
    files = MemoryFiles({"f1": ("order.pdf", "application/pdf", b"%PDF-1.7 order 1001")})
    answer = await client.perform_action(ACTION, inputs, HttpConnection.of(APP, None), app=APP, files=files)
    await client.close()
    await runner.cleanup()

    assert seen == [sample["request"]]
    around = answer.value if answer.meta is None else answer.meta
    assert around.pop("elapsed_ms") >= 0
    for of_the_wire in ("content-length", "date", "server"):
        around["headers"].pop(of_the_wire)
    assert dumps(answer.value) == dumps(sample["result"])
    assert answer.meta == sample["meta"]
    declared = ACTION.outputs.fields if answer.meta is None else ACTION.outputs.meta
    assert set(around) <= {field.path for field in declared}
