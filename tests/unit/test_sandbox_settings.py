"""The sandbox names the variable of every mistake, and judges webhooks and their retries by the book."""

import base64
import hashlib
import json
import time
from datetime import UTC, datetime
from pathlib import Path

import jwt
import pytest
from standardwebhooks.webhooks import Webhook

from services.sandbox.page import phones_of
from services.sandbox.reading import read_json
from services.sandbox.settings import Settings, SettingsError, read_settings
from services.sandbox.verification import both, provider_style, standard_style
from services.sandbox.webhooks import retry_delay_s
from tests.support.sandbox import make_account

SECRET = "s" * 32
BODY = b'{"status":"delivered"}'


def test_an_empty_environment_listens_on_this_machine_only() -> None:
    settings = read_settings({})

    assert Settings() == settings
    assert ("127.0.0.1", 8082) == (settings.host, settings.port)


def test_all_mistakes_are_told_together_each_with_its_variable(tmp_path: Path) -> None:
    missing = tmp_path / "missing.json"
    with pytest.raises(SettingsError) as told:
        read_settings(
            {
                "CASCADE_SANDBOX_PORT": "80000",
                "CASCADE_SANDBOX_RETRY_SCALE": "fast",
                "CASCADE_SANDBOX_STRICT": "perhaps",
                "CASCADE_SANDBOX_CONFIG": str(missing),
            }
        )

    assert [
        "CASCADE_SANDBOX_CONFIG",
        "CASCADE_SANDBOX_PORT",
        "CASCADE_SANDBOX_RETRY_SCALE",
        "CASCADE_SANDBOX_STRICT",
    ] == [line.partition(":")[0] for line in str(told.value).splitlines()]


@pytest.mark.parametrize(
    ("environment", "variable"),
    [
        pytest.param({"TLS_CERT": "nowhere.pem"}, "TLS_CERT", id="no certificate"),
        pytest.param({"TLS_KEY": __file__}, "TLS_KEY", id="a key alone"),
        pytest.param({"WINDOW_SCALE": "0"}, "WINDOW_SCALE", id="no time at all"),
    ],
)
def test_a_setting_that_can_not_work_is_named(environment: dict[str, str], variable: str) -> None:
    with pytest.raises(SettingsError, match=f"^CASCADE_SANDBOX_{variable}: "):
        read_settings({f"CASCADE_SANDBOX_{name}": value for name, value in environment.items()})


def test_applications_and_secrets_come_from_a_file(tmp_path: Path) -> None:
    account = make_account()
    file = tmp_path / "sandbox.json"
    fields = {
        "public_key": account.public_key,
        "status_url": "http://127.0.0.1:1/status",
        "inbound_url": "http://127.0.0.1:1/inbound",
        "api_key": account.api_key,
        "signature_secret": account.signature_secret,
    }
    content = {"applications": {account.application_id: fields}, "callback_secrets": {"abcd": SECRET}}
    file.write_text(json.dumps(content))

    settings = read_settings({"CASCADE_SANDBOX_CONFIG": str(file)})

    assert [account.application_id] == [application.application_id for application in settings.applications]
    assert {"abcd": SECRET} == settings.callback_secrets


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param("{", "holds no JSON", id="no JSON"),
        pytest.param('{"apps": {}}', "apps is not a field", id="an unknown field"),
        pytest.param('{"applications": {"x": {}}}', "application_id must be a UUID", id="no UUID"),
        pytest.param('{"callback_secrets": []}', "secrets must be an object", id="secrets in a list"),
    ],
)
def test_a_bad_file_is_told_by_what_is_wrong_in_it(tmp_path: Path, content: str, words: str) -> None:
    file = tmp_path / "sandbox.json"
    file.write_text(content)

    with pytest.raises(SettingsError, match=words):
        read_settings({"CASCADE_SANDBOX_CONFIG": str(file)})


def test_secrets_are_not_shown_with_the_settings() -> None:
    assert SECRET not in repr(Settings(callback_secrets={"abcd": SECRET}))


def test_tries_wait_from_five_seconds_doubling_to_a_quarter_of_an_hour() -> None:
    assert [5, 10, 20, 40, 80, 160, 320, 640, 900, 900] == [retry_delay_s(attempt) for attempt in range(1, 11)]
    assert retry_delay_s(5000) == 900


def token(secret: str = SECRET, **changes: object) -> str:
    claims = {
        "iat": int(time.time()),
        "jti": "one",
        "iss": "Vonage",
        "payload_hash": hashlib.sha256(BODY).hexdigest(),
        "api_key": "abcd",
    }
    return "Bearer " + jwt.encode({**claims, **changes}, secret, algorithm="HS256")


