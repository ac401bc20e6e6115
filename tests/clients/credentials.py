"""How each client is given credentials, of a caller of ours or of an application of the sandbox."""

from __future__ import annotations

from tests.support.ingress_callers import MadeUpCaller
from tests.support.sandbox import Account

Somebody = MadeUpCaller | Account


def private_key_of(somebody: Somebody) -> str:
    return somebody.private_key if isinstance(somebody, Account) else somebody.keys[0]


def python_token(somebody: Somebody) -> dict[str, str]:
    return {"application_id": somebody.application_id, "private_key": private_key_of(somebody)}


def python_basic(somebody: Somebody) -> dict[str, str]:
    return {"api_key": somebody.api_key, "api_secret": somebody.api_secret}


def node_token(somebody: Somebody) -> dict[str, str]:
    return {"applicationId": somebody.application_id, "privateKey": private_key_of(somebody)}


def node_basic(somebody: Somebody) -> dict[str, str]:
    return {"apiKey": somebody.api_key, "apiSecret": somebody.api_secret}


def old_node(somebody: Somebody) -> dict[str, str]:
    """Return what the old clients want: they send the token, and take key and secret all the same."""
    return {**node_basic(somebody), **node_token(somebody)}
