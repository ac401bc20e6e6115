"""The README's example over real HTTP: delivered, refused, silent, late; and what the caller is told of it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.deployment import Deployment, channels_of, new_mark, viber_then_sms
from tests.support.waiting import wait_until

pytestmark = pytest.mark.xdist_group("system-example")
EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "viber-then-sms.json"


def test_delivered_on_viber_is_one_provider_call(deployment: Deployment) -> None:
    mark = new_mark()

    end = deployment.wait_final(deployment.send(viber_then_sms("447700900100", mark=mark)))

    assert "delivered" == end["outcome"]
    assert end["condition_met"] is True
    assert ["viber_service"] == channels_of(deployment.received(mark))


def test_refused_on_viber_is_sms_at_once(deployment: Deployment) -> None:
    mark = new_mark()

    end = deployment.wait_final(deployment.send(viber_then_sms("447700900001", mark=mark)), deadline_s=8)

    assert "delivered" == end["outcome"]
    assert [2] == end["reached"]
    assert ["sms"] == channels_of(deployment.received(mark))


def test_the_example_as_it_stands_with_curl_falls_over_to_sms_after_the_window(deployment: Deployment) -> None:
    body = json.loads(EXAMPLE.read_text(encoding="utf-8"))
    window_s = body["workflow"][0]["failover"]["expiry_time"]
    answer = subprocess.run(
        [
            *("curl", "--silent", "--show-error", "-X", "POST", f"{deployment.ingress}/v0.1/dispatch"),
            *("-H", f"Authorization: Bearer {deployment.token()}", "-H", "Content-Type: application/json"),
            *("-d", f"@{EXAMPLE}"),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    dispatch_uuid = json.loads(answer.stdout)["dispatch_uuid"]

    end = deployment.wait_final(dispatch_uuid, deadline_s=window_s + 10)

    calls = deployment.received(to=body["workflow"][0]["to"]["number"])
    assert ["viber_service", "sms"] == channels_of(calls)
    assert "delivered" == end["outcome"]
    left = [entry for entry in deployment.timeline(dispatch_uuid) if entry["what"] == "next"]
    assert ["window"] == [entry["reason"] for entry in left]
    taken = next(entry for entry in deployment.timeline(dispatch_uuid) if entry["what"] == "sent")
    late_s = seconds_between(taken["at"], left[0]["at"]) - window_s
    assert 0 <= late_s <= 1, "never early, and at most a second late (semantics 1.6)"


def test_a_late_delivery_is_recorded_and_nothing_is_sent_twice(deployment: Deployment) -> None:
    mark = new_mark()
    sent = deployment.send(viber_then_sms("447700900004", mark=mark))

    end = deployment.wait_final(sent, deadline_s=40)
    wait_until(lambda: [1, 2] == deployment.workflow(sent)["reached"], 15)

    assert "delivered" == end["outcome"]
    assert ["viber_service", "sms"] == channels_of(deployment.received(mark))
    assert "amended" in [entry["what"] for entry in deployment.timeline(sent)]


def test_the_caller_is_told_in_signed_webhooks_under_its_own_reference(deployment: Deployment) -> None:
    mark = new_mark()
    body = {
        "channel": "viber_service",
        "message_type": "text",
        "to": "447700900002",
        "from": "16273",
        "text": f"hello {mark}",
        "client_ref": f"ref {mark}",
        "webhook_url": f"{deployment.sandbox}/sandbox/callbacks/{mark[1:-1]}",
    }
    sent = deployment.send(body)
    deployment.wait_final(sent)

    wait_until(lambda: len(deployment.callbacks(mark[1:-1])) >= 2, 15)
    told = deployment.callbacks(mark[1:-1])

    assert ["submitted", "undeliverable"] == sorted(row["body"]["status"] for row in told)
    assert {"good"} == {row["signature"] for row in told}
    assert {f"ref {mark}"} == {row["body"]["client_ref"] for row in told}
    assert {sent[:-2] + "01"} == {row["body"]["message_uuid"] for row in told}


def test_a_workflow_ends_with_a_final_report(deployment: Deployment) -> None:
    sent = deployment.send(viber_then_sms("447700900101", mark=new_mark()))
    deployment.wait_final(sent)

    report = wait_until(
        lambda: [row["body"] for row in deployment.callbacks() if row["body"].get("dispatch_uuid") == sent], 15
    )

    assert [("completed", "failover")] == [(each["status"], each["template"]) for each in report]


def test_wrong_signatures_change_nothing(deployment: Deployment) -> None:
    mark = new_mark()
    body = viber_then_sms("447700900010", mark=mark)
    body["workflow"][1]["to"]["number"] = "447700900105"

    end = deployment.wait_final(deployment.send(body), deadline_s=40)

    assert [2] == end["reached"]
    assert ["viber_service", "sms"] == channels_of(deployment.received(mark))


def test_a_persons_answer_is_told_under_the_ids_that_the_caller_knows(deployment: Deployment) -> None:
    mark, person = new_mark(), "447700900106"
    body = {"channel": "sms", "message_type": "text", "to": person, "from": "16273", "text": mark}
    sent = deployment.send({**body, "client_ref": f"ref {mark}"})
    deployment.wait_final(sent)
    (taken,) = deployment.received(mark)

    answer = {"channel": "sms", "to": "16273", "from": person, "text": f"yes {mark}"}
    steered(deployment, "reply", {**answer, "in_reply_to": taken["message_uuid"]})

    (told,) = wait_until(lambda: inbound_told(deployment, f"yes {mark}"), 15)
    assert "good" == told["signature"]
    assert sent[:-2] + "01" == told["body"]["context"]["message_uuid"]
    assert person == told["body"]["from"]
    address = f"/v1/messages/{told['body']['message_uuid']}"
    assert {"href": deployment.ingress + address} == told["body"]["_self"]
    shown = deployment.call("GET", address).json()
    assert ("inbound", person, told["body"]) == (shown["direction"], shown["from"], shown["webhook"])


@pytest.mark.parametrize(("method", "signed"), [("GET", "md5hash"), ("POST", "sha256"), ("POST-JSON", "sha512")])
def test_a_receipt_of_the_sms_api_ends_a_workflow(deployment: Deployment, method: str, signed: str) -> None:
    mark, person = new_mark(), "447700900010"  # whose receipts are signed by nobody, so that they change nothing
    body = {"channel": "sms", "message_type": "text", "to": person, "from": "16273", "text": mark}
    sent = deployment.send(body)
    wait_until(lambda: deployment.received(mark), 15)

    receipt = {"kind": "receipt", "msisdn": person, "to": "16273", "method": method, "signed": signed}
    steered(deployment, "legacy", {**receipt, "url": f"{deployment.ingress}/webhooks/sms/status"})

    assert "delivered" == deployment.wait_final(sent)["outcome"]


def test_an_inbound_message_of_the_sms_api_is_told_as_v1_says_it(deployment: Deployment) -> None:
    mark = new_mark()
    message = {"kind": "inbound", "msisdn": "447700900107", "to": "16273", "text": f"hello {mark}", "method": "GET"}
    steered(deployment, "legacy", {**message, "signed": "sha1", "url": f"{deployment.ingress}/webhooks/sms/inbound"})

    (told,) = wait_until(lambda: inbound_told(deployment, f"hello {mark}"), 15)
    assert ("sms", "text", "HELLO") == (
        told["body"]["channel"],
        told["body"]["message_type"],
        told["body"]["sms"]["keyword"],
    )


def steered(deployment: Deployment, what: str, body: dict[str, str]) -> None:
    answer = deployment.session.post(f"{deployment.sandbox}/sandbox/{what}", json=body, timeout=15)
    assert 202 == answer.status_code, answer.text


def inbound_told(deployment: Deployment, text: str) -> list[dict[str, Any]]:
    return [row for row in deployment.callbacks("demo-inbound") if row["body"].get("text") == text]


def test_v1_with_failover_and_a_window_of_ours(deployment: Deployment) -> None:
    mark = new_mark()
    steps = [
        {"channel": channel, "message_type": "text", "to": "447700900103", "from": "16273", "text": mark}
        for channel in ("viber_service", "sms")
    ]
    steps[0]["to"] = "447700900003"
    body = {**steps[0], "expiry_time": 15, "condition_status": "delivered", "failover": steps[1:]}

    end = deployment.wait_final(deployment.send(body), deadline_s=40)

    assert ("delivered", [2]) == (end["outcome"], end["reached"])


def seconds_between(first: str, second: str) -> float:
    from datetime import datetime

    return (datetime.fromisoformat(second) - datetime.fromisoformat(first)).total_seconds()
