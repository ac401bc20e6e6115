"""Take single values out of documents that are not trusted: capped, of one type, or nothing. Pure."""

from __future__ import annotations

import re
from decimal import Decimal
from urllib.parse import urlsplit

LONGEST_TEXT = 500
"""Characters kept of a title, detail or type that somebody else wrote."""
LONGEST_ID = 100
_UUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_ID = re.compile(r"[\x21-\x7e]+")
_PRICE = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,12})?")


def capped(text: str) -> str:
    """Return at most `LONGEST_TEXT` characters, an ellipsis in place of the rest."""
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"


def words(value: object) -> str:
    """Return a text or number as capped text on one line; "" for anything else."""
    if isinstance(value, str):
        return capped(" ".join(value[: 4 * LONGEST_TEXT].split()))
    return "" if isinstance(value, bool) or not isinstance(value, int | float) else capped(str(value))


def identifier(value: object) -> str | None:
    """Return an id of somebody else's: 1..100 visible ASCII characters, UUIDs in lower case; None for all else."""
    text = words(value)
    if len(text) > LONGEST_ID or not _ID.fullmatch(text):
        return None
    return text.lower() if _UUID.fullmatch(text) else text


def fragment_of(uri: str) -> str:
    """Return what follows the `#` of a problem's type, "" where nothing does."""
    return uri.rpartition("#")[2] if "#" in uri else ""


def price_of(value: object) -> str | None:
    """Return a charge as a plain decimal, None where it is none: sums are made of it."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    text = value if isinstance(value, str) else format(Decimal(repr(value)), "f")
    return text if _PRICE.fullmatch(text) else None


def count_of(value: object) -> int | None:
    """Return a small whole number that may come as a text ("2"); None for anything else."""
    text = words(value)
    return int(text) if re.fullmatch(r"[0-9]{1,6}", text) else None


def web_address(value: object) -> str | None:
    """Return an http(s) address of at most 2,000 visible ASCII characters; None for anything else."""
    if not isinstance(value, str) or len(value) > 2000 or not _ID.fullmatch(value):
        return None
    try:
        parts = urlsplit(value)
    except ValueError:
        return None
    return value if parts.scheme in ("http", "https") and parts.netloc else None
