"""What schemathesis can't know of our API: webhooks are signed over their bytes, and some ids are there to be found.

Loaded by its command line; the account that signs and the ids come from the environment, as the test made them.
"""

import atexit
import json
import os
import zlib
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import schemathesis
from requests import PreparedRequest
from requests.auth import AuthBase
from schemathesis.generation import GenerationMode

from shared.ids import message_uuid
from shared.store.directory import Account
from tests.support.ingress_webhooks import signed

Case = schemathesis.Case[Any]

ACCOUNT = "CASCADE_TEST_ACCOUNT"
"""Variable that holds the account as JSON."""
WORKFLOW = "CASCADE_TEST_WORKFLOW"
"""Variable that holds the id of a workflow with a row of its own."""
INBOUND = "CASCADE_TEST_INBOUND"
"""Variable that holds the id of an inbound message that can be marked as read."""
ANSWERED = "CASCADE_TEST_ANSWERED"
"""Variable that names the file in which the run leaves how often what was answered to which operation."""

_answered: Counter[str] = Counter()


@atexit.register
def leave_figures() -> None:
    """Write the figures at the end of the run: a full report would hold every body."""
    if ANSWERED in os.environ:  # a test that looks at this module's names makes no run
        Path(os.environ[ANSWERED]).write_text(json.dumps(_answered), encoding="utf-8")


class Signature(AuthBase):
    """Signs a request that is ready to leave."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        body = request.body or b""
        request.headers["Authorization"] = signed(self._account, body if isinstance(body, bytes) else body.encode())
        return request


@schemathesis.hook
def before_call(context: schemathesis.HookContext, case: Case, kwargs: dict[str, object]) -> None:
    """Sign webhooks; ask for a known id in one of two good requests."""
    del context
    if case.path in ("/webhooks/status", "/webhooks/inbound"):
        kwargs["auth"] = Signature(msgspec.json.decode(os.environ[ACCOUNT], type=Account))
    parameters = case.path_parameters
    good = case.meta is not None and case.meta.generation.mode is GenerationMode.POSITIVE
    if good and "identifier" in parameters and _one_in_two(parameters["identifier"]):
        parameters["identifier"] = _known_to(case)


@schemathesis.hook
def after_call(context: schemathesis.HookContext, case: Case, response: schemathesis.Response) -> None:
    """Count the answer."""
    del context
    _answered[f"{response.status_code} {case.method} {case.path}"] += 1


def _known_to(case: Case) -> str:
    if case.method == "PATCH":
        return os.environ[INBOUND]
    return message_uuid(os.environ[WORKFLOW], 1) if "/messages/" in case.path else os.environ[WORKFLOW]


def _one_in_two(identifier: object) -> bool:
    """Tell it by the id that was generated, so that a run can be repeated."""
    return zlib.crc32(str(identifier).encode()) % 2 == 0
