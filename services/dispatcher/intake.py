"""Read starts: whoever publishes them is a stranger until the broker's user says otherwise (architecture 5).

The ingress publishes as itself and names tenant, application and workflow id in headers, which are ignored from
anyone else. Every other user speaks for the tenant that `publishers` names, and its `message_id` is the key.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from services.dispatcher.ports import Delivery
from services.dispatcher.work import NewStart, Reply
from shared.errors import Fault, WireError
from shared.ids import queued_workflow_id, seconds_inside, split_message_uuid
from shared.model import Engine
from shared.queue import envelope
from shared.store.directory import Directory
from shared.wire.limits import check_limits
from shared.wire.requests import Defaults, StartType, read_start, to_workflow


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A start that will not be: why, and who must be told."""

    reason: str
    """A word: no_user, unknown_user, limits, unknown_type, invalid, idempotency_conflict."""
    faults: tuple[Fault, ...]
    reply: Reply | None

    @property
    def detail(self) -> str:
        """One line for people."""
        return "; ".join(f"{fault.name}: {fault.reason}" if fault.name else fault.reason for fault in self.faults)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Origin:
    """Who sent a start, and what it is to be called."""

    tenant: str
    workflow_id: str
    application_id: str | None
    accepted_at: float


def read_intake(
    delivery: Delivery,
    *,
    directory: Directory,
    believed: Collection[str],
    now: float,
    defaults: Defaults,
    lenient_numbers: bool = False,
) -> NewStart | Refusal:
    """Return the workflow that a message starts, or why it starts none.

    `believed`: broker users whose headers are taken at their word. `now` is store time. `lenient_numbers`: other
    systems' numbers may begin with `+` or `00`; of the ingress they always may, whose answer is given: it was accepted.
    """
    user = delivery.user_id
    if not user:
        return _refused("no_user", "user_id", "is required: the broker checks it against the connection")
    reply = reply_of(delivery)
    from_ingress = user in believed
    publisher = directory.publishers.get(user)
    if not from_ingress and publisher is None:
        return _refused("unknown_user", "user_id", "is no publisher that this deployment knows", reply)
    try:
        check_limits(
            body=delivery.body,
            message_id=delivery.message_id,
            correlation_id=delivery.correlation_id,
            headers=delivery.headers,
            content_encoding=delivery.content_encoding,
        )
    except WireError as error:
        return Refusal(reason="limits", faults=error.faults, reply=reply)
    if delivery.type not in tuple(StartType):
        known = ", ".join(StartType)
        return _refused("unknown_type", "type", f"is none of {known}", reply)
    try:
        if publisher is not None and not from_ingress:
            message_id = delivery.message_id or ""
            origin = _Origin(
                tenant=publisher.tenant,
                workflow_id=queued_workflow_id(tenant=publisher.tenant, message_id=message_id),
                application_id=None,
                accepted_at=now,
            )
        else:
            origin = _named_by_the_ingress(delivery)
        workflow = to_workflow(
            read_start(StartType(delivery.type), delivery.body, lenient_numbers=lenient_numbers or from_ingress),
            workflow_id=origin.workflow_id,
            tenant=origin.tenant,
            application_id=origin.application_id,
            accepted_at=origin.accepted_at,
            defaults=_nearest(defaults, origin, directory),
        )
    except WireError as error:
        return Refusal(reason="invalid", faults=error.faults, reply=reply)
    return NewStart(workflow=workflow, delivery=delivery, reply=reply)


def _nearest(defaults: Defaults, origin: _Origin, directory: Directory) -> Defaults:
    """Return the application's own defaults where it has any, else the deployment's."""
    application = directory.applications.get(origin.application_id or "")
    if application is None or application.engine not in tuple(Engine):
        return defaults
    return replace(defaults, engine=Engine(application.engine))


def reply_of(delivery: Delivery) -> Reply | None:
    """Return where the answer goes; None where none is wanted, or the address is not the publisher's own."""
    user, address = delivery.user_id, delivery.reply_to
    if not user or not address or not delivery.message_id:
        return None
    own = address.startswith(f"{user}.") and len(address.encode(errors="replace")) <= 255
    return Reply(routing_key=address, correlation_id=delivery.message_id) if own else None


def _named_by_the_ingress(delivery: Delivery) -> _Origin:
    tenant = delivery.headers.get(envelope.TENANT)
    workflow_id = delivery.headers.get(envelope.WORKFLOW_ID)
    application_id = delivery.headers.get(envelope.APPLICATION)
    if not isinstance(tenant, str) or not isinstance(workflow_id, str):
        raise WireError(Fault(pointer="", name="headers", reason="name no tenant or workflow id", code="required"))
    try:
        canonical, step = split_message_uuid(workflow_id)
    except ValueError as error:
        raise WireError(Fault(pointer="", name="headers", reason="name no workflow id", code="format")) from error
    if step != 0:
        raise WireError(Fault(pointer="", name="headers", reason="name a message, not a workflow", code="format"))
    return _Origin(
        tenant=tenant,
        workflow_id=canonical,
        application_id=application_id if isinstance(application_id, str) and application_id else None,
        accepted_at=seconds_inside(canonical),
    )


def _refused(reason: str, name: str, words: str, reply: Reply | None = None) -> Refusal:
    return Refusal(reason=reason, faults=(Fault(pointer="", name=name, reason=words, code=reason),), reply=reply)
