"""The webhooks of the SMS API, which accounts get beside or instead of those of messages (protocol A29). Pure.

A receipt is seen from the message: `msisdn` is its recipient, `to` its sender. An inbound message is seen from the
person: `msisdn` wrote it, `to` is our number. A signature, if the account wants one, is a member of the body.
"""

import hashlib
import hmac
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Final, Literal

from services.sandbox.prices import parts

Method = Literal["GET", "POST", "POST-JSON"]
METHODS: Final = ("GET", "POST", "POST-JSON")
SIGNED: Final = ("none", "md5hash", "md5", "sha1", "sha256", "sha512")
KINDS: Final = ("inbound", "receipt")

# A receipt's status, and the code it usually has.
_CODES: Final = {"delivered": "0", "accepted": "0", "buffered": "0", "expired": "1", "unknown": "1"}
_FAILED: Final = "5"


def receipt_fields(
    *, msisdn: str, to: str, status: str, message_id: str, client_ref: str | None, moment_s: float
) -> dict[str, str]:
    """Build a delivery receipt."""
    moment = datetime.fromtimestamp(moment_s, UTC)
    fields = {
        "msisdn": msisdn,
        "to": to,
        "network-code": "23410",
        "messageId": message_id,
        "price": "0.03330000",
        "status": status,
        "scts": moment.strftime("%y%m%d%H%M"),
        "err-code": _CODES.get(status, _FAILED),
        "message-timestamp": _clock(moment),
    }
    return fields if client_ref is None else {**fields, "client-ref": client_ref}


def inbound_parts(
    *, msisdn: str, to: str, text: str, message_ids: Iterator[str], moment_s: float
) -> list[dict[str, str]]:
    """Build an inbound message: one webhook for each part of its text, each with an id of its own."""
    words, count = text.split(), parts(text)
    shared = {
        "msisdn": msisdn,
        "to": to,
        "type": "text" if text.isascii() else "unicode",
        "keyword": words[0].upper() if words else "",
        "message-timestamp": _clock(datetime.fromtimestamp(moment_s, UTC)),
    }
    if count == 1:
        return [{**shared, "messageId": next(message_ids), "text": text}]
    length = -(-len(text) // count)
    return [
        {
            **shared,
            "messageId": next(message_ids),
            "text": text[index * length : (index + 1) * length],
            "concat": "true",
            "concat-ref": "108",
            "concat-total": str(count),
            "concat-part": str(index + 1),
        }
        for index in range(count)
    ]


def signed(fields: Mapping[str, str], secret: str, way: str, *, moment_s: float, nonce: str) -> dict[str, str]:
    """Add `timestamp`, `nonce` and `sig`: a hash over all members in the order of their names.

    `way` md5hash = an MD5 with the secret at the end of the text, else an HMAC with that digest.
    """
    whole = {**fields, "timestamp": str(int(moment_s)), "nonce": nonce}
    joined = "".join(f"&{name}={_plain(whole[name])}" for name in sorted(whole)).encode()
    if way == "md5hash":
        sig = hashlib.md5(joined + secret.encode(), usedforsecurity=False).hexdigest()
    else:
        sig = hmac.new(secret.encode(), joined, way).hexdigest().upper()
    return {**whole, "sig": sig}


def _plain(value: str) -> str:
    return value.replace("&", "_").replace("=", "_")


def _clock(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S")
