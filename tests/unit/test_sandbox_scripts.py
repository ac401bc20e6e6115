"""Scripts and digits say what a call to the sandbox comes to."""

from typing import Any

import pytest

from services.sandbox.digits import calls_for
from services.sandbox.fields import FieldsError
from services.sandbox.planner import Planner, family
from services.sandbox.scripts import Call, Receipt, parse_script


def test_a_script_is_read_word_for_word() -> None:
    script = parse_script(
        {
            "viber_service": [
                {
                    "answer": 503,
                    "headers": {"Retry-After": "2"},
                    "body": {"title": "Busy"},
                    "delay": 0.5,
                    "receipts": [{"status": "rejected", "after": 3, "code": 1240, "times": 2, "signature": "wrong"}],
                },
                {"hang": True},
            ],
            "*": [{}],
        }
    )

    receipt = Receipt(status="rejected", after_s=3.0, code=1240, times=2, signature="wrong")
    busy = Call(answer=503, headers={"Retry-After": "2"}, body={"title": "Busy"}, delay_s=0.5, receipts=(receipt,))
    assert {"viber_service": (busy, Call(ending="hung")), "*": (Call(),)} == script


@pytest.mark.parametrize(
    ("script", "name"),
    [
        pytest.param([], "", id="no object"),
        pytest.param({}, "", id="no channel"),
        pytest.param({"sms": []}, "sms", id="no call"),
        pytest.param({"sms": {"answer": 202}}, "sms", id="a call that is in no list"),
        pytest.param({"sms": ["202"]}, "sms[0]", id="a call that is no object"),
        pytest.param({"sms": [{"answer": "202"}]}, "sms[0].answer", id="an answer in words"),
        pytest.param({"sms": [{"answer": 99}]}, "sms[0].answer", id="an answer that is no status"),
        pytest.param({"sms": [{"anwser": 202}]}, "sms[0].anwser", id="a typing error"),
        pytest.param({"sms": [{"hang": 1}]}, "sms[0].hang", id="a hang that is a number"),
        pytest.param({"sms": [{"delay": -1}]}, "sms[0].delay", id="a delay before the call"),
        pytest.param({"sms": [{"headers": {"a b": "c"}}]}, "sms[0].headers.a b", id="a header's bad name"),
        pytest.param({"sms": [{"headers": {"a": "b\r\nc: d"}}]}, "sms[0].headers.a", id="a header in a header"),
        pytest.param({"sms": [{}, {"receipts": [{}]}]}, "sms[1].receipts[0].status", id="a receipt without status"),
        pytest.param(
            {"sms": [{"receipts": [{"status": "sent"}]}]}, "sms[0].receipts[0].status", id="a status that is none"
        ),
        pytest.param(
            {"sms": [{"receipts": [{"status": "delivered", "code": 1}]}]},
            "sms[0].receipts[0].code",
            id="a code without a fault",
        ),
        pytest.param({"sms": [{"receipts": [{"status": "read", "times": 0}]}]}, "sms[0].receipts[0].times", id="never"),
        pytest.param(
            {"sms": [{"receipts": [{"status": "read", "signature": "bad"}]}]},
            "sms[0].receipts[0].signature",
            id="an unknown signature",
        ),
    ],
)
def test_a_bad_script_is_refused_by_the_name_of_its_field(script: object, name: str) -> None:
    with pytest.raises(FieldsError) as refused:
        parse_script(script)

    assert [name] == [fault.name for fault in refused.value.faults]


@pytest.mark.parametrize(
    ("call", "taken"),
    [
        pytest.param(Call(), True, id="202"),
        pytest.param(Call(body="<html>"), True, id="202 that can't be read"),
        pytest.param(Call(ending="hung"), True, id="hung"),
        pytest.param(Call(ending="cut"), True, id="cut"),
        pytest.param(Call(answer=422), False, id="422"),
        pytest.param(Call(answer=503), False, id="503"),
        pytest.param(Call(answer=503, receipts=(Receipt(status="delivered"),)), True, id="503 before a receipt"),
    ],
)
def test_a_message_is_received_unless_it_was_refused(call: Call, taken: bool) -> None:
    assert taken is call.takes_it


def told(channel: str, recipient: str) -> list[tuple[object, ...]]:
    """Say in short what the calls for one message come to."""
    return [
        (
            call.answer if call.ending == "answered" else call.ending,
            *(receipt.status for receipt in call.receipts for _ in range(receipt.times)),
        )
        for call in calls_for(channel, recipient)
    ]


FINE = (202, "submitted", "delivered")
DIGITS: dict[str, list[tuple[object, ...]]] = {
    "000": [(202, "submitted", "delivered", "read")],
    "001": [(422,)],
    "002": [(202, "submitted", "undeliverable")],
    "003": [(202, "submitted")],
    "004": [(202, "submitted", "delivered")],
    "005": [(429,), FINE],
    "006": [(503,), (503,), FINE],
    "007": [("cut", "submitted", "delivered")],
    "008": [(202, "delivered", "delivered", "submitted", "submitted")],
    "009": [(202, "submitted", "rejected")],
    "123": [FINE],
    "020": [FINE],
    "99²": [FINE],
}


