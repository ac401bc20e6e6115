"""What the clients are pointed at: a whole deployment, an ingress of it that speaks TLS, and the sandbox by itself.

Three callers are known. `new` sends through an account of its own at the provider's v1 API, `old` through one at v0.1;
`direct` is an application of the sandbox alone, for clients that take the sandbox for the provider.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import requests

from services.cli.home import Home
from shared import ids
from shared.store.directory import Application, DirectoryChange
from tests.support import sandbox
from tests.support.broker import UNPACKED_DIR
from tests.support.certificates import Certificate, self_signed
from tests.support.deployment import Deployment, start_deployment
from tests.support.ingress import start_ingress
from tests.support.ingress_callers import MadeUpCaller
from tests.support.provider_stage import generation_caller, records, register
from tests.support.tls_front import tls_front
from tests.support.waiting import wait_until
from tests.support.webhook_sink import Sink, webhook_sink

ADDRESS = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    deployment: Deployment
    certificate: Certificate
    ingress_over_tls: str
    """Host and port, as the Python client wants it."""
    sandbox_over_tls: str
    new: MadeUpCaller
    old: MadeUpCaller
    new_at_provider: sandbox.Account
    """The application that the messages of `new` leave by, and that people write to."""
    direct: sandbox.Account
    told: Sink
    """Where the webhooks of both callers of ours go."""

    def port(self, service: str) -> int:
        return self.deployment.home.ports[service]

    def sent_by_us(self, message_uuid: str) -> dict[str, Any]:
        """Wait until the provider has the message that its caller knows by this id; return what it got."""
        workflow_id, step = ids.split_message_uuid(message_uuid)
        reference = ids.reference(workflow_id, step or 1, 1)
        return wait_until(lambda: self.received(client_ref=reference), 60)[0]

    def sent_directly(self, message_uuid: str) -> dict[str, Any]:
        """Return what the sandbox got from a client that takes it for the provider."""
        return next(row for row in self.received() if row["message_uuid"] == message_uuid)

    def write_back(self, application: sandbox.Account, channel: str, sender: str, recipient: str) -> str:
        """Have a person write to an application; return the provider's id of what they wrote."""
        said = {"channel": channel, "from": sender, "to": recipient, "text": "Hello yourself"}
        whom = {"application_id": application.application_id}
        answer = self.deployment.session.post(f"{self.deployment.sandbox}/sandbox/reply", json=said | whom, timeout=10)
        assert 202 == answer.status_code, answer.text
        return str(answer.json()["message_uuid"])

    def send(self, body: dict[str, Any]) -> str:
        """Send a v1 message as `new`, with no client but our own; return its id."""
        headers = {"Authorization": self.new.bearer(now=time.time())}
        address = f"{self.deployment.ingress}/v1/messages"
        answer = self.deployment.session.post(address, json=body, headers=headers, timeout=15)
        assert 202 == answer.status_code, answer.text
        return str(answer.json()["message_uuid"])

    def updates_of(self, provider_uuid: str) -> list[dict[str, Any]]:
        """Return what the provider was asked to change of a message, oldest first."""
        rows = self.deployment.session.get(f"{self.deployment.sandbox}/sandbox/updates", timeout=30).json()
        return [row for row in rows if row["message_uuid"] == provider_uuid]

    def received(self, **wanted: str) -> list[dict[str, Any]]:
        """Return all that the sandbox took; `to`, `channel`, `client_ref` choose."""
        address = f"{self.deployment.sandbox}/sandbox/messages"
        return list(self.deployment.session.get(address, params=wanted, timeout=30).json())


@contextmanager
def open_stage(folder: Path) -> Iterator[Stage]:
    new, old = generation_caller("v1"), generation_caller("v0.1")
    direct = sandbox.make_account()
    certificate = self_signed(folder / "tls", ADDRESS)

    with ExitStack() as ending:
        told = ending.enter_context(webhook_sink())

        def known(home: Home) -> Iterator[DirectoryChange]:
            for record in records(home, (new, old)):
                if isinstance(record, Application):
                    yield replace(record, status_url=told.url, inbound_url=told.url)
                else:
                    yield record

        deployment = start_deployment(folder, unpacked_dir=UNPACKED_DIR, dispatchers=1, known=known)
        ending.callback(deployment.stop)
        for application in (new.application, old.application, direct):
            register(deployment, application)
        yield Stage(
            deployment=deployment,
            certificate=certificate,
            ingress_over_tls=ending.enter_context(ingress_over_tls(deployment, folder, certificate)),
            sandbox_over_tls=ending.enter_context(tls_front(certificate, deployment.sandbox)).address,
            new=new.caller,
            new_at_provider=new.application,
            old=old.caller,
            direct=direct,
            told=told,
        )


@contextmanager
def another_ingress(deployment: Deployment, folder: Path, *, broker_url: str = "", **environment: str) -> Iterator[str]:
    """Run one more ingress of the deployment; without a broker, where `broker_url` leads nowhere."""
    ingress = start_ingress(
        folder,
        broker_url=broker_url or deployment.urls.ingress,
        store_url=deployment.home.store_url,
        CASCADE_INGRESS_WORKERS="1",
        **environment,
    )
    try:
        yield ingress.url
    finally:
        ingress.stop()


@contextmanager
def ingress_over_tls(
    deployment: Deployment, folder: Path, certificate: Certificate, *, broker_url: str = ""
) -> Iterator[str]:
    """Run one more ingress that speaks TLS; gives its host and port."""
    files = {"CASCADE_INGRESS_TLS_CERT": str(certificate.file), "CASCADE_INGRESS_TLS_KEY": str(certificate.key)}
    with another_ingress(deployment, folder, broker_url=broker_url, **files) as url:
        address = url.removeprefix("http://")
        alive = f"https://{address}/healthz"
        wait_until(lambda: requests.get(alive, verify=str(certificate.file), timeout=10).ok, 30)
        yield address
