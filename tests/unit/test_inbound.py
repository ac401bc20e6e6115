"""Whose an inbound message is that answers nothing of ours, and where it goes."""

import json
from dataclasses import replace

import pytest

from services.dispatcher.addressees import tenant_of
from services.dispatcher.inbound import inbound_piece
from services.dispatcher.ports import Delivery
from services.dispatcher.work import InboundRead
from shared.store.directory import Account, ApiKey, Application, Directory, Route, Tenant
from shared.store.records import Turn
from shared.vonage.webhooks import read_inbound

NOW = 1_800_000_000.0
EMPTY = Turn(now=NOW, workflows={}, by_provider_uuid={}, attempts={}, suppressed=frozenset(), tombstones={})
RAW = json.dumps(
    {
        "channel": "sms",
        "message_uuid": "in-1",
        "to": "447000000000",
        "from": "447700900001",
        "timestamp": "2026-03-02T10:00:00Z",
        "message_type": "text",
        "text": "hello",
    }
).encode()
DELIVERY = Delivery(
    token=1,
    queue="cascade.inbound",
    exchange="cascade.receipts",
    routing_key="inbound",
    type="webhook.1",
    message_id="m",
    user_id=None,
    reply_to=None,
    correlation_id=None,
    content_type=None,
    content_encoding=None,
    headers={},
    body=RAW,
)
READ = InboundRead(account="main", message=read_inbound(RAW), raw=RAW, delivery=DELIVERY)


def application(name: str, *, tenant: str = "acme", url: str | None = "yes", version: str | None = None) -> Application:
    address = f"https://{name}.example/" if url else None
    return Application(application_id=name, tenant=tenant, public_key="", inbound_url=address, webhook_version=version)


def told(*applications: Application, tenant_url: str | None = None) -> list[tuple[str, str | None, bool]]:
    """Return address, application and whether it is v0.1, of whoever is told."""
    directory = Directory(
        now=NOW,
        deployment_secret=b"",
        tenants={"acme": Tenant(name="acme", inbound_url=tenant_url)},
        applications={each.application_id: each for each in applications},
        keys={"k": ApiKey(api_key="k", tenant="acme", secret_hashes=(), signature_secret="s" * 32)},
    )
    rows = inbound_piece(READ, turn=EMPTY, directory=directory, owner="d-1").callbacks
    return [(row.url, row.application_id, "message" in json.loads(row.body)) for row in rows]


def test_the_tenants_own_address_goes_before_its_applications() -> None:
    assert [("https://acme.example/", None, False)] == told(application("a"), tenant_url="https://acme.example/")


@pytest.mark.parametrize(("version", "is_v0_1"), [("v0.1", True), ("v1", False), (None, False)])
def test_else_the_only_application_with_an_address_is_told_in_its_form(version: str | None, is_v0_1: bool) -> None:
    others = (application("b", url=None), application("c", tenant="rival"))

    assert [("https://a.example/", "a", is_v0_1)] == told(application("a", version=version), *others)


def test_of_several_applications_none_is_guessed() -> None:
    assert [] == told(application("a"), application("b"))
    assert [] == told(application("a", tenant="rival"))
    assert [] == told()


ROUTES: dict[str, tuple[tuple[Route, ...], str]] = {
    "none": ((), "default"),
    "of the account": ((Route(account="main", tenant="a"),), "a"),
    "of another account": ((Route(account="other", tenant="a"),), "default"),
    "of nobody": ((Route(account="main"),), "default"),
    "of the channel before the account": (
        (Route(account="main", tenant="a"), Route(account="main", tenant="b", channel="sms")),
        "b",
    ),
    "of the number before the channel": (
        (
            Route(account="main", tenant="b", channel="sms"),
            Route(account="main", tenant="c", sender="447000000000"),
        ),
        "c",
    ),
    "of another channel": ((Route(account="main", tenant="a", channel="rcs"),), "default"),
    "of another number": ((Route(account="main", tenant="a", sender="447000000001"),), "default"),
}


@pytest.mark.parametrize(("routes", "expected"), ROUTES.values(), ids=ROUTES)
def test_the_most_specific_route_says_whose_number_was_written_to(routes: tuple[Route, ...], expected: str) -> None:
    tenants = {name: Tenant(name=name) for name in ("a", "b", "c")}
    directory = Directory(now=NOW, deployment_secret=b"", tenants=tenants, routes=routes)

    assert expected == tenant_of(READ, directory)


def test_the_only_tenant_there_is_gets_what_no_route_names() -> None:
    directory = Directory(now=NOW, deployment_secret=b"", tenants={"acme": Tenant(name="acme")})

    assert "acme" == tenant_of(READ, directory)


