"""What schemathesis can't know of our API: webhooks are signed over their bytes, and some ids are there to be found.

Loaded by its command line; the account that signs and the ids come from the environment, as the test made them.
"""

import os
import zlib

import msgspec
import schemathesis
from requests import PreparedRequest
from requests.auth import AuthBase
from schemathesis.generation import GenerationMode

from shared.ids import message_uuid
from shared.store.directory import Account
from tests.support.ingress_webhooks import signed

ACCOUNT = "CASCADE_TEST_ACCOUNT"
"""Variable that holds the account as JSON."""
WORKFLOW = "CASCADE_TEST_WORKFLOW"
"""Variable that holds the id of a workflow with a row of its own."""


class Signature(AuthBase):
    """Signs a request that is ready to leave."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        body = request.body or b""
        request.headers["Authorization"] = signed(self._account, body if isinstance(body, bytes) else body.encode())
        return request


@schemathesis.hook
def before_call(context: schemathesis.HookContext, case: schemathesis.Case, kwargs: dict[str, object]) -> None:
    """Sign webhooks; ask for a known id in one of two good requests."""
    del context
    if case.path.startswith("/webhooks/"):
        kwargs["auth"] = Signature(msgspec.json.decode(os.environ[ACCOUNT], type=Account))
    parameters = case.path_parameters
    good = case.meta is not None and case.meta.generation.mode is GenerationMode.POSITIVE
    if good and isinstance(parameters, dict) and zlib.crc32(str(parameters.get("identifier")).encode()) % 2:
        workflow_id = os.environ[WORKFLOW]
        parameters["identifier"] = message_uuid(workflow_id, 1) if "/messages/" in case.path else workflow_id
