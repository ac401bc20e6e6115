"""Build the HTTP request that sends one message. Pure.

Each generation of the provider's API is a row of `_GENERATIONS`: a path, and a function from message to body.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from shared.errors import ConfigError
from shared.model import Message
from shared.store.directory import Account
from shared.vonage.calls_v0_1 import v0_1_message
from shared.vonage.calls_v1 import v1_message


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderRequest:
    """What goes over the wire, complete."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class _Generation:
    path: str
    body: Callable[[Message, int | None], dict[str, object]]
    """The message in its form; raises NotExpressible where it has none."""


def build_call(
    account: Account, message: Message, *, reference: str, ttl: int | None, authorization: str, user_agent: str
) -> ProviderRequest:
    """Return the request that sends `message` under our `reference`.

    `ttl` is the one we decided on (semantics 9), in seconds; None sends none of ours.
    Raises ConfigError where the account names a generation that we do not speak, and NotExpressible where that
    generation has no words for the message.
    """
    generation = _GENERATIONS.get(account.generation)
    if generation is None:
        known = ", ".join(sorted(_GENERATIONS))
        raise ConfigError(f"account {account.name}: generation {account.generation!r} is not one of {known}")
    # The caller's own client_ref stays with us: the provider's must lead back to exactly one attempt.
    form = {**generation.body(message, ttl), "client_ref": reference}
    url = address_of(account, generation.path)
    return request_of("POST", url, form, authorization=authorization, user_agent=user_agent)


def address_of(account: Account, path: str) -> str:
    """Return the address of a path of the account's host."""
    return account.base_url.rstrip("/") + path


def request_of(
    method: str, url: str, form: Mapping[str, object], *, authorization: str, user_agent: str
) -> ProviderRequest:
    """Return the request that carries a JSON object."""
    return ProviderRequest(
        method=method,
        url=url,
        headers={
            "Authorization": authorization,
            "Content-Type": "application/json",
            "Accept": "application/json",
            # No compression: the answer is small, and a bomb stays what it is.
            "Accept-Encoding": "identity",
            "User-Agent": user_agent,
        },
        # Escaped to ASCII: a character that can't be encoded must not stop a call half-way.
        body=json.dumps(form, separators=(",", ":")).encode("ascii"),
    )


_GENERATIONS: Mapping[str, _Generation] = {
    "v1": _Generation(path="/v1/messages", body=v1_message),
    "v0.1": _Generation(path="/v0.1/messages", body=v0_1_message),
}