def account(name: str, *, application_id: str | None = None, api_key: str = "k") -> Account:
    return Account(
        name=name,
        base_url="https://provider.example",
        generation="v1",
        api_key=api_key,
        application_id=application_id,
        private_key=None,
        api_secret=None,
        signature_secrets=(),
    )


NUMBER = READ.message.recipient
THEIRS = application("theirs", tenant="b")
NAMED: dict[str, tuple[tuple[Route, ...], Application, str | None, str]] = {
    "before a route of the account": (
        (Route(account="main", tenant="a"), Route(account="main", tenant="b", channel="rcs")),
        THEIRS,
        None,
        "b",
    ),
    "before a route of the number": (
        (Route(account="main", tenant="a", sender=NUMBER), Route(account="main", tenant="b")),
        THEIRS,
        None,
        "b",
    ),
    "by a route for all": ((Route(account="main"),), THEIRS, None, "b"),
    "by another name of the account": ((Route(account="twin", tenant="b"),), THEIRS, None, "b"),
    "not where it is the account's own, which all may share, before a route of the number": (
        (Route(account="main", tenant="a", sender=NUMBER), Route(account="main", tenant="b")),
        THEIRS,
        "theirs",
        "a",
    ),
    "though it is the account's own, before a route of the account": (
        (Route(account="main", tenant="a"), Route(account="main", tenant="b")),
        THEIRS,
        "theirs",
        "b",
    ),
    "not of a tenant that has no way to this account": (
        (Route(account="main", tenant="a"), Route(account="other", tenant="b")),
        THEIRS,
        None,
        "a",
    ),
    "not one that was revoked": (
        (Route(account="main", tenant="a"), Route(account="main", tenant="b", channel="rcs")),
        replace(THEIRS, revoked=True),
        None,
        "a",
    ),
    "not an unknown one": ((Route(account="main", tenant="a"),), application("others", tenant="b"), None, "a"),
}


@pytest.mark.parametrize(("routes", "named", "own", "expected"), NAMED.values(), ids=NAMED)
def test_the_application_that_the_signature_names_says_whose_message_it_is(
    routes: tuple[Route, ...], named: Application, own: str | None, expected: str
) -> None:
    accounts = (account("main", application_id=own), account("twin"), account("other", api_key="z"))
    directory = Directory(
        now=NOW,
        deployment_secret=b"",
        accounts={each.name: each for each in accounts},
        tenants={name: Tenant(name=name) for name in ("a", "b")},
        applications={named.application_id: named},
        routes=routes,
    )

    assert expected == tenant_of(replace(READ, application_id="theirs"), directory)


@pytest.mark.parametrize(("accounts", "allowed"), [(("main",), True), (("main", "other"), False), (("default",), True)])
def test_without_routes_only_the_account_that_serves_everybody_may_be_used(
    accounts: tuple[str, ...], allowed: bool
) -> None:
    directory = Directory(
        now=NOW, deployment_secret=b"", accounts={name: account(name, api_key=name) for name in accounts}
    )

    assert allowed is directory.may_use("a", accounts[0])


@pytest.mark.parametrize(
    ("uuid", "public_url", "href"),
    [
        ("in-1", "https://cascade.example", "https://cascade.example/v1/messages/in-1"),
        ("in-1", "https://cascade.example/sms", "https://cascade.example/sms/v1/messages/in-1"),
        ("../x?y", "https://cascade.example", "https://cascade.example/v1/messages/..%2Fx%3Fy"),
        ("in-1", None, None),
    ],
)
def test_what_is_told_and_kept_leads_to_us_and_never_to_the_provider(
    uuid: str, public_url: str | None, href: str | None
) -> None:
    theirs = "https://api-eu.vonage.com/v1/messages/in-1"
    raw = json.dumps({**json.loads(RAW), "message_uuid": uuid, "_self": {"href": theirs}}).encode()
    directory = Directory(
        now=NOW,
        deployment_secret=b"",
        tenants={"acme": Tenant(name="acme", inbound_url="https://acme.example/")},
        keys={"k": ApiKey(api_key="k", tenant="acme", secret_hashes=(), signature_secret="s" * 32)},
    )
    read = replace(READ, message=read_inbound(raw), raw=raw)
    piece = inbound_piece(read, turn=EMPTY, directory=directory, owner="d-1", public_url=public_url)

    (told,), (kept,) = piece.callbacks, piece.inbound
    assert (None if href is None else {"href": href}) == json.loads(told.body).get("_self")
    assert told.body == kept.raw
    assert theirs == kept.region_url
