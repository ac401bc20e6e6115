"""Whose an inbound message is, and at which address it is told.

The provider's application, which the account's secret signed, names an application of ours where a caller brought its
id along; else the number that was written to decides. The signature is good only for tenants that may use that
account: whoever holds one account's secret hands nothing to those that use others.
"""

from __future__ import annotations

from dataclasses import dataclass

from services.dispatcher.work import InboundRead
from shared.model import Workflow
from shared.store.directory import Application, Directory, Route


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressee:
    """Where an inbound message is told."""

    url: str
    application_id: str | None = None
    version: str | None = None
    """The form it reads; None: as it comes."""


def tenant_of(read: InboundRead, directory: Directory) -> str:
    """Return whose inbound message it is that answers nothing of ours.

    The tenant of the application that the signature names, then of the most specific route, then the only tenant
    there is, else "default". An account's own application may be shared by all who use it, so there a route that
    names the very number knows better.
    """
    route = _route_of(read, directory)
    named = application_named(read, directory)
    if named is not None and not (route is not None and route.sender is not None and _is_shared(read, directory)):
        return named.tenant
    if route is not None and route.tenant is not None:
        return route.tenant
    return next(iter(directory.tenants)) if len(directory.tenants) == 1 else "default"


def application_named(read: InboundRead, directory: Directory) -> Application | None:
    """Return the application of ours under the id that the signature names; None where it may not be meant."""
    named = directory.applications.get(read.application_id or "")
    if named is None or named.revoked or not directory.may_use(named.tenant, read.account):
        return None
    return named


def addressee(read: InboundRead, tenant: str, workflow: Workflow | None, directory: Directory) -> Addressee | None:
    """Return where a tenant is told; None: nowhere.

    The application whose message was answered, else the one that the signature names, else the tenant's own address,
    else the tenant's only application with one.
    """
    meant = directory.applications.get((workflow.application_id if workflow is not None else None) or "")
    if meant is None:
        named = application_named(read, directory)
        meant = named if named is not None and named.tenant == tenant else None
    if meant is not None and meant.inbound_url is not None:
        return _of_application(meant, meant.inbound_url)
    known = directory.tenants.get(tenant)
    if known is not None and known.inbound_url is not None:
        return Addressee(url=known.inbound_url, version=meant.webhook_version if meant is not None else None)
    own = [(each, each.inbound_url) for each in directory.applications.values() if each.tenant == tenant]
    with_address = [(each, url) for each, url in own if url is not None]
    return _of_application(*with_address[0]) if len(with_address) == 1 else None


def _is_shared(read: InboundRead, directory: Directory) -> bool:
    account = directory.accounts.get(read.account)
    return account is not None and account.application_id == read.application_id


def _route_of(read: InboundRead, directory: Directory) -> Route | None:
    """Return the most specific route of a tenant that uses this number and account.

    Not every webhook says which application of the provider's account it is about (those of the SMS API never do), so
    a route of another one still counts where it names this very number.
    """
    message, account = read.message, read.account
    routes = [
        route
        for route in directory.routes
        if route.tenant is not None
        and route.channel in (None, message.channel)
        and (
            route.sender in (None, message.recipient)
            if route.account == account
            else route.sender == message.recipient and directory.same_account(route.account, account)
        )
    ]
    return max(
        routes,
        key=lambda route: (route.sender is not None, route.account == account, route.channel is not None),
        default=None,
    )


def _of_application(application: Application, url: str) -> Addressee:
    return Addressee(url=url, application_id=application.application_id, version=application.webhook_version)
