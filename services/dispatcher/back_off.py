"""How long a busy provider is left alone. Pure: the jitter is a hash of the call's reference."""

from __future__ import annotations

import hashlib

BASE_S = 2.0
CAP_S = 300.0
RETRY_AFTER_MINIMUM_S = 1.0
RETRY_AFTER_MAXIMUM_S = 900.0


def back_off_s(label: str, *, count: int, retry_after_s: float | None) -> float:
    """Return seconds to wait: what the provider asked, else full jitter from 2 s up to 300 s.

    `count` is 1 for the first Busy of a step. `label` must differ from call to call, so that rows refused
    together do not come back together.
    """
    if retry_after_s is not None:
        return min(max(retry_after_s, RETRY_AFTER_MINIMUM_S), RETRY_AFTER_MAXIMUM_S)
    ceiling = min(CAP_S, BASE_S * 2.0 ** min(count, 16))
    fraction = int.from_bytes(hashlib.sha256(label.encode()).digest()[:8]) / 2**64
    return BASE_S + fraction * (ceiling - BASE_S)
