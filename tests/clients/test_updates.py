"""What the clients change of a message that is already out: read, somebody is writing, revoked."""

from __future__ import annotations

import uuid

import pytest

from tests.clients.credentials import Somebody, node_token, python_token
from tests.clients.drivers import SDK_3, Call, Result, by_python, by_sdk_3
from tests.clients.stage import Stage
from tests.support.waiting import wait_until

CLIENTS = ("python", *SDK_3)
TYPING = {"show": True, "type": "text"}
RCS = {"channel": "rcs", "message_type": "text", "from": "Acme-Agent", "text": "Soon to be gone"}
every_client = pytest.mark.parametrize("client", CLIENTS)


def _calls(client: str, stage: Stage, *wanted: tuple[str, str, bool], directly: bool = False) -> list[Result]:
    """Make updates, each given as message, status, and whether somebody is writing."""
    whose: Somebody = stage.direct if directly else stage.new
    if client == "python":
        host = stage.sandbox_over_tls if directly else stage.ingress_over_tls
        words = {"read": "read", "revoked": "revoke"}
        calls: list[Call] = [
            {"call": words[status], "message_uuid": message, "typing": typing} for message, status, typing in wanted
        ]
        return by_python(host, python_token(whose), calls, authority=stage.certificate.file)
    url = stage.deployment.sandbox if directly else stage.deployment.ingress
    calls = [
        {"call": "update", "uuid": message, "status": status, "typing": "text" if typing else None}
        for message, status, typing in wanted
    ]
    return by_sdk_3(client, url, node_token(whose), calls)


def _somebody(ending: str) -> str:
    """Return a number that no other test writes to; the sandbox goes by its last three digits."""
    return f"4477{uuid.uuid4().int % 10**5:05d}{ending}"


def _written_to(stage: Stage) -> str:
    """Return the id of a message that somebody wrote to `new`, once we have it."""
    inbound = stage.write_back(stage.new_at_provider, "whatsapp", _somebody("111"), "447700900001")
    wait_until(lambda: stage.told.of(inbound), 60)
    return inbound


@every_client
def test_an_inbound_message_is_marked_as_read_and_somebody_writes(client: str, stage: Stage) -> None:
    inbound = _written_to(stage)
    answers = _calls(client, stage, (inbound, "read", False), (inbound, "read", True))

    assert [] == [each for each in answers if "gave" not in each]
    wait_until(lambda: len(stage.updates_of(inbound)) == 2, 60)
    made = stage.updates_of(inbound)
    assert [200, 200] == [each["answer"] for each in made]
    assert {"status": "read"} in [each["body"] for each in made]
    assert {"status": "read", "replying_indicator": TYPING} in [each["body"] for each in made]


@every_client
def test_a_message_on_its_way_is_revoked_by_the_id_that_we_gave(client: str, stage: Stage) -> None:
    ours = stage.send({**RCS, "to": _somebody("003")})
    theirs = stage.sent_by_us(ours)["message_uuid"]
    wait_until(lambda: "submitted" in stage.told.statuses(ours), 60)
    [revoked] = _calls(client, stage, (ours, "revoked", False))

    assert "gave" in revoked, revoked
    assert ours != theirs
    made = wait_until(lambda: stage.updates_of(theirs), 60)
    assert [(200, {"status": "revoked"})] == [(each["answer"], each["body"]) for each in made]


@every_client
def test_what_can_not_be_done_is_an_error_that_says_why(client: str, stage: Stage) -> None:
    sms = stage.send({**RCS, "channel": "sms", "to": _somebody("111")})
    rcs = stage.send({**RCS, "to": _somebody("111")})
    wait_until(lambda: "delivered" in stage.told.statuses(rcs), 60)
    inbound = _written_to(stage)
    wanted = ((rcs, "read", False), (sms, "revoked", False), (inbound, "revoked", False), (rcs, "revoked", False))
    refused = _calls(client, stage, *wanted)

    assert [422, 422, 422, 409] == [each["status"] for each in refused]
    assert [] == [each for each in refused if not each["problem"]["detail"]]


@every_client
def test_the_sandbox_takes_the_same_updates(client: str, stage: Stage) -> None:
    inbound = stage.write_back(stage.direct, "whatsapp", _somebody("111"), "447700900001")
    strange = str(uuid.uuid4())
    wanted = ((inbound, "read", True), (inbound, "revoked", False), (strange, "read", False))
    read, revoked, unknown = _calls(client, stage, *wanted, directly=True)

    assert "gave" in read, read
    assert [422, 404] == [revoked["status"], unknown["status"]]
