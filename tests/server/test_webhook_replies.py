"""The task *Respond to webhook* answers: at once where it is told, else from the journal."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from outcode.appkit import App, Words
from outcode.apps.javascript import FUNCTION_EXECUTION
from outcode.apps.registry import all_apps
from outcode.runs.instance import open_instance
from outcode.runs.replies import WebhookReply
from outcode.workspace.keys import add_api_key
from outcode.workspace.people import create_workspace
from outcode.workspace.settings import Settings
from tests.conftest import Place
from tests.server.conftest import SLOW, Reply, Server, flow, script

# Its result is what the journal of a reply holds, whatever carries the task out.
RESPOND = App(
    slug="flow",
    name="Flow",
    category="Flow",
    description=Words(en="x", ko="x"),
    actions=(FUNCTION_EXECUTION.model_copy(update={"key": "respond", "name": "Respond to webhook"}),),
)


@pytest.fixture
async def place(settings: Settings) -> AsyncIterator[Place]:
    """An instance with a task that responds."""
    async with open_instance(settings, holder="tests", apps={**all_apps(), "flow": RESPOND}) as instance:
        scope = await create_workspace(
            instance.database, organization="Acme", domain="acme", team="Sales", user="Kim", email="kim@acme.test"
        )
        instance.worker.start(consume=True)
        yield Place(instance, scope, await add_api_key(instance.database, scope, "tests"))
        await instance.worker.stop()


def respond(**reply: Any) -> dict[str, Any]:
    return {"app": "flow", "action": "respond", "inputs": {"code": "return input", "input": reply}}


async def hook(server: Server, tasks: dict[str, Any]) -> None:
    await server.flow(flow("Flow", tasks, trigger={"kind": "webhook", "name": "hook", "reply": "respond"}))


async def call(server: Server, **headers: str) -> Reply:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return await server.post("/hooks/acme/hook", {"n": 5}, headers=sent)


async def test_status_headers_and_body_are_the_tasks(server: Server) -> None:
    reply = respond(
        status=201, headers={"X-Order": "5", "Cache-Control": "max-age=5"}, body={"order": "{{trigger.body.n}}"}
    )
    await hook(server, {"a": reply, "b": {**script("return 'not this'"), "after": ["a"]}})
    answer = await call(server, Idempotency_Key="1")
    assert (answer.status, answer.json, answer.headers["X-Order"]) == (201, {"order": 5}, "5")
    assert (answer.headers["Content-Type"], answer.headers["Cache-Control"]) == ("application/json", "max-age=5")
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    again = await call(server, Idempotency_Key="1")
    assert (again.status, again.content) == (answer.status, answer.content)
    assert again.headers["X-Outcode-Run-Id"] == answer.headers["X-Outcode-Run-Id"]


@pytest.mark.parametrize(
    ("reply", "status", "content_type", "content"),
    [
        ({"body": "안녕"}, 200, "text/plain; charset=utf-8", "안녕".encode()),
        ({"body": "<p>", "headers": {"content-type": "text/html"}}, 200, "text/html", b"<p>"),
        ({"status": 204}, 204, "application/json", b""),
        ({"status": 303, "headers": {"Location": "https://x.test/"}}, 303, "application/json", b""),
        ({"status": 503, "body": [1]}, 503, "application/json", b"[1]"),
    ],
)
async def test_every_kind_of_body(
    server: Server, reply: dict[str, Any], status: int, content_type: str, content: bytes
) -> None:
    await hook(server, {"a": respond(**reply)})
    answer = await call(server)
    assert (answer.status, answer.headers["Content-Type"], answer.content) == (status, content_type, content)


@pytest.mark.parametrize(
    "reply", [{"headers": {"Set-Cookie": "a=b"}}, {"headers": {"x": "a\r\nSet-Cookie: b"}}, {"status": 99}]
)
async def test_what_no_answer_may_say_is_a_problem_of_the_flow(server: Server, reply: dict[str, Any]) -> None:
    await hook(server, {"a": respond(**reply)})
    answer = await call(server, Accept_Language="ko")
    assert (answer.status, answer.code.startswith("reply_")) == (500, True)
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["X-Outcode-Run-Id"]


async def test_a_flow_that_fails_before_it_responds_answers_its_problem(server: Server) -> None:
    await hook(server, {"a": script("throw new Error('boom')"), "b": {**respond(body="x"), "after": ["a"]}})
    answer = await call(server)
    assert (answer.status, answer.json["place"]["task"]) == (500, "a")


async def test_a_reply_that_is_given_goes_out_while_the_flow_goes_on(server: Server) -> None:
    await hook(server, {"a": script(SLOW), "b": {**respond(body="later"), "after": ["a"]}})
    waiting = asyncio.create_task(call(server))
    async with asyncio.timeout(20):
        while not (runs := (await server.get("/api/v1/runs")).json["items"]):
            await asyncio.sleep(0.02)
    run_id = runs[0]["id"]
    server.place.instance.webhooks.replies.give(run_id, WebhookReply.of({"status": 202, "body": "now"}))
    answer = await waiting
    assert (answer.status, answer.content, answer.headers["X-Outcode-Run-Id"]) == (202, b"now", run_id)
    assert (await server.get(f"/api/v1/runs/{run_id}")).json["state"] == "running"
    assert (await server.ended(run_id))["state"] == "done"


async def test_a_late_reply_is_202_and_can_be_had_later(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("outcode.runs.webhooks.REPLY_SECONDS", 0.2)
    await hook(server, {"a": script(SLOW), "b": {**respond(body="later"), "after": ["a"]}})
    late = await call(server, Idempotency_Key="1")
    assert (late.status, set(late.json)) == (202, {"runId"})
    await server.ended(late.json["runId"])
    assert (await call(server, Idempotency_Key="1")).content == b"later"
