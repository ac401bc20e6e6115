"""Whom to tell, and where: the rows of webhooks to the callers' own addresses (semantics 11).

The nearest address wins: the message's own, the application's, the tenant's. Where none is known nobody is told; `GET`
and the events say it all the same.
"""

from __future__ import annotations

from dataclasses import replace

from services.dispatcher.events import TellStatus
from shared.ids import event_id
from shared.model import Entry, Step, Workflow
from shared.store.directory import Directory
from shared.store.records import CallbackRow
from shared.wire.callbacks import final_report, status_webhook


def status_told(workflow: Workflow, entry: Entry, tell: TellStatus, directory: Directory) -> tuple[CallbackRow, ...]:
    """Return the status webhook of a step, under the id of the entry it tells; none without an address."""
    step = workflow.steps[tell.step - 1]
    url = _address(workflow, step, directory)
    if url is None:
        return ()
    body = status_webhook(
        _in_the_form_of(workflow, step, directory),
        tell.step,
        sequence=tell.sequence,
        status=tell.status,
        at=entry.at,
        problem=tell.problem,
        price=tell.price,
        currency=tell.currency,
        timestamp=tell.timestamp,
        extras=tell.extras,
    )
    callback_id = event_id(workflow.workflow_id, tell.sequence)
    return (_of(workflow, callback_id, "status", url, body, directory, entry.at),)


def end_told(workflow: Workflow, entry: Entry, directory: Directory) -> tuple[CallbackRow, ...]:
    """Return the final report; its id differs from that of a status under the same entry."""
    url = _address(workflow, workflow.steps[0], directory)
    if url is None:
        return ()
    callback_id = f"{event_id(workflow.workflow_id, entry.sequence)}-report"
    return (_of(workflow, callback_id, "report", url, final_report(workflow, at=entry.at), directory, entry.at),)


def callback_row(
    *,
    callback_id: str,
    workflow_id: str | None,
    tenant: str,
    kind: str,
    url: str,
    body: bytes,
    application_id: str | None,
    directory: Directory,
    now: float,
) -> CallbackRow:
    """Return a delivery that is due at once.

    It keeps the key that signs for the tenant now; where there is none yet, or it is revoked by then, the courier
    chooses when it sends.
    """
    key = directory.signing_key(tenant)
    return CallbackRow(
        callback_id=callback_id,
        workflow_id=workflow_id,
        tenant=tenant,
        kind=kind,
        url=url,
        body=body,
        key=key.api_key if key is not None else "",
        application_id=application_id,
        made_at=now,
        next_at=now,
    )


def _of(
    workflow: Workflow, callback_id: str, kind: str, url: str, body: bytes, directory: Directory, now: float
) -> CallbackRow:
    return callback_row(
        callback_id=callback_id,
        workflow_id=workflow.workflow_id,
        tenant=workflow.tenant,
        kind=kind,
        url=url,
        body=body,
        application_id=workflow.application_id,
        directory=directory,
        now=now,
    )


def _address(workflow: Workflow, step: Step, directory: Directory) -> str | None:
    if step.webhook_url is not None:
        return step.webhook_url
    application = directory.applications.get(workflow.application_id or "")
    if application is not None and application.status_url is not None:
        return application.status_url
    tenant = directory.tenants.get(workflow.tenant)
    return tenant.status_url if tenant is not None else None


def _in_the_form_of(workflow: Workflow, step: Step, directory: Directory) -> Workflow:
    """Return the workflow with its application's wish for the webhook's form, where the message has none of its own."""
    application = directory.applications.get(workflow.application_id or "")
    if step.webhook_version is not None or application is None or application.webhook_version is None:
        return workflow
    changed = replace(step, webhook_version=application.webhook_version)
    return replace(workflow, steps=(*workflow.steps[: step.number - 1], changed, *workflow.steps[step.number :]))
