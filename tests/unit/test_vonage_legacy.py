"""The SMS API's old webhooks: who signed them, and what they mean."""

import json
from collections.abc import Mapping
from contextlib import suppress
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import WireError
from shared.vonage.codes import CODES as CODES_OF_V1
from shared.vonage.legacy_parameters import parameters_of
from shared.vonage.legacy_signatures import Method, signature_of, verify_legacy
from shared.vonage.legacy_sms import CODES, inbound_as_v1, receipt_as_v1
from shared.vonage.signatures import Verdict
from shared.vonage.webhooks import read
from tests.support.vonage_accounts import account

FORM, JSON = "application/x-www-form-urlencoded", "application/json; charset=utf-8"
NOW = 1_772_442_904.0
SECRET = "0123456789abcdef0123456789abcdef"
OURS = account("main", secrets=("an older secret of the account", SECRET))
RECEIPT = {
    "api-key": "abcd1234",
    "messageId": "0A00000012345678",
    "msisdn": "447700900000",
    "nonce": "aa-bb",
    "status": "delivered",
    "text": "a&b=c Привет",
    "timestamp": str(int(NOW)),
    "to": "Acme",
}

# Known from the provider's own libraries: parameters a=1, b=2 and this timestamp under the secret "secret".
VECTORS = {
    Method.MD5_HASH: "6af838ef94998832dbfc29020b564830",
    Method.MD5: "c15c21ced558c93a226c305f58f902f2",
    Method.SHA1: "3e19a4e6880fdc2c1426bfd0587c98b9532f0210",
    Method.SHA256: "a321e824b9b816be7c3f28859a31749a098713d39f613c80d455bbaffae1cd24",
    Method.SHA512: (
        "812a18f76680fa0fe1b8bd9ee1625466ceb1bd96242e4d050d2cfd9a7b40166c"
        "63ed26ec9702168781b6edcf1633db8ff95af9341701004eec3fcf9550572ee8"
    ),
}


@pytest.mark.parametrize(("method", "expected"), VECTORS.items(), ids=lambda value: str(value)[:12])
def test_each_method_signs_as_the_provider_does(method: Method, expected: str) -> None:
    parameters = {"b": "2", "a": "1", "timestamp": "1461605396", "sig": "not covered"}

    assert expected == signature_of(parameters, secret="secret", method=method)


def signed(parameters: Mapping[str, str], *, method: Method = Method.SHA256, secret: str = SECRET) -> dict[str, str]:
    return {**parameters, "sig": signature_of(parameters, secret=secret, method=method)}


@pytest.mark.parametrize("method", Method)
@pytest.mark.parametrize("form", ["query", "json"])
def test_a_webhook_that_an_account_signed_is_believed(method: Method, form: str) -> None:
    parameters = signed(RECEIPT, method=method)
    raw = urlencode(parameters).encode() if form == "query" else json.dumps(parameters).encode()
    found = verify_legacy(raw, FORM if form == "query" else JSON, [OURS], now=NOW)

    assert (Verdict.OK, "main", "abcd1234", NOW) == (found.verdict, found.account, found.api_key, found.issued_at)


def test_digits_in_upper_case_and_a_webhook_without_an_api_key_are_taken() -> None:
    parameters = signed({name: value for name, value in RECEIPT.items() if name != "api-key"})
    raw = urlencode({**parameters, "sig": parameters["sig"].upper()}).encode()
    other = account("other", api_key="ffff0000", secrets=("another secret altogether, also long",))

    assert "main" == verify_legacy(raw, FORM, [other, OURS], now=NOW).account


NOT_BELIEVED: dict[str, tuple[dict[str, str], Verdict, str]] = {
    "unsigned": (RECEIPT, Verdict.MISSING, "no sig"),
    "an empty signature": ({**RECEIPT, "sig": " "}, Verdict.MISSING, "no sig"),
    "another secret": (signed(RECEIPT, secret="x" * 32), Verdict.WRONG, "no signature secret"),
    "a changed value": ({**signed(RECEIPT), "status": "failed"}, Verdict.WRONG, "no signature secret"),
    "a value more": ({**signed(RECEIPT), "concat": "true"}, Verdict.WRONG, "no signature secret"),
    "a value less": (
        {name: value for name, value in signed(RECEIPT).items() if name != "nonce"},
        Verdict.WRONG,
        "no signature secret",
    ),
    "two parameters in one": (
        {
            "api-key=abcd1234&messageId": RECEIPT["messageId"],
            **{name: value for name, value in signed(RECEIPT).items() if name not in ("api-key", "messageId")},
        },
        Verdict.WRONG,
        "a name that the provider never gives",
    ),
    "a length of no method": ({**RECEIPT, "sig": "abc"}, Verdict.WRONG, "length"),
    "no ASCII": ({**RECEIPT, "sig": "é" * 64}, Verdict.WRONG, "no signature secret"),
    "an account of nobody": (signed({**RECEIPT, "api-key": "ffff0000"}), Verdict.WRONG, "of no account"),
    "no time": (
        signed({name: value for name, value in RECEIPT.items() if name != "timestamp"}),
        Verdict.WRONG,
        "no timestamp",
    ),
    "a time that is none": (signed({**RECEIPT, "timestamp": "today"}), Verdict.WRONG, "no timestamp"),
    "the future": (signed({**RECEIPT, "timestamp": str(int(NOW) + 300)}), Verdict.WRONG, "future"),
    "four days old": (signed({**RECEIPT, "timestamp": str(int(NOW) - 345_600)}), Verdict.WRONG, "older"),
}


