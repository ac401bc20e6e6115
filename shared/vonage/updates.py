"""Mark a message read, or revoke one: the `PATCH` of one message, and what its answer says. Pure.

It must go to the region that hosts the message; for an inbound one its webhook names that (protocol 1.7). What a
webhook names is believed only where it is the account's own host or one of the provider's: our credentials go there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from shared.outcomes import Accepted, CallOutcome
from shared.store.directory import Account
from shared.vonage.answers import read_answer
from shared.vonage.calls import ProviderRequest, address_of, request_of

PATH = "/v1/messages/"
_PROVIDERS = re.compile(r"(?:[a-z0-9-]+\.)+(?:vonage|nexmo)\.com")


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """What is to be made of one message."""

    provider_uuid: str
    status: str
    """read or revoked."""
    replying_indicator: Mapping[str, object] | None = None
    region_url: str | None = None
    """Where the webhook of an inbound message says that it lives; None: at the account's own host."""


def build_update(account: Account, update: Update, *, authorization: str, user_agent: str) -> ProviderRequest:
    """Return the request."""
    form: dict[str, object] = {"status": update.status}
    if update.replying_indicator is not None:
        form["replying_indicator"] = dict(update.replying_indicator)
    url = update_url(account, update.provider_uuid, update.region_url)
    return request_of("PATCH", url, form, authorization=authorization, user_agent=user_agent)


def update_url(account: Account, provider_uuid: str, region_url: str | None) -> str:
    """Return where the PATCH goes: to the region that was named, if it may be believed, else to the account's host."""
    path = PATH + quote(provider_uuid, safe="")
    region = None if region_url is None else _believed(region_url)
    return address_of(account, path) if region is None else region + path


def read_update(update: Update, *, status: int, headers: Mapping[str, str], body: bytes, now: float) -> CallOutcome:
    """Return what the answer says; any 2xx is `Accepted`, since its body is empty (protocol A8)."""
    if 200 <= status < 300:
        return Accepted(provider_uuid=update.provider_uuid)
    return read_answer(status=status, headers=headers, body=body, now=now)


def _believed(url: str) -> str | None:
    """Return scheme and host of an address of the provider's own; None for every other, which we never call.

    Where it is the account's own host, that is what we use anyway.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    safe = parts.scheme == "https" and port in (None, 443) and parts.username is None and parts.password is None
    return f"https://{host}" if safe and _PROVIDERS.fullmatch(host) else None
