"""One message of every row of the table, asked for and sent in each generation that has it: what the provider gets.

The sandbox is at its strictest here, as it is by default: a member that it does not know makes it refuse a body.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from shared import ids
from shared.channels import CHANNELS
from tests.support.broker import UNPACKED_DIR
from tests.support.deployment import Deployment, start_deployment
from tests.support.provider_bodies import as_asked, without_own
from tests.support.provider_stage import generation_caller, records, register
from tests.support.session import session_dir
from tests.support.waiting import wait_until

pytestmark = pytest.mark.xdist_group("system-every-type")

GOLDEN = Path(__file__).parents[1] / "golden" / "wire"
ROWS: dict[str, dict[str, dict[str, Any]]] = {
    generation: json.loads((GOLDEN / name).read_text(encoding="utf-8"))
    for generation, name in (("v1", "rows_v1.json"), ("v0.1", "rows_v0_1.json"))
}
"""The same messages in the words of each generation."""
REQUESTS: dict[str, tuple[str, dict[str, dict[str, Any]]]] = {
    **{generation: (f"/{generation}/messages", rows) for generation, rows in ROWS.items()},
    "beta": (
        "/beta/workflows",
        {
            name: {"template": "failover", "workflow": [row]}
            for name, row in ROWS["v0.1"].items()
            if CHANNELS[name.partition(" ")[0]].in_beta
        },
    ),
}
"""Address and body of each row, by the generation that it is asked for in."""
Case = tuple[str, str, str]
"""Generation of the request, generation of the account, row."""
CASES: list[Case] = [
    (asked, spoken, row) for asked in REQUESTS for spoken in ROWS for row in REQUESTS[asked][1] if row in ROWS[spoken]
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """All of them, on their way."""

    deployment: Deployment
    answers: Mapping[Case, requests.Response]

    def call_of(self, case: Case) -> dict[str, Any]:
        """Wait until the sandbox has answered the call for a message; return what it noted."""
        answer = self.answers[case]
        assert 202 == answer.status_code, answer.text
        given = answer.json()
        workflow_id, _step = ids.split_message_uuid(given.get("message_uuid") or given["workflow_uuid"])
        address, wanted = f"{self.deployment.sandbox}/sandbox/calls", ids.reference(workflow_id, 1, 1)
        session = self.deployment.session
        calls = wait_until(lambda: session.get(address, params={"client_ref": wanted}, timeout=30).json(), 60)
        return dict(calls[0])


@pytest.fixture(scope="module")
def sent() -> Iterator[Sent]:
    callers = {generation: generation_caller(generation) for generation in ROWS}
    folder = Path(tempfile.mkdtemp(prefix="every-type-", dir=session_dir()))
    deployment = start_deployment(
        folder, unpacked_dir=UNPACKED_DIR, dispatchers=1, known=lambda home: records(home, callers.values())
    )
    for pair in callers.values():
        register(deployment, pair.application)
    tokens = {generation: pair.caller.bearer(now=time.time()) for generation, pair in callers.items()}
    answers = {
        (asked, spoken, row): deployment.session.post(
            f"{deployment.ingress}{REQUESTS[asked][0]}",
            json=REQUESTS[asked][1][row],
            headers={"Authorization": tokens[spoken]},
            timeout=15,
        )
        for asked, spoken, row in CASES
    }
    yield Sent(deployment=deployment, answers=answers)
    deployment.stop()
    shutil.rmtree(folder, ignore_errors=True)


def test_the_messages_are_of_every_row_of_the_table() -> None:
    table = {(channel.name, kind.name): kind.in_v0_1 for channel in CHANNELS.values() for kind in channel.types}

    assert {" ".join(row) for row in table} == set(ROWS["v1"])
    assert {" ".join(row) for row, in_v0_1 in table.items() if in_v0_1} == set(ROWS["v0.1"])
    assert {name for name in ROWS["v0.1"] if not name.startswith("mms ")} == set(REQUESTS["beta"][1])


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[2]}, asked for in {case[0]}, sent in {case[1]}")
def test_the_sandbox_takes_what_we_make_of_it_and_nothing_is_lost(sent: Sent, case: Case) -> None:
    _asked, spoken, row = case
    expected = ROWS[spoken][row]
    call = sent.call_of(case)

    assert (202, None) == (call["status"], call["problem"])
    assert without_own(expected) == as_asked(call["body"], expected)
