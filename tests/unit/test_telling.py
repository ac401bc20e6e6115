"""Whom a status and the final report are told to, in which form, and with which key."""

import json
from dataclasses import replace

import pytest

from services.dispatcher.events import TellStatus
from services.dispatcher.telling import end_told, status_told
from shared.model import Entry, Generation, Outcome, State, Status, What, Workflow
from shared.store.directory import ApiKey, Application, Directory, Tenant
from tests.support.plans import START, viber_then_sms

MESSAGE, OTHER, APPLICATION, TENANT = (
    "https://message.example/",
    "https://other.example/",
    "https://application.example/",
    "https://tenant.example/",
)
ENTRY = Entry(sequence=3, at=START + 5, by="provider", step=1, what=What.RECEIPT)


def key(name: str, *, made_at: float = 1.0, revoked: bool = False, tenant: str = "acme") -> ApiKey:
    return ApiKey(api_key=name, tenant=tenant, secret_hashes=(), signature_secret="s", made_at=made_at, revoked=revoked)


def directory(*keys: ApiKey, of_application: str | None = APPLICATION, of_tenant: str | None = TENANT) -> Directory:
    return Directory(
        now=START,
        deployment_secret=b"",
        tenants={"acme": Tenant(name="acme", status_url=of_tenant)},
        applications={
            "a-1": Application(application_id="a-1", tenant="acme", public_key="", status_url=of_application)
        },
        keys={each.api_key: each for each in keys},
    )


def sent(*addresses: str | None) -> Workflow:
    """Return an ended workflow whose steps name these addresses of their own."""
    made = viber_then_sms()
    steps = tuple(replace(step, webhook_url=url) for step, url in zip(made.steps, addresses, strict=True))
    return replace(made, application_id="a-1", steps=steps, state=State.FINAL, outcome=Outcome.DELIVERED)


def told(workflow: Workflow, where: Directory) -> list[list[str]]:
    """Return the addresses told of step 1's status, of step 2's, and of the end."""
    statuses = [
        status_told(workflow, ENTRY, TellStatus(sequence=3, step=step, status=Status.DELIVERED), where)
        for step in (1, 2)
    ]
    return [[row.url for row in rows] for rows in (*statuses, end_told(workflow, ENTRY, where))]


def test_a_messages_own_address_silences_the_applications_and_the_report_follows_the_first_message() -> None:
    assert [[MESSAGE], [OTHER], [MESSAGE]] == told(sent(MESSAGE, OTHER), directory())
    assert [[MESSAGE], [APPLICATION], [MESSAGE]] == told(sent(MESSAGE, None), directory())
    assert [[APPLICATION], [OTHER], [APPLICATION]] == told(sent(None, OTHER), directory())


def test_without_an_address_of_its_own_the_application_is_told_else_the_tenant_else_nobody() -> None:
    workflow = sent(None, None)

    assert [[APPLICATION]] * 3 == told(workflow, directory())
    assert [[TENANT]] * 3 == told(workflow, directory(of_application=None))
    assert [[]] * 3 == told(workflow, directory(of_application=None, of_tenant=None))


FORMS = {
    "the message's own": ("v1", "v0.1", Generation.V0_1, "v1"),
    "the message's own, the other way": ("v0.1", "v1", Generation.V1, "v0.1"),
    "the application's": (None, "v1", Generation.V0_1, "v1"),
    "the application's, of a beta request": (None, "v1", Generation.BETA, "v1"),
    "the application's, of a v1 request": (None, "v0.1", Generation.V1, "v0.1"),
    "the request's": (None, None, Generation.V1, "v1"),
    "the request's, v0.1": (None, None, Generation.V0_1, "v0.1"),
    "the request's, beta": (None, None, Generation.BETA, "v0.1"),
}


@pytest.mark.parametrize(("own", "applications", "generation", "expected"), FORMS.values(), ids=FORMS)
def test_the_nearest_wish_for_a_form_is_granted(
    own: str | None, applications: str | None, generation: Generation, expected: str
) -> None:
    made = sent(None, None)
    first, second = made.steps
    workflow = replace(made, generation=generation, steps=(replace(first, webhook_version=own), second))
    known = directory()
    application = replace(known.applications["a-1"], webhook_version=applications)
    tell = TellStatus(sequence=3, step=1, status=Status.DELIVERED)
    (row,) = status_told(workflow, ENTRY, tell, replace(known, applications={"a-1": application}))

    assert expected == ("v1" if "channel" in json.loads(row.body) else "v0.1")


def signer(*keys: ApiKey) -> str:
    (row,) = end_told(sent(None, None), ENTRY, directory(*keys))
    return row.key


def test_the_oldest_live_key_of_the_tenant_signs() -> None:
    first, second = key("ffff", made_at=1.0), key("0000", made_at=2.0)

    assert "ffff" == signer(second, first, key("1111", made_at=0.5, tenant="other"))
    assert "0000" == signer(second, replace(first, revoked=True))
    assert "" == signer(replace(first, revoked=True), key("1111", tenant="other"))
