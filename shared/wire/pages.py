"""What a search answers: a page of messages or of workflows, newest first, and the cursor of the next one."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from shared.wire.views import MessageView, WorkflowView


class MessagePage(Struct, kw_only=True):
    """`GET /v1/messages`."""

    messages: list[MessageView]
    next_cursor: str | None
    """Handed back as `cursor` it gives the next page; null on the last. A page may be short, and even empty, before
    the last one where `status` is asked for."""


class WorkflowPage(Struct, kw_only=True):
    """`GET /v1/workflows`."""

    workflows: list[WorkflowView]
    next_cursor: str | None


def message_page(views: Sequence[bytes], *, next_cursor: str | None) -> bytes:
    """Return the JSON of a page of messages, each the JSON of its view."""
    return _page("messages", views, next_cursor)


def workflow_page(views: Sequence[bytes], *, next_cursor: str | None) -> bytes:
    """Return the JSON of a page of workflows, each the JSON of its view."""
    return _page("workflows", views, next_cursor)


def _page(name: str, views: Sequence[bytes], next_cursor: str | None) -> bytes:
    return msgspec.json.encode({name: [msgspec.Raw(view) for view in views], "next_cursor": next_cursor})
