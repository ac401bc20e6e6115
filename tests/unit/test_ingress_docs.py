"""The documents and the page that shows them, as the ingress serves them."""

from __future__ import annotations

import json
import re

import pytest

from shared.wire.documents import documents
from tests.support.ingress_room import Room

ASSETS = ("swagger-ui-bundle.js", "swagger-ui.css", "favicon-32x32.png", "start.js", "page.css")


@pytest.fixture(scope="module")
def room() -> Room:
    return Room()


@pytest.mark.parametrize("path", documents())
def test_a_document_is_served_to_everybody_as_it_lies_in_the_tree(path: str, room: Room) -> None:
    answer = room.client.get(f"/{path}")

    assert (200, documents()[path]) == (answer.status_code, answer.data)
    assert ("application/schema+json" if path.startswith("schemas/") else "application/json") == answer.content_type
    assert json.loads(answer.data)


def test_the_page_has_no_script_and_no_style_of_its_own_and_its_policy_allows_none(room: Room) -> None:
    answer = room.client.get("/docs")
    policy = answer.headers["Content-Security-Policy"]

    assert (200, "text/html; charset=utf-8") == (answer.status_code, answer.content_type)
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert [] == re.findall(r"<script(?![^>]* src=)|<style|\son\w+=|style=", answer.text)
    assert ASSETS_OF_PAGE == set(re.findall(r'(?:src|href)="(/[^"]+)"', answer.text))


ASSETS_OF_PAGE = {*(f"/docs/{name}" for name in ASSETS), "/openapi.json", "/asyncapi.json"}


@pytest.mark.parametrize("address", sorted(ASSETS_OF_PAGE))
def test_everything_that_the_page_names_is_there(address: str, room: Room) -> None:
    answer = room.client.get(address)

    assert 200 == answer.status_code
    assert answer.data
    assert "nosniff" == answer.headers["X-Content-Type-Options"]


@pytest.mark.parametrize("name", ["index.template.html", "swagger-ui.js", "..%2f..%2fapp.py", "page.html"])
def test_no_other_file_is_given_away(name: str, room: Room) -> None:
    answer = room.client.get(f"/docs/{name}")

    assert (404, "application/problem+json") == (answer.status_code, answer.content_type)


def test_an_unknown_schema_is_a_problem(room: Room) -> None:
    assert 404 == room.client.get("/schemas/message.v9.json").status_code


def test_nothing_here_names_an_address_outside(room: Room) -> None:
    for address in ("/docs", "/docs/start.js", "/docs/page.css"):
        assert "://" not in room.client.get(address).text
