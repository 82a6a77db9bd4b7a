"""Files inside calls of runs: fetched and sent by id, kept when answered, and never those of others."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import web

from outcode.runs.files import TeamFiles
from outcode.transport.http import REQUEST_BODY_LIMIT
from outcode.values.problems import NotFound, TooLarge
from outcode.workspace.people import create_workspace
from tests.conftest import Place
from tests.support.flows import run


async def test_a_file_comes_down_and_goes_up_again(place: Place) -> None:
    uploads: list[tuple[str | None, bytes]] = []

    async def serve(request: web.Request) -> web.Response:
        if request.method == "GET":
            return web.Response(body=b"%PDF\x00", content_type="application/pdf")
        uploads.append((request.headers.get("Content-Type"), await request.read()))
        return web.json_response({"ok": True})

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", serve)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    base = f"http://127.0.0.1:{runner.addresses[0][1]}"

    def request(**inputs: Any) -> dict[str, Any]:
        return {"app": "api", "action": "http_request", "inputs": inputs}

    found = await run(
        place,
        {
            "a": request(method="GET", url=f"{base}/report.pdf", response_type="file"),
            "b": request(method="PUT", url=base, body_type="file", body="{{a.data}}"),
            "c": request(method="POST", url=base, body_type="multipart", body={"report": "{{a.data}}", "note": "x"}),
        },
    )
    await runner.cleanup()
    assert found.state == "done", found
    value = (await place.instance.history.result(place.scope, found.id, "a")).value["data"]
    assert (value["name"], value["mediaType"], value["size"]) == ("report.pdf", "application/pdf", 5)
    assert await place.instance.files.content(place.scope, value["fileId"]) == b"%PDF\x00"
    whole, parts = sorted(uploads, key=lambda upload: len(upload[1]))
    assert whole == ("application/pdf", b"%PDF\x00")
    assert b'name="report"; filename="report.pdf"\r\nContent-Type: application/pdf\r\n\r\n%PDF\x00\r\n' in parts[1]


async def test_only_open_files_of_the_team_are_given_out(place: Place) -> None:
    files = place.instance.files
    foreign = await create_workspace(
        place.instance.database, organization="B", domain="b", team="B", user="B", email="b@b.test"
    )
    mine = await files.add(place.scope, "a.csv", "text/csv", b"a,b")
    sealed = await files.add(place.scope, "s.csv", "text/csv", b"secret", sealed=True)
    large = await files.add(place.scope, "l.csv", "text/csv", b"x" * (REQUEST_BODY_LIMIT + 1))
    door = TeamFiles(files, place.scope)
    assert await door.content(mine.id) == ("a.csv", "text/csv", b"a,b")
    others = ((TeamFiles(files, foreign), mine.id), (door, sealed.id), (door, "no such id"), (door, "nul\0"))
    for other, file_id in others:
        with pytest.raises(NotFound):
            await other.content(file_id)
    with pytest.raises(TooLarge):
        await door.content(large.id)