@pytest.mark.parametrize("channel", ["viber_service", "messenger"])
@pytest.mark.parametrize(("digits", "expected"), DIGITS.items())
def test_the_last_digits_decide_on_every_channel_but_sms(
    channel: str, digits: str, expected: list[tuple[object, ...]]
) -> None:
    assert expected == told(channel, "447700900" + digits)


@pytest.mark.parametrize("digits", ["000", "001", "002", "003", "004", "005", "006", "007", "008", "014", "019", "123"])
def test_on_sms_each_number_is_delivered(digits: str) -> None:
    calls = calls_for("sms", "447700900" + digits)

    assert [FINE] == told("sms", "447700900" + digits)
    assert {"good"} == {receipt.signature for call in calls for receipt in call.receipts}


def test_on_sms_nine_fails_all_the_same() -> None:
    assert [(202, "submitted", "rejected")] == told("sms", "447700900009")


@pytest.mark.parametrize("last", "0123456789")
def test_a_one_before_the_last_digit_makes_every_signature_wrong(last: str) -> None:
    calls = calls_for("viber_service", f"44770090001{last}")

    assert told("viber_service", f"44770090000{last}") == told("viber_service", f"44770090001{last}")
    assert {receipt.signature for call in calls for receipt in call.receipts} <= {"wrong"}


@pytest.mark.parametrize("digits", [digits for digits in DIGITS if digits != "004"])
def test_receipts_follow_within_a_second(digits: str) -> None:
    receipts = [receipt for call in calls_for("viber_service", digits) for receipt in call.receipts]

    assert [] == [receipt for receipt in receipts if receipt.after_s >= 1]


def test_the_late_receipt_of_four_comes_after_twenty_seconds() -> None:
    (call,) = calls_for("viber_service", "447700900004")

    assert [0.1, 20.0] == [receipt.after_s for receipt in call.receipts]


TO = "447700900055"


def answers(planner: Planner, *calls: tuple[str, str]) -> list[int]:
    """Make calls on (channel, family) and give their answers."""
    return [planner.next_call(channel, TO, name).answer for channel, name in calls]


def test_a_script_goes_before_the_digits_and_repeats_its_last_entry() -> None:
    planner = Planner()
    planner.set_script(TO, parse_script({"viber_service": [{"answer": 500}, {"answer": 422}]}))

    assert [500, 422, 422] == answers(planner, *[("viber_service", "a")] * 3)


def test_a_channels_own_list_goes_before_the_star() -> None:
    planner = Planner()
    planner.set_script(TO, parse_script({"*": [{"answer": 500}, {"answer": 501}], "sms": [{"answer": 422}]}))

    assert [500, 422, 501] == answers(planner, ("viber_service", "a"), ("sms", "a"), ("messenger", "a"))


def test_a_channel_without_a_list_is_left_to_the_digits() -> None:
    planner = Planner()
    planner.set_script(TO, parse_script({"viber_service": [{"answer": 422}]}))

    assert [422, 202] == answers(planner, ("viber_service", "a"), ("sms", "a"))


def test_a_script_that_is_set_again_begins_again() -> None:
    planner = Planner()
    script: Any = {"sms": [{"answer": 500}, {}]}
    planner.set_script(TO, parse_script(script))

    assert [500, 202] == answers(planner, ("sms", "a"), ("sms", "a"))
    planner.set_script(TO, parse_script(script))
    assert [500] == answers(planner, ("sms", "a"))
    assert planner.drop_script(TO)
    assert [202] == answers(planner, ("sms", "a"))
    assert not planner.drop_script(TO)


def test_each_message_meets_the_whole_of_its_digits() -> None:
    planner = Planner()
    calls = ["one", "two", "one", "one", "two", "two", "one"]

    got = [planner.next_call("viber_service", "447700900006", name).answer for name in calls]

    assert [503, 503, 503, 202, 503, 202, 202] == got


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        pytest.param(("ab12.1.1", "x"), ("ab12.1.2", "y"), True, id="two attempts"),
        pytest.param(("ab12.1.1", "x"), ("ab12.2.1", "x"), False, id="two steps"),
        pytest.param(("order-17", "x"), ("order-18", "x"), False, id="two references"),
        pytest.param((None, "x"), (None, "x"), True, id="one content, no reference"),
        pytest.param((None, "x"), (None, "y"), False, id="two contents"),
        pytest.param((None, "x"), ("x", "x"), False, id="a reference is no content"),
    ],
)
def test_attempts_at_one_message_are_a_family(
    first: tuple[str | None, str], second: tuple[str | None, str], same: bool
) -> None:
    assert same is (family(*first) == family(*second))