@pytest.mark.parametrize(("parameters", "verdict", "why"), NOT_BELIEVED.values(), ids=NOT_BELIEVED)
def test_what_no_account_of_ours_signed_is_not_believed(parameters: dict[str, str], verdict: Verdict, why: str) -> None:
    found = verify_legacy(urlencode(parameters).encode(), FORM, [OURS], now=NOW)

    assert (verdict, None) == (found.verdict, found.account)
    assert why in found.why


def test_a_secret_that_can_be_guessed_proves_nothing() -> None:
    weak = account("weak", secrets=("", "short"))

    for secret in ("", "short"):
        found = verify_legacy(urlencode(signed(RECEIPT, secret=secret)).encode(), FORM, [weak], now=NOW)
        assert Verdict.WRONG is found.verdict


@pytest.mark.parametrize(
    ("word", "code", "status", "expected"),
    [
        ("accepted", "0", "submitted", None),
        ("delivered", "0", "delivered", None),
        ("Delivered", "", "delivered", None),
        ("expired", "2", "rejected", "1360"),
        ("failed", "8", "rejected", "1230"),
        ("failed", "", "rejected", "1330"),
        ("rejected", "9", "rejected", "1240"),
        ("rejected", "777", "rejected", "1330"),
        ("unknown", "9", "rejected", "1330"),
    ],
)
def test_words_and_codes_of_a_receipt_become_those_of_v1(
    word: str, code: str, status: str, expected: str | None
) -> None:
    translated = receipt_as_v1(urlencode({**RECEIPT, "status": word, "err-code": code}).encode(), FORM)

    assert translated is not None
    body = json.loads(translated)
    assert (status, expected) == (body["status"], body.get("error", {}).get("title"))


def test_every_code_of_the_sms_api_has_a_meaning_in_v1() -> None:
    assert set(CODES.values()) <= CODES_OF_V1.keys()


def test_a_buffered_message_is_no_news() -> None:
    assert receipt_as_v1(urlencode({**RECEIPT, "status": "buffered"}).encode(), FORM) is None


UNREADABLE: dict[str, tuple[bytes, str, str]] = {
    "no status": (b"messageId=1", FORM, "unknown_status"),
    "a status of nobody": (b"messageId=1&status=seen", FORM, "unknown_status"),
    "no message": (b"status=delivered", FORM, "required"),
    "a name twice": (b"status=delivered&status=failed&messageId=1", FORM, "duplicate"),
    "bytes that are no text": (b"status=%ff", FORM, "encoding"),
    "a zero byte": (b"status=delivered&messageId=a%00b", FORM, "text"),
    "a thousand parameters": (b"&".join(b"a%d=1" % number for number in range(1000)), FORM, "form"),
    "a hundred kilobytes": (b"text=" + b"a" * 100_000, FORM, "too_large"),
    "a hundred kilobytes of JSON": (b'{"text": "' + b"a" * 100_000 + b'"}', JSON, "too_large"),
    "JSON that is a list": (b"[]", JSON, "type"),
    "JSON that nests": (b'{"status": {"word": "delivered"}}', JSON, "type"),
    "no JSON": (b"status=delivered", JSON, "json"),
}


@pytest.mark.parametrize(("raw", "content_type", "code"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_is_no_receipt_is_a_wire_error_that_says_why(raw: bytes, content_type: str, code: str) -> None:
    with pytest.raises(WireError) as refusal:
        receipt_as_v1(raw, content_type)

    assert code == refusal.value.faults[0].code


@pytest.mark.parametrize("missing", ["messageId", "msisdn", "to"])
def test_an_inbound_message_that_leads_nowhere_is_a_wire_error(missing: str) -> None:
    with pytest.raises(WireError) as refusal:
        inbound_as_v1(urlencode({name: value for name, value in RECEIPT.items() if name != missing}).encode(), FORM)

    assert missing == refusal.value.faults[0].name


def test_the_network_of_an_inbound_message_is_told_where_v1_tells_it() -> None:
    told = [
        json.loads(inbound_as_v1(urlencode({**RECEIPT, **more}).encode(), FORM))
        for more in ({"network-code": "23410"}, {})
    ]

    assert [{"network_code": "23410"}, None] == [body.get("origin") for body in told]


def test_numbers_and_truths_of_json_are_read_as_they_are_written() -> None:
    raw = b'{"concat": true, "concat-total": 2, "price": 0.05, "text": null, "type": "text"}'

    assert {"concat": "true", "concat-total": "2", "price": "0.05", "text": "", "type": "text"} == parameters_of(
        raw, JSON
    )


NAMES = st.sampled_from([*RECEIPT, "sig", "err-code", "client-ref", "concat", "concat-total", "type", "keyword"])
VALUES = st.text(max_size=12) | st.sampled_from(["delivered", "rejected", "true", "2", "447700900000"])


@given(st.dictionaries(NAMES, VALUES), st.binary(max_size=60), st.sampled_from([FORM, JSON, "", None]))
def test_no_input_makes_a_reader_raise_anything_but_a_wire_error(
    parameters: dict[str, str], noise: bytes, content_type: str | None
) -> None:
    for raw in (urlencode(parameters, errors="replace").encode(), json.dumps(parameters).encode(), noise):
        verify_legacy(raw, content_type, [OURS], now=NOW)
        for reader in (receipt_as_v1, inbound_as_v1):
            with suppress(WireError):
                translated = reader(raw, content_type)
                if translated is not None:
                    read(translated)
