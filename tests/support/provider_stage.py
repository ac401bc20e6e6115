"""Callers of a deployment whose messages leave by an account of a generation of their own at the deployment's sandbox.

pairs = [generation_caller("v1"), generation_caller("v0.1")]
deployment = start_deployment(folder, unpacked_dir=..., known=lambda home: records(home, pairs))
for pair in pairs:
    register(deployment, pair.application)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import requests

from services.cli.home import Home
from shared.store.directory import Account, DirectoryChange, Route
from tests.support import sandbox
from tests.support.deployment import Deployment
from tests.support.ingress_callers import MadeUpCaller


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationCaller:
    """A caller of ours, and the provider's application that its messages leave by."""

    generation: str
    caller: MadeUpCaller
    application: sandbox.Account

    @property
    def account(self) -> str:
        """Name of the account at the provider."""
        return f"of-{self.caller.tenant}"


def generation_caller(generation: str) -> GenerationCaller:
    """Make a caller whose tenant has the generation in its name."""
    tenant = f"speaks-{generation.replace('.', '-')}"
    return GenerationCaller(
        generation=generation, caller=MadeUpCaller(tenant=tenant), application=sandbox.make_account()
    )


def records(home: Home, pairs: Iterable[GenerationCaller]) -> Iterator[DirectoryChange]:
    """Yield what the store must hold of them."""
    for pair in pairs:
        yield from pair.caller.records()
        yield Account(
            name=pair.account,
            base_url=home.url("sandbox"),
            generation=pair.generation,
            api_key=pair.application.api_key,
            application_id=pair.application.application_id,
            private_key=pair.application.private_key,
            api_secret=None,
            signature_secrets=(pair.application.signature_secret,),
        )
        yield Route(account=pair.account, tenant=pair.caller.tenant)


def register(deployment: Deployment, application: sandbox.Account) -> None:
    """Make an application known to the sandbox; its webhooks go to our ingress."""
    fields = {
        "public_key": application.public_key,
        "status_url": f"{deployment.ingress}/webhooks/status",
        "inbound_url": f"{deployment.ingress}/webhooks/inbound",
        "api_key": application.api_key,
        "api_secret": application.api_secret,
        "signature_secret": application.signature_secret,
    }
    address = f"{deployment.sandbox}/sandbox/applications/{application.application_id}"
    answer = requests.put(address, json=fields, timeout=10)
    assert 204 == answer.status_code, answer.text