@pytest.mark.parametrize(
    ("secret", "changes", "expected"),
    [
        pytest.param(SECRET, {}, "good", id="good"),
        pytest.param("x" * 32, {}, "wrong", id="another secret"),
        pytest.param(SECRET, {"api_key": "efgh"}, "wrong", id="an unknown key"),
        pytest.param(SECRET, {"payload_hash": "0" * 64}, "wrong", id="another body"),
        pytest.param(SECRET, {"iss": "Acme"}, "wrong", id="another issuer"),
        pytest.param(SECRET, {"iat": 9_999_999_999}, "wrong", id="from the future"),
    ],
)
def test_a_providers_signature_holds_or_does_not(secret: str, changes: dict[str, object], expected: str) -> None:
    assert expected == provider_style({"authorization": token(secret, **changes)}, BODY, {"abcd": SECRET})


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        pytest.param({}, "none", id="none"),
        pytest.param({"authorization": "Basic YTpi"}, "wrong", id="basic"),
        pytest.param({"authorization": "Bearer nonsense"}, "wrong", id="nonsense"),
    ],
)
def test_what_is_no_token_is_no_signature(headers: dict[str, str], expected: str) -> None:
    assert expected == provider_style(headers, BODY, {"abcd": SECRET})


def standard(secret: bytes | str, body: bytes = BODY, age_s: float = 0) -> dict[str, str]:
    moment = datetime.fromtimestamp(int(time.time() - age_s), UTC)
    signature = Webhook(secret).sign("msg_1", moment, body.decode())
    return {"webhook-id": "msg_1", "webhook-timestamp": str(int(moment.timestamp())), "webhook-signature": signature}


@pytest.mark.parametrize(
    ("secret", "body", "age_s", "changes", "expected"),
    [
        pytest.param(SECRET.encode(), BODY, 0, {}, "good", id="the bytes of the secret"),
        pytest.param(b"x" * 32, BODY, 0, {}, "wrong", id="another secret"),
        pytest.param(SECRET.encode(), b"{}", 0, {}, "wrong", id="another body"),
        pytest.param(SECRET.encode(), BODY, 3600, {}, "wrong", id="too old"),
        pytest.param(SECRET.encode(), BODY, 0, {"webhook-signature": "v1"}, "wrong", id="no comma"),
    ],
)
def test_a_standard_webhook_holds_or_does_not(
    secret: bytes, body: bytes, age_s: float, changes: dict[str, str], expected: str
) -> None:
    headers = {**standard(secret, body, age_s), **changes}

    assert expected == standard_style(headers, BODY, {"abcd": SECRET})


def test_headers_of_a_standard_webhook_come_together_or_not_at_all() -> None:
    assert standard_style({}, BODY, {"abcd": SECRET}) == "none"
    assert standard_style({"webhook-id": "msg_1"}, BODY, {"abcd": SECRET}) == "wrong"


def test_a_secret_that_is_written_whsec_stands_for_the_bytes_behind_it() -> None:
    written = "whsec_" + base64.b64encode(b"k" * 24).decode()

    assert standard_style(standard(b"k" * 24), BODY, {"abcd": written}) == "good"


def test_what_is_signed_twice_must_hold_twice() -> None:
    assert ["good", "good", "wrong", "none"] == [
        both("good", "none"),
        both("good", "good"),
        both("good", "wrong"),
        both("none", "none"),
    ]


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b'{"a": NaN}', id="no number"),
        pytest.param(b'"\\ud800"', id="half a surrogate pair"),
        pytest.param(b"[" * 100_000, id="nested without end"),
        pytest.param(b"\xff", id="no UTF-8"),
    ],
)
def test_what_is_no_json_is_refused(raw: bytes) -> None:
    with pytest.raises(ValueError):
        read_json(raw)


def test_the_phone_that_got_the_newest_message_comes_first() -> None:
    def message(to: str, text: str, *statuses: str) -> dict[str, object]:
        return {
            "to": to,
            "from": "Acme",
            "channel": "sms",
            "body": {"text": text},
            "received_at": "2026-03-02T09:15:04.120Z",
            "statuses": [{"status": status} for status in statuses],
        }

    phones = phones_of([message("1", "a", "delivered", "submitted"), message("2", "b"), message("1", "c", "rejected")])

    assert [("1", ["a", "c"]), ("2", ["b"])] == [
        (phone.number, [bubble.text for bubble in phone.bubbles]) for phone in phones
    ]
    assert ["delivered", "rejected", "no receipt yet"] == [
        bubble.status for phone in phones for bubble in phone.bubbles
    ]
