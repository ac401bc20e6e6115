"""Read workflows of the beta of 2018. Their body is the one of Dispatch; ids and webhooks have other names, and MMS
was not there yet.

Messages of the beta are read as `message.v0_1`: the same body.
"""

from __future__ import annotations

from shared.wire.drafts import Request
from shared.wire.v0_1 import Matrix, read_workflow
from shared.wire.v0_1_bodies import BETA_BY_OLD_NAME, BETA_MESSAGES, DispatchBody

BETA = Matrix(channels=BETA_BY_OLD_NAME, messages=BETA_MESSAGES)


class WorkflowBody(DispatchBody, kw_only=True):
    """The body of `POST /beta/workflows`. What stands beside `workflow` holds for every item that says nothing else."""


def read_beta_workflow(body: object) -> Request:
    """Return the request that a `workflow.beta` body makes. Raises WireError with all faults."""
    return read_workflow(body, WorkflowBody, BETA)
