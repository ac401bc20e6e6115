"""The words of the story: names of channels, reasons as sentences, problems, lengths of time, moments."""

from __future__ import annotations

from collections.abc import Mapping

from shared.model import Reason
from shared.wire.times import clock_of, rfc3339

CHANNEL_NAMES: Mapping[str, str] = {
    "sms": "SMS",
    "mms": "MMS",
    "rcs": "RCS",
    "whatsapp": "WhatsApp",
    "viber_service": "Viber",
    "messenger": "Messenger",
    "email": "Email",
}

REASONS: Mapping[Reason, str] = {
    Reason.REFUSED: "the provider refused it",
    Reason.REJECTED: "it was rejected",
    Reason.UNDELIVERABLE: "it could not be delivered",
    Reason.WINDOW: "the receipt it waited for did not come within its window",
    Reason.NOT_ACCEPTED: "the provider did not take it in time",
    Reason.SKIPPED: "its channel is stopped and may be passed over",
    Reason.SUPPRESSED: "its person asked not to be written to",
    Reason.EXPIRED_AT_PROVIDER: "it expired at the provider before it was delivered",
    Reason.OPERATOR: "an operator sent it on",
    Reason.BUSY: "the provider was busy",
    Reason.STALE: "its turn had become too old to be used",
    Reason.UNSURE: "nobody knows whether the provider took it",
    Reason.AGAIN: "the cause may pass by itself",
    Reason.STOPPED: "sending is stopped",
    Reason.RESUMED: "the stop is over",
    Reason.DOUBT: "no receipt has told whether the first call arrived",
    Reason.SEND_BY: "the time in which it could be sent is over",
    Reason.SETTLE_BY: "no receipt came in the time it was waited for",
    Reason.SUCCESS: "the receipt it waited for came",
    Reason.CANCELLED: "it was cancelled",
    Reason.REPUBLISHED: "its message was not seen in the queue",
}
"""Each reason of the closed list as the end of a sentence."""


def channel_name(channel: object) -> str:
    """Return what people call a channel; "the message" where none is named."""
    return CHANNEL_NAMES.get(channel, channel) if isinstance(channel, str) and channel else "the message"


def listed(names: list[str]) -> str:
    """Join names as a sentence does: "Viber", "Viber and SMS", "Viber, Messenger and SMS"."""
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]


def reason_words(reason: Reason | None) -> str:
    """Return a reason as the end of a sentence, empty for none."""
    return "" if reason is None else REASONS[reason]


def problem_words(facts: Mapping[str, object]) -> str:
    """Return code, title and detail of a problem as a remark, empty where no fact names one."""
    code, title, detail = (str(facts.get(name) or "") for name in ("code", "title", "detail"))
    if code and title and not code.isdigit():
        return _own_problem(title, detail)
    if code.isdigit():
        code = f"HTTP {code}" if len(code) == 3 else f"code {code}"
    words = f"{title} ({code})" if title and code else title or code
    return f"{words}: {detail.rstrip('.')}" if words and detail and detail != title else words or detail.rstrip(".")


def _own_problem(title: str, detail: str) -> str:
    """Return a problem that we named ourselves. Its code says no more than its title, which goes on a sentence."""
    words = title[:1].lower() + title[1:]
    if not detail or " " not in detail:
        return f"{words} ({detail})" if detail else words
    return f"{words}, since {detail[:1].lower()}{detail[1:].rstrip('.')}"


def length(seconds: object) -> str:
    """Return a duration in the largest unit that fits: "10 minutes", "about 72 hours"; empty where it is no number."""
    if not isinstance(seconds, int | float) or isinstance(seconds, bool) or not 0 <= seconds < 1e10:
        return ""
    whole = max(1, round(seconds))
    for unit, size in (("hour", 3600), ("minute", 60)):
        if whole % size == 0:
            return f"{whole // size} {unit}{'s' if whole != size else ''}"
    if whole > 7200:
        return f"about {round(whole / 3600)} hours"
    return f"{whole} second{'s' if whole != 1 else ''}"


def moment(at: float, *, seen_from: float) -> str:
    """Return a time of day in UTC, with its date where that is not the day it is seen from."""
    day = rfc3339(at)[:10]
    return clock_of(at) if day == rfc3339(seen_from)[:10] else f"{day} {clock_of(at)}"
