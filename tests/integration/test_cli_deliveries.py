"""The delivery log on the command line: what was told, what failed, and telling it again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from services.cli.deliveries import fate
from shared.ids import message_uuid
from shared.store.opening import open_store
from shared.store.port import Store
from shared.store.records import Batch, CallbackAnswer
from tests.support.command_line import CommandLine, CommandLineInside
from tests.support.store_rows import batch, callback_row, start, workflow, workflow_id


@pytest.fixture
def cascade(tmp_path: Path) -> CommandLine:
    line = CommandLineInside(state_dir=tmp_path / "state")
    line("db", "upgrade").fine()
    return line


@pytest.fixture
def store(cascade: CommandLine) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{cascade.state_dir / 'cascade.db'}")
    yield opened
    opened.close()


@pytest.fixture
def now(store: Store) -> float:
    """Five deliveries: delivered, given up, tried again, untried, and a rival's that was given up."""
    rows = tuple(callback_row(name, of=workflow_id(1)) for name in ("fine", "gone", "late", "new"))
    hidden = "https://user:pass@hooks.example/in?token=secret"
    other = replace(callback_row("theirs"), tenant="rival", kind="inbound", url=hidden)
    store.commit(batch(start(workflow(1), callbacks=rows)))
    store.commit(Batch(callbacks=(other,)))
    moment = store.now()
    store.settle_callback("fine", CallbackAnswer(at=moment, status=204, delivered=True))
    store.settle_callback("gone", CallbackAnswer(at=moment, status=410, error="HTTP 410"))
    store.settle_callback("late", CallbackAnswer(at=moment, status=503, error="HTTP 503", next_at=moment + 5))
    store.settle_callback("theirs", CallbackAnswer(at=moment, status=None, error="no answer in time"))
    return moment


def ids(listed: object) -> list[str]:
    assert isinstance(listed, list)
    return [each["id"] for each in listed]


@pytest.mark.parametrize("given", [workflow_id(1), message_uuid(workflow_id(1), 2)])
@pytest.mark.usefixtures("now")
def test_a_workflow_shows_what_its_caller_was_told(cascade: CommandLine, given: str) -> None:
    said = cascade("deliveries", given).fine()

    fates = [line.strip() for line in said.splitlines()[1::2]]
    assert [fate.split()[0] for fate in fates] == ["delivered", "given", "1", "waits,"]
    assert "given up after 1 try: HTTP 410" == fates[1]
    assert fates[2].endswith("last: HTTP 503")
    assert "status  to https://example.com/status" in said


@pytest.mark.usefixtures("now")
def test_a_delivery_is_found_by_the_id_that_its_receiver_got(cascade: CommandLine) -> None:
    (one,) = json.loads(cascade("deliveries", "gone", "--json").fine())

    assert ("gone", workflow_id(1), 1, 410, "HTTP 410", None) == (
        one["id"],
        one["workflow_id"],
        one["tries"],
        one["last_status"],
        one["last_error"],
        one["next_at"],
    )
    assert {"status": "delivered"} == json.loads(one["body"])


@pytest.mark.usefixtures("now")
def test_what_failed_is_listed_and_secrets_in_addresses_are_not(cascade: CommandLine) -> None:
    said = cascade("deliveries", "--failed").fine()

    assert ["gone", "late", "theirs"] == sorted(ids(json.loads(cascade("deliveries", "--failed", "--json").fine())))
    assert "inbound to https://hooks.example/in\n" in said
    assert "secret" not in said
    assert "pass" not in said


@pytest.mark.usefixtures("now")
def test_what_failed_can_be_narrowed_to_a_tenant_and_a_time(cascade: CommandLine) -> None:
    theirs = json.loads(cascade("deliveries", "--failed", "--tenant", "rival", "--json").fine())

    assert ["theirs"] == ids(theirs)
    assert 3 == len(json.loads(cascade("deliveries", "--failed", "--since", "2h", "--json").fine()))
    assert [] == json.loads(cascade("deliveries", "--failed", "--since", "2100-01-01T00:00:00Z", "--json").fine())
    assert "everything arrived" in cascade("deliveries", "--failed", "--since", "2100-01-01T00:00:00Z").fine()


