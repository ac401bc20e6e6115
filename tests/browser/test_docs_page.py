"""The page of the API in a real browser: it shows the document, breaks no rule of its policy, and asks nobody else."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, sync_playwright
from werkzeug.serving import make_server

from services.ingress.app import app_of
from tests.support.ingress_room import Room

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
QUIET = ("--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync")

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium: apt-get install chromium")


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app_of(Room().house), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=[*QUIET, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
        )
        yield browser.new_page()
        browser.close()


def test_the_page_shows_every_operation_and_breaks_no_rule(address: str, page: Page) -> None:
    troubles: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: troubles.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))

    page.goto(f"{address}/docs")
    page.wait_for_selector(".opblock", timeout=60_000)
    operations = page.locator(".opblock").count()
    page.click("#operations-v1-sendMessageV1 .opblock-summary-control")
    page.wait_for_selector("#operations-v1-sendMessageV1 .responses-table", timeout=60_000)

    assert operations >= 30
    assert "Cascade" in page.inner_text(".info .title")
    assert [] == [url for url in asked if not url.startswith((f"{address}/", "data:"))]
    assert [] == troubles
