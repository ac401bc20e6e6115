"""TTL alignment: what lost its race is dead before our own timer fires (semantics 9)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.dispatcher.ttl import MAY_ARRIVE_LATE, AlignedTtl, aligned_ttl
from tests.support.plans import START, step

LATE = MAY_ARRIVE_LATE
DAYS_3 = 259_200.0
DAYS_8 = 691_200.0

# (channel, window, own ttl, seconds to send_by, p95) -> (seconds, note)
ALIGNED: dict[str, tuple[tuple[str, int | None, int | None, float, float], tuple[int | None, str | None]]] = {
    "window less the margin": (("viber_service", 600, None, DAYS_3, 5.0), (595, None)),
    "a slow channel's margin": (("viber_service", 600, None, DAYS_3, 20.0), (580, None)),
    "a quick channel's margin": (("viber_service", 600, None, DAYS_3, 1.0), (595, None)),
    "send_by sooner than the window": (("viber_service", 600, None, 100.0, 5.0), (100, None)),
    "own sooner than the window": (("viber_service", 600, 200, DAYS_3, 5.0), (200, None)),
    "own later than the window": (("viber_service", 600, 86_400, DAYS_3, 5.0), (595, None)),
    "own sooner than send_by": (("viber_service", None, 1000, DAYS_3, 5.0), (1000, None)),
    "own later than send_by": (("viber_service", None, 1000, 500.0, 5.0), (500, None)),
    "below the minimum of the channel": (("viber_service", 15, None, DAYS_3, 5.0), (30, LATE)),
    "exactly the minimum": (("viber_service", 35, None, DAYS_3, 5.0), (30, None)),
    "one less than the minimum": (("viber_service", 34, None, DAYS_3, 5.0), (30, LATE)),
    "last step": (("viber_service", None, None, DAYS_3, 5.0), (259_200, None)),
    "last step, over the channel's maximum": (("viber_service", None, None, DAYS_8, 5.0), (259_200, None)),
    "sms: the useful minimum is above the window": (("sms", 600, None, DAYS_3, 5.0), (1800, LATE)),
    "sms: the useful minimum is at the window's end": (("sms", 1805, None, DAYS_3, 5.0), (1800, None)),
    "sms: window above the useful minimum": (("sms", 3600, None, DAYS_3, 5.0), (3595, None)),
    "sms: own asks for less": (("sms", 600, 1000, DAYS_3, 5.0), (595, None)),
    "sms: own asks for less, no window": (("sms", None, 1000, DAYS_3, 5.0), (1000, None)),
    "sms: own asks for the hard minimum": (("sms", None, 1, DAYS_3, 5.0), (1, None)),
    "sms: own asks for less than the safe minimum": (("sms", 600, 5, DAYS_3, 5.0), (5, None)),
    "sms: own and send_by ask for less than the safe minimum": (("sms", None, 5, 3.0, 5.0), (5, None)),
    "viber: own below the hard minimum": (("viber_service", None, 5, DAYS_3, 5.0), (30, None)),
    "sms: send_by asks for less": (("sms", None, None, 300.0, 5.0), (300, None)),
    "sms: send_by asks for less than the safe minimum": (("sms", None, None, 3.0, 5.0), (20, None)),
    "sms: safe minimum above the window": (("sms", 15, 100, DAYS_3, 5.0), (20, LATE)),
    "sms: exactly the useful minimum asked for": (("sms", 600, 1800, DAYS_3, 5.0), (1800, LATE)),
    "sms: maximum": (("sms", None, None, DAYS_8, 5.0), (604_800, None)),
    "sms: own above the maximum": (("sms", None, 700_000, DAYS_8, 5.0), (604_800, None)),
    "whole seconds, rounded down": (("viber_service", None, None, 99.9, 5.0), (99, None)),
    "a channel without a TTL": (("messenger", 600, None, DAYS_3, 5.0), (None, None)),
    "a channel without a TTL, own": (("messenger", 600, 100, DAYS_3, 5.0), (None, None)),
}


@pytest.mark.parametrize("name", ALIGNED)
def test_the_ttl_that_is_sent(name: str) -> None:
    (channel, window, own, left_s, p95_s), (seconds, note) = ALIGNED[name]

    found = aligned_ttl(
        step(1, channel, window=window, ttl=own), send_by=START + left_s, now=START, receipt_p95_s=p95_s
    )

    assert AlignedTtl(seconds, note) == found


@pytest.mark.parametrize("own", [None, 5, 86_400])
def test_unaligned_the_callers_own_goes_out_as_it_is(own: int | None) -> None:
    for channel, sent in (("sms", own), ("viber_service", own), ("messenger", None)):
        asked = step(1, channel, window=600, ttl=own, align_ttl=False)

        assert AlignedTtl(sent) == aligned_ttl(asked, send_by=START + 100, now=START, receipt_p95_s=5.0)


def test_a_channel_that_the_table_does_not_have_sends_none() -> None:
    plain = step(1, "sms", window=600, ttl=100)
    other = replace(plain, message=replace(plain.message, channel="carrier_pigeon"))

    assert AlignedTtl(None) == aligned_ttl(other, send_by=START + 100, now=START, receipt_p95_s=5.0)
