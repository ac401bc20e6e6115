"""Find messages and workflows by recipient, reference, status and time: newest first, a page at a time.

`GET /v1/messages` and `GET /v1/workflows` take `to` (the whole recipient of any step), `client_ref` (the caller's own
reference of any step), `status`, `from_time` and `to_time` (RFC 3339, of the acceptance, the end not included),
`limit` (1..100, else 20) and `cursor` (the `next_cursor` of the page before). A message's `status` is a word of its
status webhooks; a workflow's is its state, or its outcome once it has ended. A request is found from the moment a
dispatcher has read it. An unknown or bad parameter is a 422 that names it: a filter that is left out by a misspelling
would show other people's messages.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from flask import Blueprint, Response, request

from services.ingress.authentication import authenticated
from services.ingress.house import House, house
from services.ingress.queries import held_by
from services.ingress.searching import Cursor, Search, search_in
from shared.model import Outcome, State, Status, Step, Stop, Workflow
from shared.store.records import Stored
from shared.store.records_requests import SearchQuery
from shared.wire import pages, views
from shared.wire.statuses import status_of

MESSAGE_STATUSES = tuple(status.value for status in Status)
_STATES = tuple(state.value for state in State if state is not State.ACCEPTED)
_OUTCOMES = tuple(outcome.value for outcome in Outcome)
WORKFLOW_STATUSES = (*_STATES, *_OUTCOMES)
LOOKED_AT_ONCE = 100
LOOKED_AT_MOST = 1000
"""Workflows one request looks through for messages of a status; the page is handed over as it is then."""


def searches() -> Blueprint:
    """Return the searches for messages and for workflows."""
    blueprint = Blueprint("searches", __name__)
    blueprint.add_url_rule("/v1/messages", view_func=_messages, methods=["GET"], strict_slashes=False)
    blueprint.add_url_rule("/v1/workflows", view_func=_workflows, methods=["GET"], strict_slashes=False)
    return blueprint


def _workflows() -> Response:
    """Return a page of workflows."""
    here, tenant = house(), authenticated().tenant
    search = search_in(request.args, statuses=WORKFLOW_STATUSES)
    asked = _query(search, tenant)
    is_state = search.status in _STATES
    asked = replace(asked, state=search.status) if is_state else replace(asked, outcome=search.status)
    page = here.store.search(asked)
    held = _Stops(here)
    shown = [
        views.workflow_view(each.workflow, wake_at=each.wake_at, stopped=held.hold(each.workflow))
        for each in page.workflows
    ]
    return _json(pages.workflow_page(shown, next_cursor=_before(page.next).written() if page.next else None))


def _messages() -> Response:
    """Return a page of messages: the matching steps of the matching workflows."""
    here, tenant = house(), authenticated().tenant
    search = search_in(request.args, statuses=MESSAGE_STATUSES)
    held = _Stops(here)
    shown: list[bytes] = []
    for found in _steps(here, _query(search, tenant), search):
        if isinstance(found, Cursor):
            return _json(pages.message_page(shown, next_cursor=found.written()))
        workflow, step = found
        if len(shown) == search.limit:
            at = Cursor(accepted_at=workflow.accepted_at, workflow_id=workflow.workflow_id, step=step.number - 1)
            return _json(pages.message_page(shown, next_cursor=at.written()))
        shown.append(views.message_view(workflow, step.number, stopped=held.hold(workflow)))
    return _json(pages.message_page(shown, next_cursor=None))


def _steps(here: House, asked: SearchQuery, search: Search) -> Iterator[tuple[Workflow, Step] | Cursor]:
    """Yield the matching steps; a cursor at the end where this is all that one request looks through."""
    asked = replace(asked, limit=LOOKED_AT_ONCE if search.status is not None else search.limit)
    for looked_at in range(asked.limit, LOOKED_AT_MOST + asked.limit, asked.limit):
        page = here.store.search(asked)
        for stored in page.workflows:
            yield from ((stored.workflow, step) for step in _matching(stored, search))
        if page.next is None:
            return
        if looked_at >= LOOKED_AT_MOST:
            yield _before(page.next)
        asked = replace(asked, upto=page.next)


def _before(position: tuple[float, str]) -> Cursor:
    accepted_at, workflow_id = position
    return Cursor(accepted_at=accepted_at, workflow_id=workflow_id, step=0)


def _matching(stored: Stored, search: Search) -> Iterator[Step]:
    cursor = search.cursor
    shown_before = cursor.step if cursor is not None and cursor.workflow_id == stored.workflow.workflow_id else 0
    for step in stored.workflow.steps[shown_before:]:
        status = status_of(step)
        if (
            search.to in (None, step.message.recipient)
            and search.client_ref in (None, step.client_ref)
            and (search.status is None or (status is not None and status.value == search.status))
        ):
            yield step


def _query(search: Search, tenant: str) -> SearchQuery:
    cursor = search.cursor
    return SearchQuery(
        tenant=tenant,
        recipient=search.to,
        client_ref=search.client_ref,
        from_time=search.from_time,
        to_time=search.to_time,
        upto=None if cursor is None else (cursor.accepted_at, cursor.workflow_id),
        limit=search.limit,
    )


class _Stops:
    """The stops of this moment, asked of the store once and only where they would be shown."""

    def __init__(self, here: House) -> None:
        self._here = here
        self._known: tuple[Stop, ...] | None = None

    def hold(self, workflow: Workflow) -> bool:
        """Tell whether a stop keeps a workflow's current step from its turn."""
        if workflow.state is not State.READY:
            return False
        return held_by(workflow, self._stops(), self._here)

    def _stops(self) -> tuple[Stop, ...]:
        if self._known is None:
            self._known = self._here.store.controls().stops
        return self._known


def _json(body: bytes) -> Response:
    return Response(body, content_type="application/json")
