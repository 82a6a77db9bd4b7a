"""The first page in a real browser, against a real server with the example workspace."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.support.serving import Serving, serving

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
PAGE = Path(__file__).parents[2] / "src" / "outcode" / "server" / "static" / "index.html"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium"),
    pytest.mark.skipif(not PAGE.is_file(), reason="needs the built web page: make web"),
]

expect.set_options(timeout=60_000)
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    with serving("--example") as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(locale="en-US", viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.set_default_timeout(60_000)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    if folder := os.environ.get("OUTCODE_SCREENSHOTS"):
        page.screenshot(path=f"{folder}/{os.environ['PYTEST_CURRENT_TEST'].split('::')[-1].split(' ')[0]}.png")
    context.close()
    assert errors == []


def test_a_newcomer_signs_in_runs_a_flow_and_sees_every_row(server: Serving, page: Page) -> None:
    page.goto(server.base)
    expect(page.get_by_text("outcode link").first).to_be_visible()

    page.goto(server.start_link)
    expect(page).to_have_url(f"{server.base}/")
    for name in ("Hello webhook", "Orders to HTTP", "Pages to .csv"):
        expect(page.get_by_role("link", name=name).first).to_be_visible()

    page.get_by_role("link", name="Orders to HTTP").first.click()
    page.get_by_role("button", name="Run", exact=True).first.click()
    expect(page).to_have_url(re.compile(r"/runs/[0-9a-f-]{36}$"))
    expect(page.get_by_text("Done").first).to_be_visible()
    expect(page.get_by_text("10 of 10").first).to_be_visible()

    page.get_by_text("Read orders").first.click()
    expect(page.get_by_role("cell", name="김하나").first).to_be_visible()

    page.goto(server.base)
    expect(page.get_by_text("Done").first).to_be_visible()
