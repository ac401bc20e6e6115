"""The request that hands a whole workflow over: Dispatch in its nested form, a v1 chain with our references."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shared.errors import NotExpressible
from shared.model import Message, Workflow
from shared.store.directory import Account
from shared.vonage.dispatch import build_handover, goes_to_dispatch
from shared.wire.requests import Defaults, StartType, read_start, to_workflow
from tests.support.plans import for_the_provider, step

GOLDEN = Path(__file__).parents[1] / "golden" / "wire"
ACCOUNT = Account(
    name="default",
    base_url="https://api.nexmo.com/",
    generation="v1",
    api_key="key",
    application_id=None,
    private_key=None,
    api_secret="secret",
    signature_secrets=(),
)
OWN_WORDS = (
    "engine valid_for final_receipt_time delivery when_stopped priority align_ttl person webhook_url webhook_version"
).split()


def handed(workflow: Workflow) -> tuple[str, dict[str, Any]]:
    """Return address and body."""
    request = build_handover(ACCOUNT, workflow, authorization="Basic x", user_agent="cascade/1")
    assert ("POST", "Basic x") == (request.method, request.headers["Authorization"])
    body: dict[str, Any] = json.loads(request.body)
    return request.url, body


def asked(start_type: StartType, body: dict[str, Any]) -> Workflow:
    """Return the workflow of a request."""
    return to_workflow(
        read_start(start_type, json.dumps(body).encode()),
        workflow_id="01932f00-0000-8000-8000-000000000000",
        tenant="acme",
        application_id=None,
        accepted_at=0.0,
        defaults=Defaults(),
    )


@pytest.mark.parametrize("start_type", [StartType.WORKFLOW_V0_1, StartType.WORKFLOW_BETA])
def test_a_dispatch_goes_on_as_it_came_without_what_is_ours(start_type: StartType) -> None:
    came = json.loads((GOLDEN / "dispatch.json").read_text(encoding="utf-8"))

    url, body = handed(asked(start_type, {**came, "engine": "provider"}))

    assert "https://api.nexmo.com/v0.1/dispatch" == url
    assert {"template": "failover", "workflow": body["workflow"]} == body
    first, second, third = body["workflow"]
    assert {"type": "viber_service_msg", "number": "447700900000"} == first["to"]
    assert came["workflow"][0]["message"] == first["message"]
    assert {"expiry_time": 600, "condition_status": "read"} == first["failover"]
    assert {"expiry_time": 120, "condition_status": "delivered"} == second["failover"]
    assert "failover" not in third
    assert "client_ref" not in json.dumps(body)
    for word in OWN_WORDS:
        assert f'"{word}"' not in json.dumps(body)


def test_every_item_of_a_v1_chain_carries_our_reference_and_no_window() -> None:
    chain = {"channel": "viber_service", "message_type": "text", "to": "447700900000", "from": "Acme", "text": "hi"}
    failover = [{**chain, "channel": "sms", "ttl": 900, "client_ref": "theirs"}, {**chain, "channel": "sms"}]

    url, body = handed(asked(StartType.MESSAGE_V1, {**chain, "engine": "provider", "failover": failover}))

    assert "https://api.nexmo.com/v1/messages" == url
    items = [body, *body["failover"]]
    assert [f"01932f00000080008000000000000000.{number}.1" for number in (1, 2, 3)] == [
        item["client_ref"] for item in items
    ]
    assert [None, 900, None] == [item.get("ttl") for item in items]
    assert not any(word in item for item in items for word in (*OWN_WORDS, "expiry_time", "condition_status"))


def test_the_form_of_the_request_decides_and_not_the_account() -> None:
    old = replace(ACCOUNT, generation="v0.1")
    v1 = build_handover(old, for_the_provider(v1=True), authorization="x", user_agent="y")

    assert v1.url.endswith("/v1/messages")
    assert [True, False] == [goes_to_dispatch(for_the_provider()), goes_to_dispatch(for_the_provider(v1=True))]


def test_what_dispatch_has_no_words_for_is_said_by_name() -> None:
    email = Message(channel="email", kind="text", recipient="a@b.example", sender="c@d.example", content={"text": "x"})
    workflow = for_the_provider()
    odd = replace(workflow, steps=(workflow.steps[0], replace(step(2, "sms"), message=email)))

    with pytest.raises(NotExpressible, match="channel"):
        handed(odd)
