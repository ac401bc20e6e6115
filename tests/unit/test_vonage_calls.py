"""What leaves the house: the body of a v1 call, its headers, and who we say we are."""

import json
from base64 import b64decode
from dataclasses import replace
from itertools import count

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_ec_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from shared.errors import ConfigError
from shared.ids import parse_reference, reference
from shared.model import Message
from shared.vonage.calls import ProviderRequest, build_call
from shared.vonage.tokens import Authorizations
from tests.support.vonage_accounts import APPLICATION, account, private_pem, public_pem

WORKFLOW = "0190a6e2-f000-8abc-8def-0123456789ab"[:-2] + "00"
REFERENCE = reference(WORKFLOW, 2, 1)
NOW = 1_790_000_000.5


def message(channel: str, content: dict[str, object], *, ttl: int | None = None) -> Message:
    return Message(channel=channel, kind="text", recipient="447700900000", sender="Acme", content=content, ttl=ttl)


def built(of: Message, *, ttl: int | None = None, base_url: str = "https://provider.example") -> ProviderRequest:
    return build_call(
        account(base_url=base_url),
        of,
        reference=REFERENCE,
        ttl=ttl,
        authorization="Bearer x",
        user_agent="cascade/0.1.0",
    )


def body_of(of: Message, *, ttl: int | None = None) -> object:
    return json.loads(built(of, ttl=ttl).body)


COMMON = {"to": "447700900000", "from": "Acme", "message_type": "text", "client_ref": REFERENCE}


@pytest.mark.parametrize("channel", ["sms", "mms", "rcs"])
def test_the_ttl_stands_at_the_top_on_sms_mms_and_rcs(channel: str) -> None:
    assert {**COMMON, "channel": channel, "text": "Hi", "ttl": 1800} == body_of(
        message(channel, {"text": "Hi"}), ttl=1800
    )


def test_the_ttl_stands_inside_viber_service_beside_what_was_there() -> None:
    content: dict[str, object] = {"text": "Hi", "viber_service": {"category": "transaction", "ttl": 86400}}

    assert {
        **COMMON,
        "channel": "viber_service",
        "text": "Hi",
        "viber_service": {"category": "transaction", "ttl": 595},
    } == body_of(message("viber_service", content), ttl=595)
    assert {"ttl": 30} == json.loads(built(message("viber_service", {"text": "Hi"}), ttl=30).body)["viber_service"]


def test_without_a_ttl_of_ours_none_is_sent() -> None:
    assert {**COMMON, "channel": "messenger", "text": "Hi"} == body_of(message("messenger", {"text": "Hi"}, ttl=99))


def test_members_of_the_content_go_untouched() -> None:
    content: dict[str, object] = {
        "text": "Привет 👋 \u0000",
        "sms": {"encoding_type": "auto", "pool_id": "x"},
        "trusted_recipient": True,
        "new_member_nobody_knows": [1, {"deep": None}],
    }

    assert {**COMMON, "channel": "sms", **content} == body_of(message("sms", content))


def test_words_of_ours_and_the_callers_reference_never_leave() -> None:
    content = dict.fromkeys(
        "to from channel message_type client_ref webhook_url webhook_version ttl failover expiry_time condition_status"
        " valid_for final_receipt_time delivery when_stopped priority align_ttl engine person".split(),
        "the caller's",
    )

    assert {**COMMON, "channel": "sms"} == body_of(message("sms", dict(content)))


def test_the_request_says_what_it_is() -> None:
    request = built(message("sms", {"text": "Hi"}), base_url="http://127.0.0.1:8082/")

    assert ("POST", "http://127.0.0.1:8082/v1/messages") == (request.method, request.url)
    assert {
        "Authorization": "Bearer x",
        "Content-Type": "application/json",
        "Accept": "application/json",
        "Accept-Encoding": "identity",
        "User-Agent": "cascade/0.1.0",
    } == dict(request.headers)


def test_the_reference_leads_back_to_the_attempt() -> None:
    sent = json.loads(built(message("sms", {"text": "Hi"})).body)["client_ref"]

    assert (WORKFLOW, 2, 1) == parse_reference(sent)


