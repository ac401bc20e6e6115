"""Ids of our messages inside a message: just before the call the provider's take their place (semantics 2).

A caller that answers or quotes a message which was sent through us knows only our id of it (`context.message_uuid`).
The provider's id may have become known long after the request came, so it is looked up when the call is made. An id
of the tenant's of which nothing is known (its request has no row yet, or no such step) is refused like one that was
never sent; one that is none of the tenant's passes as it is: it is the provider's own, of an inbound message say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Protocol
from uuid import UUID

from services.dispatcher.ports import CallTicket
from services.dispatcher.updates import known_attempt
from shared.errors import StoreUnavailable
from shared.ids import carries_mark, split_message_uuid
from shared.model import Message, Problem
from shared.outcomes import CallOutcome, Refused, Stale
from shared.store.directory import Account
from shared.store.port import QueryStore

NOT_KNOWN = Problem(
    code="context",
    title="It answers a message of ours that the provider does not know",
    detail="context.message_uuid names a message that has not been sent, or of which no id has come back.",
)


class Caller(Protocol):
    """Makes one call; in production `transport.Transport`."""

    def call(self, ticket: CallTicket, account: Account) -> CallOutcome:
        """Return what the call came to."""


class _NotKnownError(Exception):
    """A message that is quoted has no id at the provider."""


class QuotingCaller:
    """Stands before the transport."""

    def __init__(self, transport: Caller, store: QueryStore, *, secret: Callable[[], bytes]) -> None:
        """`secret` gives the deployment's, by which ids are marked; it is called from every thread that calls."""
        self._transport = transport
        self._store = store
        self._secret = secret

    def call(self, ticket: CallTicket, account: Account) -> CallOutcome:
        """Make the call with the provider's ids; `Refused` where a message that is quoted has none."""
        try:
            ticket = self._translated(ticket)
        except _NotKnownError:
            return Refused(problem=NOT_KNOWN, asked=False)
        except StoreUnavailable:
            return Stale()  # nothing was sent; the claim is made again once the store is back
        return self._transport.call(ticket, account)

    def _translated(self, ticket: CallTicket) -> CallTicket:
        ticket = replace(ticket, message=self._with_provider_ids(ticket.message, ticket.tenant))
        if ticket.whole is None:
            return ticket
        steps = (
            replace(step, message=self._with_provider_ids(step.message, ticket.tenant)) for step in ticket.whole.steps
        )
        return replace(ticket, whole=replace(ticket.whole, steps=tuple(steps)))

    def _with_provider_ids(self, message: Message, tenant: str) -> Message:
        context = message.content.get("context")
        quoted = context.get("message_uuid") if isinstance(context, Mapping) else None
        if not isinstance(context, Mapping) or not isinstance(quoted, str) or not _may_be_ours(quoted):
            return message
        workflow_id, number = split_message_uuid(quoted)
        stored = self._store.find(workflow_id)
        if stored is None:
            if carries_mark(workflow_id, tenant=tenant, secret=self._secret()):
                raise _NotKnownError
            return message
        if stored.workflow.tenant != tenant:
            return message
        steps = stored.workflow.steps
        known = known_attempt(steps[number - 1].attempts) if number <= len(steps) else None
        if known is None:
            raise _NotKnownError
        said = {**context, "message_uuid": known.provider_uuid}
        return replace(message, content={**message.content, "context": said})


def _may_be_ours(text: str) -> bool:
    """Tell whether an id has the form of a message's of ours: only those are looked up."""
    try:
        uuid = UUID(text)
    except ValueError:
        return False
    return uuid.version == 8 and 1 <= uuid.bytes[15] <= 10
