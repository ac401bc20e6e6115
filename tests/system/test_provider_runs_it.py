"""Workflows that the provider runs, and messages that change after they left: the whole of Cascade, and the sandbox."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.deployment import Deployment, new_mark, viber_then_sms
from tests.support.waiting import wait_until

pytestmark = pytest.mark.xdist_group("system-provider")

TAKEN = {"status": "submitted", "after": 0}
DELIVERED = {"receipts": [TAKEN, {"status": "delivered", "after": 0.2}]}
REJECTED = {"receipts": [TAKEN, {"status": "rejected", "after": 0.2, "code": 1300}]}
Called = tuple[str, int | None]
DISPATCH, ALONE = "/v0.1/dispatch", "/v1/messages"

Case = tuple[dict[str, Any], str, list[str | None], list[Called]]
DISPATCHES: dict[str, Case] = {
    "the first one arrives": ({"viber_service": [DELIVERED]}, "delivered", ["delivered", None], [(DISPATCH, 202)]),
    "the second one arrives": (
        {"viber_service": [REJECTED], "sms": [DELIVERED]},
        "delivered",
        ["rejected", "delivered"],
        [(DISPATCH, 202)],
    ),
    "none arrives": (
        {"viber_service": [REJECTED], "sms": [REJECTED]},
        "failed",
        ["rejected", "rejected"],
        [(DISPATCH, 202)],
    ),
    "busy at first": (
        {"dispatch": [{"answer": 503, "headers": {"Retry-After": "1"}}, {}], "viber_service": [DELIVERED]},
        "delivered",
        ["delivered", None],
        [(DISPATCH, 503), (DISPATCH, 202)],
    ),
    **{
        f"not ours to use: {problem}": (
            {"dispatch": [{"problem": problem}], "viber_service": [DELIVERED]},
            "delivered",
            ["delivered", None],
            [(DISPATCH, status), (ALONE, 202)],
        )
        for problem, status in (("unprovisioned", 401), ("forbidden", 403), ("not-found", 404), ("wrong-verb", 405))
    },
}


def sandbox(deployment: Deployment, path: str, **wanted: str) -> list[dict[str, Any]]:
    answer = deployment.session.get(f"{deployment.sandbox}/sandbox/{path}", params=wanted, timeout=30)
    return list(answer.json())


def calls(deployment: Deployment, to: str) -> list[Called]:
    return [(call["path"], call["status"]) for call in sandbox(deployment, "calls", to=to)]


def told(deployment: Deployment, workflow_id: str) -> list[dict[str, Any]]:
    """Give the bodies of the caller's webhooks about a workflow."""
    bodies = [callback["body"] for callback in deployment.callbacks()]
    return [body for body in bodies if workflow_id in str(body)]


@pytest.mark.parametrize(("number", "case"), list(enumerate(DISPATCHES)), ids=list(DISPATCHES))
def test_a_dispatch_that_the_provider_runs_comes_to_its_end(deployment: Deployment, number: int, case: str) -> None:
    script, outcome, statuses, expected = DISPATCHES[case]
    to = f"4477009011{number:02}"
    deployment.script(to, script)
    workflow_id = deployment.send(viber_then_sms(to, mark=new_mark(), engine="provider"))
    workflow = deployment.wait_final(workflow_id)
    (report,) = wait_until(lambda: [body for body in told(deployment, workflow_id) if "template" in body], 60)

    assert (outcome, statuses) == (workflow["outcome"], [step["status"] for step in workflow["steps"]])
    assert expected == calls(deployment, to)
    assert ("error" if outcome == "failed" else "completed", workflow_id) == (report["status"], report["dispatch_uuid"])


def test_a_dispatch_whose_answer_was_lost_is_not_handed_over_again(deployment: Deployment) -> None:
    to = "447700901190"
    deployment.script(to, {"dispatch": [{"cut": True}], "viber_service": [DELIVERED]})
    workflow_id = deployment.send(viber_then_sms(to, mark=new_mark(), engine="provider"))
    wait_until(lambda: deployment.workflow(workflow_id)["state"] == "waiting", 60)
    (run,) = wait_until(
        lambda: [run for run in sandbox(deployment, "workflows") if to in str(run) and run["state"] == "completed"], 60
    )

    assert [(DISPATCH, None)] == calls(deployment, to)
    assert 1 == len(run["messages"])


