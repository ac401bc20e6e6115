"""When a callback is tried again, when it is given up, and which addresses are never called."""

import pytest

from services.dispatcher.callback_client import may_be_called, networks
from services.dispatcher.callback_plan import Reply, settled, wait_s
from shared.errors import ConfigError
from shared.store.records import CallbackAnswer, CallbackRow

MADE = 1_790_000_000.0


def row(attempts: int = 0) -> CallbackRow:
    return CallbackRow(
        callback_id="c1",
        workflow_id=None,
        tenant="acme",
        kind="status",
        url="https://acme.example/hooks",
        body=b"{}",
        key="abcd1234",
        made_at=MADE,
        attempts=attempts,
    )


def test_the_waits_double_from_five_seconds_to_a_quarter_of_an_hour() -> None:
    assert [5, 10, 20, 40, 80, 160, 320, 640, 900, 900, 900] == [wait_s(tries, None) for tries in range(11)]
    assert 900 == wait_s(10_000, None)


@pytest.mark.parametrize("status", [200, 202, 204, 299])
def test_any_2xx_is_delivered(status: int) -> None:
    assert CallbackAnswer(at=MADE + 1, status=status, delivered=True) == settled(
        row(), Reply(status=status), now=MADE + 1
    )


@pytest.mark.parametrize("status", [300, 302, 307, 400, 401, 403, 404, 410, 415, 422])
def test_a_refusal_or_a_redirect_is_given_up(status: int) -> None:
    assert CallbackAnswer(at=MADE, status=status, error="x") == settled(
        row(), Reply(status=status, error="x"), now=MADE
    )


@pytest.mark.parametrize("status", [None, 429, 500, 502, 503, 504])
def test_silence_a_rate_limit_and_a_server_error_are_tried_again(status: int | None) -> None:
    answer = settled(row(attempts=2), Reply(status=status, error="x"), now=MADE)

    assert MADE + 20 == answer.next_at


def test_a_longer_wait_that_was_asked_for_is_kept_and_a_shorter_one_is_not() -> None:
    long, short = (settled(row(attempts=2), Reply(status=429, retry_after_s=asked), now=MADE) for asked in (100.0, 1.0))

    assert (MADE + 100, MADE + 20) == (long.next_at, short.next_at)


def test_after_a_day_it_is_given_up() -> None:
    nearly, over = (settled(row(attempts=99), Reply(error="x"), now=MADE + 86_400 - left) for left in (900, 899))

    assert (MADE + 86_400, None) == (nearly.next_at, over.next_at)


def test_an_address_that_makes_no_sense_is_given_up_at_once() -> None:
    assert settled(row(), Reply(error="x", hopeless=True), now=MADE).next_at is None


ADDRESSES = {
    "93.184.215.14": True,
    "2606:2800:21f:cb07:6820:80da:af6b:8b2c": True,
    "127.0.0.1": False,
    "127.255.255.254": False,
    "0.0.0.0": False,
    "10.1.2.3": False,
    "172.16.0.1": False,
    "192.168.1.1": False,
    "169.254.169.254": False,
    "100.64.0.1": False,
    "198.18.0.1": False,
    "192.0.2.1": False,
    "224.0.0.1": False,
    "240.0.0.1": False,
    "255.255.255.255": False,
    "::1": False,
    "::": False,
    "fe80::1": False,
    "fe80::1%lo": False,
    "fd00::1": False,
    "ff02::1": False,
    "::ffff:127.0.0.1": False,
    "::ffff:10.0.0.1": False,
    "::ffff:93.184.215.14": True,
    "64:ff9b::7f00:1": False,
    "2002:7f00:1::1": False,
    "2001:db8::1": False,
    "::127.0.0.1": False,
    "::ffff:0:10.0.0.1": False,
    "fec0::1": False,
}


@pytest.mark.parametrize(("address", "expected"), ADDRESSES.items(), ids=ADDRESSES)
def test_only_public_addresses_may_be_called(address: str, expected: bool) -> None:
    assert expected is may_be_called(address, ())


@pytest.mark.parametrize("address", ["127.0.0.1", "::ffff:127.0.0.1", "::1"])
def test_a_network_that_the_operator_allows_may_be_called(address: str) -> None:
    allowed = networks(["127.0.0.0/8", "::1/128"])

    assert may_be_called(address, allowed)
    assert not may_be_called("10.0.0.1", allowed)


def test_a_network_that_is_none_is_a_mistake_of_the_configuration() -> None:
    with pytest.raises(ConfigError, match=r"127\.0\.0\.1/8"):
        networks(["127.0.0.1/8"])
