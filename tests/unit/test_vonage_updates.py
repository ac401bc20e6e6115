"""The PATCH of one message: its body, its answer, and above all where our credentials may go."""

import json

import pytest

from shared.model import Scope
from shared.outcomes import Accepted, Busy, OurFault, Refused, Unsure
from shared.store.directory import Account
from shared.vonage.updates import Update, build_update, read_update, update_url

UUID = "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab"
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
HOME = f"https://api.nexmo.com/v1/messages/{UUID}"


def test_the_request_says_what_is_to_become_of_the_message() -> None:
    update = Update(provider_uuid=UUID, status="read", replying_indicator={"show": True, "type": "text"})

    request = build_update(ACCOUNT, update, authorization="Basic x", user_agent="cascade/1")

    assert ("PATCH", HOME) == (request.method, request.url)
    assert {"status": "read", "replying_indicator": {"show": True, "type": "text"}} == json.loads(request.body)
    assert "Basic x" == request.headers["Authorization"]


def test_a_revocation_says_nothing_else() -> None:
    request = build_update(
        ACCOUNT, Update(provider_uuid=UUID, status="revoked"), authorization="x", user_agent="cascade/1"
    )

    assert {"status": "revoked"} == json.loads(request.body)


REGIONS = {
    "https://api-eu.vonage.com/v1/messages/x": "https://api-eu.vonage.com",
    "https://API-US.VONAGE.COM/v1/messages/x": "https://api-us.vonage.com",
    "https://api-ap.nexmo.com:443/v1/messages/x?y#z": "https://api-ap.nexmo.com",
}
ELSEWHERE = [
    None,
    "https://api.nexmo.com/v1/messages/x",
    "http://api-eu.vonage.com/v1/messages/x",
    "https://api-eu.vonage.com:8443/x",
    "https://vonage.com/x",
    "https://evilvonage.com/x",
    "https://api.vonage.com.evil.example/x",
    "https://evil.example/api-eu.vonage.com",
    "https://evil.example#.vonage.com",
    "https://evil.example?.nexmo.com",
    "https://user:pw@api-eu.vonage.com/x",
    "https://evil.example\\.vonage.com/x",
    "https://api-eu.vonage.com:port/x",
    "https://api-eu.vonáge.com/x",
    "https://[::1]/x",
    "https://[broken/x",
    "ftp://api-eu.vonage.com/x",
    "//api-eu.vonage.com/x",
    "",
]


@pytest.mark.parametrize(("named", "host"), REGIONS.items())
def test_a_region_of_the_provider_s_is_called(named: str, host: str) -> None:
    assert f"{host}/v1/messages/{UUID}" == update_url(ACCOUNT, UUID, named)


@pytest.mark.parametrize("named", ELSEWHERE)
def test_nothing_else_is_ever_called_but_the_account_s_own_host(named: str | None) -> None:
    assert HOME == update_url(ACCOUNT, UUID, named)


def test_an_id_can_not_lead_to_another_path() -> None:
    assert "https://api.nexmo.com/v1/messages/..%2F..%2Fsecrets%3Fx" == update_url(ACCOUNT, "../../secrets?x", None)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(200, Accepted), (202, Accepted), (204, Accepted), (404, OurFault), (422, Refused), (429, Busy), (500, Unsure)],
)
def test_the_answer_is_read_by_its_status(status: int, kind: type[object]) -> None:
    outcome = read_update(Update(provider_uuid=UUID, status="read"), status=status, headers={}, body=b"", now=1.0)

    assert isinstance(outcome, kind)
    assert status != 404 or (isinstance(outcome, OurFault) and Scope.CHANNEL is outcome.scope)