def chain(to: str) -> dict[str, Any]:
    sms = {"channel": "sms", "message_type": "text", "text": "by SMS", "to": to, "from": "447700900001"}
    return {**sms, "channel": "rcs", "text": "by RCS", "from": "Acme", "engine": "provider", "failover": [sms]}


V1_CHAINS: dict[str, Case] = {
    "the second one arrives": (
        {"rcs": [REJECTED], "sms": [DELIVERED]},
        "delivered",
        ["rejected", "delivered"],
        [(ALONE, 202)],
    ),
    "not ours to use": (
        {"failover": [{"problem": "unprovisioned"}], "rcs": [REJECTED], "sms": [DELIVERED]},
        "delivered",
        ["rejected", "delivered"],
        [(ALONE, 401), (ALONE, 202), (ALONE, 202)],
    ),
}


@pytest.mark.parametrize(("number", "case"), list(enumerate(V1_CHAINS)), ids=list(V1_CHAINS))
def test_a_v1_chain_is_handed_through(deployment: Deployment, number: int, case: str) -> None:
    script, outcome, statuses, expected = V1_CHAINS[case]
    to = f"4477009012{number:02}"
    deployment.script(to, script)
    workflow = deployment.wait_final(deployment.send(chain(to)))

    assert (outcome, statuses) == (workflow["outcome"], [step["status"] for step in workflow["steps"]])
    assert expected == calls(deployment, to)


def test_ids_inside_messages_are_those_of_whoever_reads_them(deployment: Deployment) -> None:
    to = "447700901301"
    whatsapp = {"channel": "whatsapp", "message_type": "text", "text": "one", "to": to, "from": "447700900001"}
    first = deployment.call("POST", "/v1/messages", whatsapp).json()["message_uuid"]
    deployment.wait_final(first[:-2] + "00")
    reply = {"channel": "whatsapp", "from": to, "to": "447700900001", "type": "button"}
    written = deployment.session.post(f"{deployment.sandbox}/sandbox/reply", json=reply, timeout=10).json()["body"]
    (heard,) = wait_until(
        lambda: [
            callback["body"]
            for name in ("demo-inbound", "demo")
            for callback in deployment.callbacks(name)
            if written["message_uuid"] in str(callback["body"]) and callback["body"] != written
        ],
        60,
    )
    second = {**whatsapp, "text": "two", "context": {"message_uuid": first}}
    deployment.wait_final(deployment.send(second))
    theirs, answered = sandbox(deployment, "messages", to=to)

    assert (first, written["message_uuid"]) == (heard["context"]["message_uuid"], heard["message_uuid"])
    assert theirs["message_uuid"] == written["context"]["message_uuid"]
    assert {"message_uuid": theirs["message_uuid"]} == answered["body"]["context"]


def test_what_is_updated_here_is_updated_at_the_provider(deployment: Deployment) -> None:
    reply = {"channel": "whatsapp", "from": "447700901302", "to": "447700900001"}
    address = f"{deployment.sandbox}/sandbox/reply"
    inbound = deployment.session.post(address, json=reply, timeout=10).json()["message_uuid"]
    typing = {"status": "read", "replying_indicator": {"show": True, "type": "text"}}
    wait_until(lambda: deployment.call("PATCH", f"/v1/messages/{inbound}", typing).status_code == 200, 60)
    rcs = {"channel": "rcs", "message_type": "text", "text": "x", "to": "447700901003", "from": "Acme"}
    ours = deployment.call("POST", "/v1/messages", rcs).json()["message_uuid"]
    (theirs,) = wait_until(
        lambda: [row for row in sandbox(deployment, "messages", to="447700901003") if row["statuses"]], 60
    )
    wait_until(lambda: deployment.call("PATCH", f"/v1/messages/{ours}", {"status": "revoked"}).status_code == 200, 60)
    expected = {(inbound, 200, "read"), (theirs["message_uuid"], 200, "revoked")}

    def arrived() -> bool:
        made = sandbox(deployment, "updates")
        assert expected == {(one["message_uuid"], one["answer"], one["body"]["status"]) for one in made}
        return True

    wait_until(arrived, 60)
