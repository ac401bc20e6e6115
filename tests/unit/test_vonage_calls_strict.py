"""Every body that leaves the house, held against the simulated provider in its strictest mode."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from services.sandbox.bodies import faults_of, message_faults
from shared.model import Message
from shared.vonage.calls import build_call
from shared.wire.requests import StartType
from tests.support.vonage_accounts import account
from tests.support.wire_rows import OLD_ROWS, V1_ROWS, message_of

REFERENCE = "0190a6e2f0008abc8def012345678900.1.1"
ACCOUNT = account(base_url="https://provider.example")
CALLERS = {
    **{f"v1 {name}": (StartType.MESSAGE_V1, body) for name, body in V1_ROWS.items()},
    **{f"v0.1 {name}": (StartType.MESSAGE_V0_1, body) for name, body in OLD_ROWS.items()},
}


def sent(message: Message, generation: str) -> Any:
    call = build_call(
        replace(ACCOUNT, generation=generation),
        message,
        reference=REFERENCE,
        ttl=message.ttl,
        authorization="Bearer x",
        user_agent="cascade/0.1.0",
    )
    return json.loads(call.body)


@pytest.mark.parametrize("name", CALLERS)
def test_a_v1_account_is_sent_nothing_that_the_strictest_provider_would_refuse(name: str) -> None:
    start_type, body = CALLERS[name]

    assert [] == faults_of(sent(message_of(start_type, body), "v1"))


@pytest.mark.parametrize("name", [name for name in CALLERS if name.partition(" ")[2] in OLD_ROWS])
def test_a_v0_1_account_is_sent_nothing_that_the_strictest_provider_would_refuse(name: str) -> None:
    start_type, body = CALLERS[name]

    assert [] == message_faults(sent(message_of(start_type, body), "v0.1"), "v0.1")
