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

_OURS = frozenset(
    "to from channel message_type client_ref webhook_url webhook_version ttl failover expiry_time condition_status"
    " valid_for final_receipt_time delivery when_stopped priority align_ttl engine person".split()
)
"""Members that content may not bring: we set them, or they are Cascade's own words (semantics 3)."""


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
    body: Callable[[Message, str, int | None], dict[str, object]]


def build_call(
    account: Account, message: Message, *, reference: str, ttl: int | None, authorization: str, user_agent: str
) -> ProviderRequest:
    """Return the request that sends `message` under our `reference`.

    `ttl` is the one we decided on (semantics 9), in seconds; None sends none of ours.
    Raises ConfigError where the account names a generation that we do not speak.
    """
    generation = _GENERATIONS.get(account.generation)
    if generation is None:
        known = ", ".join(sorted(_GENERATIONS))
        raise ConfigError(f"account {account.name}: generation {account.generation!r} is not one of {known}")
    # Escaped to ASCII: a character that can't be encoded must not stop a call half-way.
    body = json.dumps(generation.body(message, reference, ttl), separators=(",", ":")).encode("ascii")
    return ProviderRequest(
        method="POST",
        url=account.base_url.rstrip("/") + generation.path,
        headers={
            "Authorization": authorization,
            "Content-Type": "application/json",
            "Accept": "application/json",
            # No compression: the answer is small, and a bomb stays what it is.
            "Accept-Encoding": "identity",
            "User-Agent": user_agent,
        },
        body=body,
    )


def _v1_body(message: Message, reference: str, ttl: int | None) -> dict[str, object]:
    body: dict[str, object] = {
        "channel": message.channel,
        "message_type": message.kind,
        "to": message.recipient,
        "from": message.sender,
    }
    body.update((name, value) for name, value in message.content.items() if name not in _OURS)
    # The caller's own client_ref stays with us: the provider's must lead back to exactly one attempt.
    body["client_ref"] = reference
    if ttl is not None:
        if message.channel == "viber_service":
            options = body.get("viber_service")
            body["viber_service"] = {**(options if isinstance(options, Mapping) else {}), "ttl": ttl}
        else:
            body["ttl"] = ttl
    return body


_GENERATIONS: Mapping[str, _Generation] = {
    "v1": _Generation(path="/v1/messages", body=_v1_body),
}
