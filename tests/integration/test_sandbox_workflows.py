"""The sandbox runs workflows as the provider does: Dispatch and beta by timers, v1 failover by refusals alone."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.support.sandbox import Account, Sandbox, make_account, start_sandbox
from tests.support.sandbox_samples import v0_1_sample, v1_sample
from tests.support.waiting import wait_until
from tests.support.webhook_sink import Sink, webhook_sink

SHORT, LONG = 15, 86_400
DELIVERED = {"receipts": [{"status": "submitted", "after": 0}, {"status": "delivered", "after": 0.05}]}
READ = {"receipts": [*DELIVERED["receipts"], {"status": "read", "after": 0.1}]}
SUBMITTED = {"receipts": [{"status": "submitted", "after": 0}]}
REJECTED = {"receipts": [{"status": "submitted", "after": 0}, {"status": "rejected", "after": 0.05, "code": 1300}]}
UNDELIVERABLE = {"receipts": [{"status": "undeliverable", "after": 0.05}]}
LATE = {"receipts": [{"status": "submitted", "after": 0}, {"status": "delivered", "after": 1.0}]}


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    # The shortest window, 15 s, is over after 0.15 s; the longest one after a quarter of an hour.
    running = start_sandbox(
        tmp_path_factory.mktemp("sandbox"), CASCADE_SANDBOX_WINDOW_SCALE="0.01", CASCADE_SANDBOX_RETRY_SCALE="0.02"
    )
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="module")
def sink() -> Iterator[Sink]:
    with webhook_sink() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def account(sandbox: Sandbox, sink: Sink) -> Account:
    made = make_account()
    sandbox.register(made, status_url=sink.url, inbound_url=sink.url)
    return made


def chain(to: str, first: int, condition: str = "delivered", second: int = LONG) -> dict[str, Any]:
    """A dispatch by Viber, WhatsApp and SMS to one number."""
    items = [v0_1_sample(channel, "text", to) for channel in ("viber_service_msg", "whatsapp", "sms")]
    for item, expiry in zip(items, (first, second), strict=False):
        item["failover"] = {"expiry_time": expiry, "condition_status": condition}
    return {"template": "failover", "workflow": items}


def reports(sink: Sink, workflow_id: str) -> list[dict[str, Any]]:
    names = ("dispatch_uuid", "workflow_uuid")
    with sink.lock:
        bodies = [arrival.body for arrival in sink.arrivals]
    return [body for body in bodies if workflow_id in [body.get(name) for name in names] and "template" in body]


def run_of(sandbox: Sandbox, workflow_id: str) -> dict[str, Any]:
    return next(run for run in sandbox.workflows() if run["workflow_id"] == workflow_id)


def states(run: dict[str, Any]) -> list[tuple[str, str | None]]:
    return [(message["channel"], message["status"]) for message in run["messages"]]


DISPATCHES: dict[str, tuple[dict[str, Any], dict[str, Any], str, list[tuple[str, str]]]] = {
    "delivered in time": ({"viber_service": DELIVERED}, {"first": LONG}, "completed", [("viber_service", "delivered")]),
    "read meets delivered": (
        {"viber_service": {"receipts": [{"status": "read", "after": 0.05}]}},
        {"first": LONG},
        "completed",
        [("viber_service", "read")],
    ),
    "read in time": (
        {"viber_service": READ},
        {"first": LONG, "condition": "read"},
        "completed",
        [("viber_service", "read")],
    ),
    "delivered is not read": (
        {"viber_service": DELIVERED, "whatsapp": READ},
        {"first": SHORT, "condition": "read"},
        "completed",
        [("viber_service", "delivered"), ("whatsapp", "read")],
    ),
    "rejected": (
        {"viber_service": REJECTED, "whatsapp": DELIVERED},
        {"first": LONG},
        "completed",
        [("viber_service", "rejected"), ("whatsapp", "delivered")],
    ),
    "undeliverable": (
        {"viber_service": UNDELIVERABLE, "whatsapp": DELIVERED},
        {"first": LONG},
        "completed",
        [("viber_service", "undeliverable"), ("whatsapp", "delivered")],
    ),
    "refused at once": (
        {"viber_service": {"answer": 422}, "whatsapp": {"problem": "invalid-recipient"}, "sms": DELIVERED},
        {"first": LONG},
        "completed",
        [("viber_service", "rejected"), ("whatsapp", "rejected"), ("sms", "delivered")],
    ),
    "too late, twice": (
        {"viber_service": SUBMITTED, "whatsapp": SUBMITTED, "sms": DELIVERED},
        {"first": SHORT, "second": SHORT},
        "completed",
        [("viber_service", "submitted"), ("whatsapp", "submitted"), ("sms", "delivered")],
    ),
    "the last one fails": (
        {"viber_service": REJECTED, "whatsapp": REJECTED, "sms": UNDELIVERABLE},
        {"first": LONG},
        "error",
        [("viber_service", "rejected"), ("whatsapp", "rejected"), ("sms", "undeliverable")],
    ),
    "busy, then taken": (
        {"viber_service": [{"answer": 429}, {"answer": 503}, DELIVERED]},
        {"first": LONG},
        "completed",
        [("viber_service", "delivered")],
    ),
    "busy for good": (
        {"viber_service": {"answer": 429}, "whatsapp": DELIVERED},
        {"first": LONG},
        "completed",
        [("viber_service", "rejected"), ("whatsapp", "delivered")],
    ),
}


@pytest.mark.parametrize(("number", "case"), list(enumerate(DISPATCHES)), ids=list(DISPATCHES))
def test_a_dispatch_goes_through_its_items_and_ends_with_one_report(
    sandbox: Sandbox, account: Account, sink: Sink, number: int, case: str
) -> None:
    outcomes, windows, state, expected = DISPATCHES[case]
    to = f"4477009004{number:02}"
    sandbox.script(to, {name: calls if isinstance(calls, list) else [calls] for name, calls in outcomes.items()})
    workflow_id = sandbox.post(account, "/v0.1/dispatch", chain(to, **windows)).json()["dispatch_uuid"]
    (report,) = wait_until(lambda: reports(sink, workflow_id), 30)
    run = run_of(sandbox, workflow_id)

    assert (state, expected) == (run["state"], states(run))
    assert (state, "failover") == (report["status"], report["template"])
    linked = report["_links"]["messages"]
    names = {"viber_service": "viber_service_msg"}
    assert [(names.get(channel, channel), status) for channel, status in expected] == [
        (message["channel"], message["status"]) for message in linked
    ]
    assert [message["message_uuid"] for message in run["messages"]] == [message["href"] for message in linked]
    kept = sandbox.messages(to=to)
    assert [(workflow_id, place) for place in range(1, len(expected) + 1)] == [
        (message["workflow_id"], message["workflow_item"]) for message in kept
    ]


def test_the_report_adds_up_what_was_paid_and_each_status_links_to_its_workflow(
    sandbox: Sandbox, account: Account, sink: Sink
) -> None:
    to = "447700900450"
    sandbox.script(to, {"viber_service": [SUBMITTED], "whatsapp": [REJECTED], "sms": [DELIVERED]})
    workflow_id = sandbox.post(account, "/v0.1/dispatch", chain(to, SHORT)).json()["dispatch_uuid"]
    (report,) = wait_until(lambda: reports(sink, workflow_id), 30)

    assert {"price": "0.0333", "currency": "EUR"} == report["usage"]
    assert ["0.0000", "0.0000", "0.0333"] == [message["usage"]["price"] for message in report["_links"]["messages"]]
    link = {"workflow": {"dispatch_uuid": workflow_id, "href": f"/workflows/{workflow_id}"}}
    for message in sandbox.messages(to=to):
        arrivals = wait_until(lambda uuid=message["message_uuid"]: sink.of(uuid), 30)  # type: ignore[misc]
        assert {True} == {link == arrival.body["_links"] for arrival in arrivals}


def test_a_beta_workflow_goes_by_its_own_name(sandbox: Sandbox, account: Account, sink: Sink) -> None:
    to = "447700900451"
    sandbox.script(to, {"viber_service": [DELIVERED]})
    workflow_id = sandbox.post(account, "/beta/workflows", chain(to, LONG)).json()["workflow_uuid"]
    (report,) = wait_until(lambda: reports(sink, workflow_id), 30)
    (message,) = sandbox.messages(to=to)
    (first, *_) = wait_until(lambda: sink.of(message["message_uuid"]), 30)

    assert ("beta", "completed") == (message["generation"], report["status"])
    assert "dispatch_uuid" not in report
    assert workflow_id == first.body["_links"]["workflow"]["workflow_uuid"]


def test_what_comes_late_is_told_and_changes_nothing(sandbox: Sandbox, account: Account, sink: Sink) -> None:
    to = "447700900452"
    sandbox.script(to, {"viber_service": [LATE], "whatsapp": [DELIVERED]})
    workflow_id = sandbox.post(account, "/v0.1/dispatch", chain(to, SHORT)).json()["dispatch_uuid"]
    wait_until(lambda: reports(sink, workflow_id), 30)
    viber = sandbox.messages(to=to)[0]["message_uuid"]
    wait_until(lambda: "delivered" in sink.statuses(viber), 30)

    assert [("viber_service", "delivered"), ("whatsapp", "delivered")] == states(run_of(sandbox, workflow_id))
    assert 1 == len(reports(sink, workflow_id))


def test_a_dispatch_whose_answer_is_lost_runs_all_the_same(sandbox: Sandbox, account: Account, sink: Sink) -> None:
    to = "447700900453"
    sandbox.script(to, {"dispatch": [{"cut": True, "reports": 2}], "viber_service": [DELIVERED]})

    with pytest.raises(requests.ConnectionError):
        sandbox.post(account, "/v0.1/dispatch", chain(to, LONG))
    workflow_id = sandbox.calls(to=to)[0]["workflow_id"]
    wait_until(lambda: len(reports(sink, workflow_id)) == 2, 30)
    assert "completed" == run_of(sandbox, workflow_id)["state"]


def test_a_gateway_may_say_no_after_all_was_taken_and_a_report_may_never_come(
    sandbox: Sandbox, account: Account, sink: Sink
) -> None:
    to = "447700900454"
    sandbox.script(to, {"dispatch": [{"answer": 502, "taken": True, "reports": 0}], "viber_service": [DELIVERED]})

    assert sandbox.post(account, "/v0.1/dispatch", chain(to, LONG)).status_code == 502
    workflow_id = sandbox.calls(to=to)[0]["workflow_id"]
    wait_until(lambda: run_of(sandbox, workflow_id)["state"] == "completed", 30)
    assert [] == reports(sink, workflow_id)


def test_the_digits_of_a_recipient_decide_inside_a_workflow_too(sandbox: Sandbox, account: Account) -> None:
    answers = {
        digits: sandbox.post(account, "/v0.1/dispatch", chain(f"447700900{digits}", LONG)).json()["dispatch_uuid"]
        for digits in ("001", "002", "005", "009", "123")
    }
    wait_until(lambda: "running" not in {run_of(sandbox, run)["state"] for run in answers.values()}, 30)

    assert {
        "001": ["rejected", "rejected", "delivered"],
        "002": ["undeliverable", "undeliverable", "delivered"],
        "005": ["delivered"],
        "009": ["rejected", "rejected", "rejected"],
        "123": ["delivered"],
    } == {digits: [status for _, status in states(run_of(sandbox, run))] for digits, run in answers.items()}


def v1_chain(to: str, *channels: str) -> dict[str, Any]:
    first, *others = [v1_sample(channel, "text", to) for channel in channels]
    return {**first, "client_ref": "first", "failover": others}


V1_CHAINS: dict[str, tuple[dict[str, Any], str, list[tuple[str, str]]]] = {
    "rejected": (
        {"rcs": REJECTED, "sms": DELIVERED},
        "completed",
        [("rcs", "rejected"), ("sms", "delivered")],
    ),
    "undeliverable": (
        {"rcs": UNDELIVERABLE, "sms": DELIVERED},
        "completed",
        [("rcs", "undeliverable"), ("sms", "delivered")],
    ),
    "delivered": ({"rcs": DELIVERED}, "completed", [("rcs", "delivered")]),
    "all refuse": ({"rcs": REJECTED, "sms": REJECTED}, "error", [("rcs", "rejected"), ("sms", "rejected")]),
    "nothing is heard": ({"rcs": SUBMITTED}, "running", [("rcs", "submitted")]),
}


@pytest.mark.parametrize(("number", "case"), list(enumerate(V1_CHAINS)), ids=list(V1_CHAINS))
def test_v1_fails_over_on_a_negative_alone_and_reports_nothing(
    sandbox: Sandbox, account: Account, sink: Sink, number: int, case: str
) -> None:
    outcomes, state, expected = V1_CHAINS[case]
    to = f"4477009005{number:02}"
    sandbox.script(to, {name: [call] for name, call in outcomes.items()})
    answer = sandbox.post(account, "/v1/messages", v1_chain(to, "rcs", "sms")).json()
    run = settled(sandbox, answer["workflow_id"], state, expected)

    assert answer["message_uuid"] == run["messages"][0]["message_uuid"]
    for place, message in enumerate(run["messages"], start=1):
        (arrival, *_) = wait_until(lambda uuid=message["message_uuid"]: sink.of(uuid), 30)  # type: ignore[misc]
        assert {
            "id": answer["workflow_id"],
            "workflow_id": answer["workflow_id"],
            "items_number": str(place),
            "item_number": str(place),
            "items_total": "2",
        } == arrival.body["workflow"]
        assert ("first" if place == 1 else None) == arrival.body.get("client_ref")
    assert [] == [body for arrival in sink.arrivals if "template" in (body := arrival.body) and to in str(body)]


def settled(sandbox: Sandbox, workflow_id: str, state: str, expected: list[tuple[str, str]]) -> dict[str, Any]:
    def look() -> dict[str, Any]:
        run = run_of(sandbox, workflow_id)
        assert (state, expected) == (run["state"], states(run))
        return run

    return wait_until(look, 30)


def test_a_v1_chain_can_be_refused_as_a_whole(sandbox: Sandbox, account: Account) -> None:
    to = "447700900550"
    sandbox.script(to, {"failover": [{"problem": "low-balance"}], "rcs": [DELIVERED]})

    assert sandbox.post(account, "/v1/messages", v1_chain(to, "rcs", "sms")).status_code == 402
    assert sandbox.messages(to=to) == []
    assert sandbox.post(account, "/v1/messages", v1_sample("rcs", "text", to)).status_code == 202
