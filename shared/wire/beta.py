"""Read workflows of the beta of 2018. Their body is the one of Dispatch; ids and webhooks have other names.

Messages of the beta are read as `message.v0_1`: the same body.
"""

from __future__ import annotations

from shared.wire.drafts import Request
from shared.wire.v0_1 import read_workflow
from shared.wire.v0_1_bodies import DispatchBody


class WorkflowBody(DispatchBody, kw_only=True):
    """The body of `POST /beta/workflows`."""


def read_beta_workflow(body: object) -> Request:
    """Return the request that a `workflow.beta` body makes. Raises WireError with all faults."""
    return read_workflow(body, WorkflowBody)