def test_an_account_of_another_generation_is_a_mistake_of_the_configuration() -> None:
    with pytest.raises(ConfigError, match="account default: generation 'v9'"):
        build_call(
            replace(account(), generation="v9"),
            message("sms", {}),
            reference=REFERENCE,
            ttl=None,
            authorization="x",
            user_agent="x",
        )


class Tokens:
    """Headers for one account at moments of our choice, each new token with the next number as its id."""

    def __init__(self) -> None:
        self.authorizations = Authorizations()
        self.numbers = count(1)

    def at(self, now: float, instead_of: str | None = None) -> str:
        return self.authorizations.header(
            account(), now=now, new_jti=lambda: f"jti-{next(self.numbers)}", instead_of=instead_of
        )


def claims(header: str) -> dict[str, object]:
    found: dict[str, object] = jwt.decode(
        header.removeprefix("Bearer "),
        public_pem(),
        algorithms=["RS256"],
        options={"verify_exp": False, "verify_iat": False},
    )
    return found


def test_a_token_names_the_application_and_lives_for_fifteen_minutes() -> None:
    header = Tokens().at(NOW)

    assert {"application_id": APPLICATION, "iat": 1_790_000_000, "jti": "jti-1", "exp": 1_790_000_900} == claims(header)
    assert {"alg": "RS256", "typ": "JWT"} == jwt.get_unverified_header(header.removeprefix("Bearer "))


@pytest.mark.parametrize(
    ("after_s", "same"),
    [(0.0, True), (839.0, True), (840.0, False), (900.0, False), (-59.0, True), (-61.0, False)],
)
def test_a_token_is_used_again_until_a_minute_before_its_end(after_s: float, same: bool) -> None:
    tokens = Tokens()
    first = tokens.at(NOW)

    assert same is (first == tokens.at(NOW + after_s))


def test_a_refused_token_is_not_given_again_and_its_successor_is_shared() -> None:
    tokens = Tokens()
    first = tokens.at(NOW)
    second = tokens.at(NOW + 1, instead_of=first)
    third = tokens.at(NOW + 2, instead_of=first)

    assert "jti-2" == claims(second)["jti"]
    assert second == third == tokens.at(NOW + 3)


def test_another_key_under_the_same_name_makes_another_token() -> None:
    authorizations, first = Authorizations(), account()
    other = replace(first, application_id="22222222-2222-4333-8444-555555555555")
    headers = [authorizations.header(each, now=NOW, new_jti=lambda: "j") for each in (first, other, first)]

    assert headers[0] == headers[2] != headers[1]


def test_an_account_without_an_application_uses_basic() -> None:
    header = Authorizations().header(account(with_token=False), now=NOW, new_jti=lambda: "j")

    assert b"abcd1234:the api secret" == b64decode(header.removeprefix("Basic "))


def ec_pem() -> str:
    key = generate_ec_key(SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


UNUSABLE = {
    "a key of 1,024 bits": (lambda: private_pem(1024), "account default: the private key has 1024 bits"),
    "an elliptic key": (ec_pem, "account default: the private key is not an RSA key"),
    "a public key": (public_pem, "account default: the private key is not an unencrypted PEM key"),
    "an empty key": (lambda: "", "account default: the private key is not an unencrypted PEM key"),
    "words": (lambda: "hello", "account default: the private key is not an unencrypted PEM key"),
}


@pytest.mark.parametrize(("pem", "said"), UNUSABLE.values(), ids=UNUSABLE)
def test_a_key_that_signs_no_good_token_is_refused_by_the_accounts_name(pem: object, said: str) -> None:
    assert callable(pem)
    text = pem()
    with pytest.raises(ConfigError) as refusal:
        Authorizations().header(replace(account(), private_key=text), now=NOW, new_jti=lambda: "j")

    assert str(refusal.value).startswith(said)
    assert not text or text not in str(refusal.value)


def test_an_account_without_any_credentials_is_refused_by_its_name() -> None:
    with pytest.raises(ConfigError, match="account default: has neither"):
        Authorizations().header(replace(account(with_token=False), api_secret=None), now=NOW, new_jti=lambda: "j")
