"""Connecting an app on its vendor's page, in a real browser with its own rules about cookies and pages."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from playwright.async_api import Page, async_playwright, expect

from outcode.workspace.keys import add_start_link
from outcode.workspace.settings import Settings
from tests.server.conftest import Server
from tests.support.authorization import Authorization, authorization
from tests.support.vendor_place import vendor_place

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium"),
]

expect.set_options(timeout=60_000)
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
BEGIN = """async wanted => {
  const answer = await fetch("/api/v1/connections/oauth", {
    method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify(wanted)
  })
  return (await answer.json()).authorize_url
}"""
LIST = """async () => (await (await fetch("/api/v1/connections")).json()).items"""


@pytest.fixture
def vendor() -> Iterator[Authorization]:
    with authorization() as server:
        server.consent = "asked"
        # For the browser another site than ours, so that its rules about cookies come into play.
        server.base = server.base.replace("127.0.0.1", "localhost")
        yield server


@pytest.fixture
async def server(settings: Settings, vendor: Authorization) -> AsyncIterator[Server]:
    async with vendor_place(settings, vendor) as running:
        yield running


@pytest.fixture
async def page(server: Server) -> AsyncIterator[Page]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        page = await browser.new_page(locale="en-US")
        page.set_default_timeout(60_000)
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda said: errors.append(said.text) if "Content Security" in said.text else None)
        link = await add_start_link(server.place.instance.database, server.place.scope)
        await page.goto(f"{server.base}/start?token={link}")
        yield page
        await browser.close()
        assert errors == []


async def connect(server: Server, page: Page, answer: str, **more: Any) -> None:
    """Go to the vendor's page and answer there."""
    await page.goto(f"{server.base}/healthz")
    wanted = {"app": "vendor", "kind": "consent", "name": "Vendor account", **more}
    await page.goto(str(await page.evaluate(BEGIN, wanted)))
    await expect(page.get_by_role("heading", name="Let Outcode in?")).to_be_visible()
    await page.get_by_role("button", name=answer).click()


async def listed(server: Server, page: Page) -> Any:
    await page.goto(f"{server.base}/healthz")
    return await page.evaluate(LIST)


async def test_a_person_refuses_then_agrees_and_connects_anew(
    server: Server, page: Page, vendor: Authorization
) -> None:
    await connect(server, page, "Refuse")
    await expect(page.get_by_role("heading", name="did not agree")).to_be_visible()
    assert await listed(server, page) == []

    await connect(server, page, "Agree")
    await expect(page.get_by_role("heading", name="Vendor account is connected (kim@example.com)")).to_be_visible()
    await expect(page.get_by_text("You can close this page.")).to_be_visible()
    (found,) = await listed(server, page)
    assert (found["state"], found["identity"], found["version"]) == ("working", "kim@example.com", 1)

    await connect(server, page, "Agree", reconnect=True)
    await expect(page.get_by_role("heading", name="is connected")).to_be_visible()
    (anew,) = await listed(server, page)
    assert (anew["id"], anew["version"]) == (found["id"], 2)
    assert vendor.grants() == ["authorization_code", "authorization_code"]
