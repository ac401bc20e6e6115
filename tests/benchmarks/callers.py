"""Callers that post as fast as they are answered: threads with a connection each, bodies and token made beforehand."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from itertools import repeat
from urllib.parse import urlsplit

CALLERS = 8


def post_all(url: str, token: str, bodies: Sequence[Mapping[str, object]], *, callers: int = CALLERS) -> float:
    """Post every body to one address and return the seconds it took. Raises AssertionError where one is not a 202."""
    encoded = [json.dumps(body).encode() for body in bodies]
    lots = [encoded[place::callers] for place in range(callers)]
    begun = time.perf_counter()
    with ThreadPoolExecutor(callers) as pool:
        list(pool.map(_post_lot, repeat(url), repeat(token), lots))
    return time.perf_counter() - begun


def _post_lot(url: str, token: str, lot: Sequence[bytes]) -> None:
    parts = urlsplit(url)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=30)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    try:
        for body in lot:
            connection.request("POST", parts.path, body, headers)
            answer = connection.getresponse()
            text = answer.read()
            assert 202 == answer.status, text
    finally:
        connection.close()