def test_one_is_sent_again(cascade: CommandLine, store: Store, now: float) -> None:
    cascade("deliveries", "gone", "--resend").fine()

    row = store.callback("gone")
    assert row is not None
    assert row.next_at is not None
    assert now <= row.next_at <= store.now()
    assert "waits" in cascade("deliveries", "gone").fine()


@pytest.mark.usefixtures("now")
def test_all_that_were_given_up_are_sent_again(cascade: CommandLine, store: Store) -> None:
    assert "1 sent again\n" == cascade("deliveries", "--recover", "--since", "1h", "--tenant", "rival").fine()
    assert "1 sent again\n" == cascade("deliveries", "--recover", "--since", "1h").fine()
    assert "nothing was given up since then\n" == cascade("deliveries", "--recover", "--since", "1h").fine()
    assert ["late"] == [row.callback_id for row in store.failed_callbacks(since=0.0, limit=9, given_up=False)]


@pytest.mark.usefixtures("now")
def test_a_workflow_that_nobody_was_told_of_says_so(cascade: CommandLine, store: Store) -> None:
    store.commit(batch(start(workflow(2))))

    assert "nothing was told" in cascade("deliveries", workflow_id(2)).fine()


FATES: dict[str, tuple[dict[str, Any], str]] = {
    "delivered at once": (
        {"attempts": 1, "last_status": 200, "delivered_at": 60.0, "next_at": None},
        "delivered 1970-01-01 00:01:00 after 1 try",
    ),
    "delivered late": (
        {"attempts": 3, "last_status": 200, "delivered_at": 60.0, "next_at": None},
        "delivered 1970-01-01 00:01:00 after 3 tries",
    ),
    "given up": (
        {"attempts": 2, "last_error": "no answer in time", "next_at": None},
        "given up after 2 tries: no answer in time",
    ),
    "given up, with a status alone": (
        {"attempts": 1, "last_status": 404, "next_at": None},
        "given up after 1 try: HTTP 404",
    ),
    "untried": ({"next_at": 60.0}, "waits, due 1970-01-01 00:01:00"),
    "sent again": (
        {"next_at": 60.0, "last_status": 410, "last_error": "HTTP 410"},
        "waits, due 1970-01-01 00:01:00; before that: HTTP 410",
    ),
    "tried again": (
        {"attempts": 2, "next_at": 60.0, "last_error": "HTTP 503"},
        "2 tries, next 1970-01-01 00:01:00; last: HTTP 503",
    ),
}


@pytest.mark.parametrize(("fields", "expected"), FATES.values(), ids=FATES)
def test_the_fate_of_a_delivery_is_one_line(fields: dict[str, Any], expected: str) -> None:
    assert expected == fate(replace(callback_row("a"), **fields))


WRONG: dict[str, tuple[tuple[str, ...], int, str]] = {
    "nothing": ((), 2, "give an ID"),
    "two wishes": (("--failed", "--recover"), 2, "give an ID"),
    "resend of nothing": (("--resend", "--failed"), 2, "--resend needs"),
    "recover without a time": (("--recover",), 2, "needs --since"),
    "since for one": (("x", "--since", "1h"), 2, "go with"),
    "a time that is none": (("--failed", "--since", "yesterday"), 2, "give a time"),
    "an id of nothing": (("nonsense",), 1, "no delivery nonsense"),
    "an unknown workflow": ((workflow_id(9),), 1, "There is no workflow"),
    "resend of a stranger": (("nonsense", "--resend"), 1, "There is no delivery nonsense"),
}


@pytest.mark.parametrize(("words", "code", "why"), WRONG.values(), ids=WRONG)
def test_what_makes_no_sense_is_said(cascade: CommandLine, words: tuple[str, ...], code: int, why: str) -> None:
    said = cascade("deliveries", *words)

    assert code == said.code
    assert why in said.error
