"""The transport against bad servers: what left the house is never guessed, and time is never exceeded."""

import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import jwt
import pytest

from deploy.ports import free_port
from services.dispatcher.ports import CallTicket
from services.dispatcher.transport import Transport, TransportLimits
from shared.errors import ConfigError
from shared.model import Message, Scope
from shared.outcomes import Accepted, Busy, BusySource, CallOutcome, OurFault, Refused, Stale, Unsure
from tests.support.raw_server import RawServer, Script, Visit, raw_server, self_made_certificate
from tests.support.vonage_accounts import account

UUID = "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab"
GOOD = json.dumps({"message_uuid": UUID}).encode()
ACCEPTED = Accepted(provider_uuid=UUID)
LIMITS = TransportLimits(total_s=1.0, connect_s=0.4, oldest_claim_s=5.0)
MARGIN_S = 2.0
"""For a machine with other work; what is tried here would go on for far longer, or for ever."""


@contextmanager
def transport(limits: TransportLimits = LIMITS, ca_file: str | None = None) -> Iterator[Transport]:
    opened = Transport(limits=limits, ca_file=ca_file)
    yield opened
    opened.close()


def ticket(*, claimed_ago_s: float = 0.0) -> CallTicket:
    return CallTicket(
        workflow_id="0190a6e2-f000-8abc-8def-012345678900",
        step=1,
        attempt=1,
        reference="0190a6e2f0008abc8def012345678900.1.1",
        account="default",
        message=Message(
            channel="sms", kind="text", recipient="447700900000", sender="Acme", content={"text": "Привет"}
        ),
        ttl=1800,
        claimed_at=1_790_000_000.0,
        claimed_monotonic=time.monotonic() - claimed_ago_s,
    )


def timed(call: Callable[[], CallOutcome]) -> tuple[CallOutcome, float]:
    started = time.monotonic()
    outcome = call()
    return outcome, time.monotonic() - started


def answers(*given: tuple[int, bytes]) -> Script:
    """Answer the requests of all connections in turn, the last answer repeated, and keep connections open."""
    numbers = count()

    def script(visit: Visit) -> None:
        while visit.read_request():
            status, body = given[min(next(numbers), len(given) - 1)]
            visit.answer(status, body)

    return script


def reads_then(act: Callable[[Visit], None]) -> Script:
    def script(visit: Visit) -> None:
        visit.read_request()
        act(visit)

    return script


def problem_code(outcome: CallOutcome) -> str:
    assert isinstance(outcome, Busy | Unsure | OurFault | Refused)
    return outcome.problem.code


def test_an_accepted_call_carries_the_message_our_reference_and_a_token() -> None:
    with raw_server(answers((202, GOOD))) as server, transport() as calling:
        outcome = calling.call(ticket(), account(base_url=server.url))

    assert ACCEPTED == outcome
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines[1:])
    assert "POST /v1/messages HTTP/1.1" == lines[0]
    assert {
        "channel": "sms",
        "message_type": "text",
        "to": "447700900000",
        "from": "Acme",
        "text": "Привет",
        "client_ref": "0190a6e2f0008abc8def012345678900.1.1",
        "ttl": 1800,
    } == json.loads(body)
    assert ("application/json", "application/json", "identity") == (
        headers["content-type"],
        headers["accept"],
        headers["accept-encoding"],
    )
    assert headers["user-agent"].startswith("cascade/")
    assert headers["authorization"].startswith("bearer ey")


# Nothing was written: Busy, and it counts for the account.


def closed_port(stack: ExitStack) -> str:
    return f"http://127.0.0.1:{free_port()}"


def unknown_name(stack: ExitStack) -> str:
    return "http://no-such-host.invalid"


def full_backlog(stack: ExitStack) -> str:
    listening = stack.enter_context(socket.socket())
    listening.bind(("127.0.0.1", 0))
    listening.listen(0)
    for _ in range(4):
        waiting = stack.enter_context(socket.socket())
        waiting.setblocking(False)
        waiting.connect_ex(listening.getsockname())
    return f"http://127.0.0.1:{listening.getsockname()[1]}"


def silent_handshake(stack: ExitStack) -> str:
    server = stack.enter_context(raw_server(Visit.hang))
    return server.url.replace("http:", "https:")


def no_tls_at_all(stack: ExitStack) -> str:
    server = stack.enter_context(raw_server(lambda visit: visit.answer(400)))
    return server.url.replace("http:", "https:")


def reset_in_the_handshake(stack: ExitStack) -> str:
    server = stack.enter_context(raw_server(Visit.reset))
    return server.url.replace("http:", "https:")


NOT_SENT: dict[str, tuple[Callable[[ExitStack], str], set[str]]] = {
    "a closed port": (closed_port, {"refused"}),
    "a name that does not resolve": (unknown_name, {"dns"}),
    "a host that takes no connection": (full_backlog, {"connect_timeout"}),
    "a host that never shakes hands": (silent_handshake, {"connect_timeout", "tls"}),
    "a host that does not speak TLS": (no_tls_at_all, {"tls"}),
    "a host that resets the handshake": (reset_in_the_handshake, {"connection", "tls"}),
}


@pytest.mark.parametrize(("prepare", "codes"), NOT_SENT.values(), ids=NOT_SENT)
def test_before_the_first_byte_a_failure_is_busy(prepare: Callable[[ExitStack], str], codes: set[str]) -> None:
    with ExitStack() as stack, transport() as calling:
        url = prepare(stack)
        outcome, took_s = timed(lambda: calling.call(ticket(), account(base_url=url)))

    assert isinstance(outcome, Busy)
    assert outcome.source is BusySource.CONNECTION
    assert outcome.problem.code in codes
    assert "" == outcome.problem.detail, "the journal's words are for people: no name of a library's error"
    assert took_s < LIMITS.total_s + MARGIN_S


# A byte may have left: Unsure.


def huge(visit: Visit) -> None:
    visit.write(visit.head(202, "Content-Length: 100000000"))
    for _ in range(1000):
        visit.write(b" " * 100_000)


def endless_headers(visit: Visit) -> None:
    visit.write(b"HTTP/1.1 202 Accepted\r\n")
    for number in range(100_000):
        visit.write(f"X-{number}: {'x' * 100}\r\n".encode())


def endless_continue(visit: Visit) -> None:
    while not visit.stopping.is_set():
        visit.write(b"HTTP/1.1 100 Continue\r\n\r\n")


def dripping_body(visit: Visit) -> None:
    visit.write(visit.head(202, f"Content-Length: {len(GOOD)}"))
    visit.drip(GOOD, 0.1)


def half_then_reset(visit: Visit) -> None:
    visit.write(visit.head(202, f"Content-Length: {len(GOOD)}") + GOOD[:20])
    time.sleep(0.05)  # lets the half arrive before the reset throws it away
    visit.reset()


SENT_PERHAPS: dict[str, tuple[Script, str]] = {
    "never answers": (reads_then(Visit.hang), "timeout"),
    "closes after the request": (reads_then(lambda _: None), "broken"),
    "resets after the request": (reads_then(Visit.reset), "broken"),
    "drips its headers": (reads_then(lambda visit: visit.drip(visit.head(202, "X: " + "y" * 200), 0.05)), "timeout"),
    "drips its body": (reads_then(dripping_body), "202"),
    "sends 100 MB": (reads_then(huge), "202"),
    "sends headers without end": (reads_then(endless_headers), "broken"),
    "says 100 Continue without end": (reads_then(endless_continue), "timeout"),
    "sends half of its JSON and resets": (reads_then(half_then_reset), "202"),
    "says 200 and shows a page": (answers((200, b"<html>Welcome</html>")), "200"),
    "speaks another protocol": (reads_then(lambda visit: visit.write(b"220 smtp.example ESMTP\r\n")), "broken"),
    "says 500": (answers((500, b"")), "500"),
    "says 503 as a gateway": (answers((503, b"upstream connect error")), "503"),
}


@pytest.mark.parametrize(("script", "code"), SENT_PERHAPS.values(), ids=SENT_PERHAPS)
def test_after_the_first_byte_a_failure_is_unsure_and_never_late(script: Script, code: str) -> None:
    with raw_server(script) as server, transport() as calling:
        outcome, took_s = timed(lambda: calling.call(ticket(), account(base_url=server.url)))

    assert isinstance(outcome, Unsure)
    assert code == problem_code(outcome)
    assert "Error" not in outcome.problem.detail
    assert took_s < LIMITS.total_s + MARGIN_S


def test_a_reset_before_the_request_is_busy_or_unsure_by_when_it_comes() -> None:
    with raw_server(Visit.reset) as server, transport() as calling:
        outcomes = [calling.call(ticket(), account(base_url=server.url)) for _ in range(20)]

    assert {True} == {isinstance(outcome, Busy | Unsure) for outcome in outcomes}


def test_a_hundred_megabytes_are_not_read() -> None:
    written: list[int] = []

    def script(visit: Visit) -> None:
        visit.read_request()
        visit.write(visit.head(202, "Content-Length: 100000000"))
        for _ in range(1000):
            visit.write(b" " * 100_000)
            written.append(100_000)

    with raw_server(script) as server, transport() as calling:
        _, took_s = timed(lambda: calling.call(ticket(), account(base_url=server.url)))

    assert sum(written) < 10_000_000  # what fits into the sockets' buffers
    assert took_s < LIMITS.total_s + MARGIN_S


def test_a_status_whose_body_drips_is_evidence_enough() -> None:
    def script(visit: Visit) -> None:
        visit.read_request()
        visit.write(visit.head(422, "Content-Length: 1000"))
        visit.drip(b"{" * 1000, 0.1)

    with raw_server(script) as server, transport() as calling:
        outcome, took_s = timed(lambda: calling.call(ticket(), account(base_url=server.url)))

    assert isinstance(outcome, Refused)
    assert took_s < LIMITS.total_s + MARGIN_S


def test_a_redirect_is_not_followed() -> None:
    with raw_server(answers((202, GOOD))) as elsewhere, transport() as calling:

        def script(visit: Visit) -> None:
            visit.read_request()
            visit.write(visit.head(307, f"Location: {elsewhere.url}/v1/messages", "Content-Length: 100000000"))
            visit.hang()

        with raw_server(script) as server:
            outcome = calling.call(ticket(), account(base_url=server.url))

    assert isinstance(outcome, OurFault)
    assert outcome.scope is Scope.CHANNEL
    assert [] == elsewhere.visits


# Connections.


def test_a_connection_is_used_again() -> None:
    with raw_server(answers((202, GOOD))) as server, transport() as calling:
        outcomes = [calling.call(ticket(), account(base_url=server.url)) for _ in range(3)]

    assert ([ACCEPTED] * 3, 1, 3) == (outcomes, len(server.visits), len(server.requests))


def test_a_connection_that_was_closed_while_idle_is_noticed_before_a_byte_is_written() -> None:
    def script(visit: Visit) -> None:
        visit.read_request()
        visit.answer(202, GOOD)

    with raw_server(script) as server, transport() as calling:
        outcomes = []
        for _ in range(5):
            outcomes.append(calling.call(ticket(), account(base_url=server.url)))
            time.sleep(0.05)  # the other side says goodbye

    assert ([ACCEPTED] * 5, 5, 5) == (outcomes, len(server.visits), len(server.requests))


def test_a_connection_that_breaks_as_it_is_used_again_leaves_us_unsure() -> None:
    def script(visit: Visit) -> None:
        visit.read_request()
        visit.answer(202, GOOD)
        visit.read_request()
        visit.reset()

    with raw_server(script) as server, transport() as calling:
        outcomes = [calling.call(ticket(), account(base_url=server.url)) for _ in range(2)]

    assert ACCEPTED == outcomes[0]
    assert isinstance(outcomes[1], Unsure)
    assert 2 == len(server.requests)


def test_a_connection_idle_for_long_is_not_used_again() -> None:
    limits = TransportLimits(total_s=1.0, connect_s=0.4, idle_s=0.05)
    with raw_server(answers((202, GOOD))) as server, transport(limits) as calling:
        calling.call(ticket(), account(base_url=server.url))
        time.sleep(0.1)
        calling.call(ticket(), account(base_url=server.url))

    assert (2, 2) == (len(server.visits), len(server.requests))


def test_an_account_that_moves_is_found_at_its_new_address() -> None:
    with raw_server(answers((202, GOOD))) as old, raw_server(answers((202, GOOD))) as new, transport() as calling:
        for server in (old, new):
            calling.call(ticket(), account(base_url=server.url))

    assert (1, 1) == (len(old.requests), len(new.requests))


# Age of the claim.


def test_an_old_claim_is_stale_and_nobody_is_called() -> None:
    with raw_server(answers((202, GOOD))) as server, transport() as calling:
        outcome = calling.call(ticket(claimed_ago_s=5.1), account(base_url=server.url))

    assert Stale() == outcome
    assert [] == server.visits


def test_a_claim_that_grows_old_while_connecting_is_stale_and_nothing_is_written(tmp_path: Path) -> None:
    path, tls = self_made_certificate(tmp_path)
    limits = TransportLimits(total_s=2.0, connect_s=1.0, oldest_claim_s=0.2)
    seen: list[bytes] = []

    def script(visit: Visit) -> None:
        time.sleep(0.4)  # a slow handshake
        with tls.wrap_socket(visit.connection, server_side=True) as shaken:
            seen.append(shaken.recv(1))

    with raw_server(script) as server, transport(limits, str(path)) as calling:
        outcome = calling.call(ticket(), account(base_url=server.url.replace("http:", "https:")))

    assert Stale() == outcome
    assert [b""] == seen


# Who we are.


def tokens_of(server: RawServer) -> list[dict[str, Any]]:
    lines = [
        line for each in server.requests for line in each.split(b"\r\n") if line.startswith(b"Authorization: Bearer")
    ]
    return [jwt.decode(line.split()[-1], options={"verify_signature": False}) for line in lines]


def test_a_refused_token_is_tried_once_more_with_a_fresh_one() -> None:
    with raw_server(answers((401, b""), (202, GOOD))) as server, transport() as calling:
        outcomes = [calling.call(ticket(), account(base_url=server.url)) for _ in range(2)]

    assert [ACCEPTED, ACCEPTED] == outcomes
    first, second, third = (each["jti"] for each in tokens_of(server))
    assert first != second == third


def test_credentials_refused_twice_are_our_fault() -> None:
    with raw_server(answers((401, b""))) as server, transport() as calling:
        outcome = calling.call(ticket(), account(base_url=server.url))

    assert isinstance(outcome, OurFault)
    assert outcome.scope is Scope.ACCOUNT
    assert 2 == len(server.requests)


def test_basic_credentials_that_are_refused_are_not_tried_again() -> None:
    with raw_server(answers((401, b""))) as server, transport() as calling:
        outcome = calling.call(ticket(), account(base_url=server.url, with_token=False))

    assert isinstance(outcome, OurFault)
    assert 1 == len(server.requests)


def test_the_second_try_shares_the_first_ones_time() -> None:
    numbers = count(1)

    def script(visit: Visit) -> None:
        while visit.read_request():
            if next(numbers) > 1:
                visit.hang()
            visit.stopping.wait(0.7)
            visit.answer(401)

    with raw_server(script) as server, transport() as calling:
        outcome, took_s = timed(lambda: calling.call(ticket(), account(base_url=server.url)))

    assert isinstance(outcome, Unsure)
    assert took_s < LIMITS.total_s + 0.6  # with a time of its own the second try would end at total + 0.7


@pytest.mark.parametrize(
    "base_url",
    ["", "provider.example", "ftp://provider.example", "http://", "http://[::1", "http://a..b", "https://:443"],
)
def test_an_address_that_makes_no_request_is_our_fault(base_url: str) -> None:
    with transport() as calling:
        outcome = calling.call(ticket(), account(base_url=base_url))

    assert isinstance(outcome, OurFault)
    assert outcome.scope is Scope.ACCOUNT


def test_an_account_without_a_usable_key_is_our_fault() -> None:
    with transport() as calling:
        outcome = calling.call(ticket(), replace(account(), private_key="no key"))

    assert isinstance(outcome, OurFault)
    assert "account default" in outcome.problem.title


def test_a_message_that_the_accounts_generation_has_no_words_for_is_refused_and_nobody_is_called() -> None:
    asked = ticket()
    by_rcs = replace(asked, message=replace(asked.message, channel="rcs", sender="Acme"))
    with raw_server(answers((202, GOOD))) as server, transport() as calling:
        outcome = calling.call(by_rcs, replace(account(base_url=server.url), generation="v0.1"))

    assert isinstance(outcome, Refused)
    assert ("not_expressible", "v0.1 can't say: channel") == (outcome.problem.code, outcome.problem.title)
    assert not outcome.asked
    assert [] == server.requests


# TLS and the surroundings.


def test_a_certificate_that_nobody_we_trust_signed_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    _, tls = self_made_certificate(tmp_path)
    with raw_server(answers((202, GOOD)), tls=tls) as server, transport() as calling:
        outcome = calling.call(ticket(), account(base_url=server.url))

    assert isinstance(outcome, Busy)
    assert "tls" == outcome.problem.code
    assert [] == server.requests


def test_a_certificate_of_another_name_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    path, tls = self_made_certificate(tmp_path, name="elsewhere.example")
    with raw_server(answers((202, GOOD)), tls=tls) as server, transport(ca_file=str(path)) as calling:
        outcome = calling.call(ticket(), account(base_url=server.url))

    assert isinstance(outcome, Busy)
    assert "tls" == outcome.problem.code
    assert [] == server.requests


def test_a_certificate_that_the_operator_trusts_is_taken_and_its_connection_used_again(tmp_path: Path) -> None:
    path, tls = self_made_certificate(tmp_path)
    with raw_server(answers((202, GOOD)), tls=tls) as server, transport(ca_file=str(path)) as calling:
        outcomes = [calling.call(ticket(), account(base_url=server.url)) for _ in range(2)]

    assert ([ACCEPTED, ACCEPTED], 1) == (outcomes, len(server.visits))


def test_over_tls_too_an_answer_that_drips_is_cut_off_in_time(tmp_path: Path) -> None:
    path, tls = self_made_certificate(tmp_path)
    script = reads_then(lambda visit: visit.drip(visit.head(202, "X: " + "y" * 200), 0.05))
    with raw_server(script, tls=tls) as server, transport(ca_file=str(path)) as calling:
        outcome, took_s = timed(lambda: calling.call(ticket(), account(base_url=server.url)))

    assert isinstance(outcome, Unsure)
    assert took_s < LIMITS.total_s + MARGIN_S


def test_a_ca_file_that_is_not_there_is_a_mistake_of_the_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.pem"):
        Transport(ca_file=str(tmp_path / "nowhere.pem"))


def test_proxies_netrc_and_cookies_of_the_surroundings_play_no_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def script(visit: Visit) -> None:
        while visit.read_request():
            visit.answer(202, GOOD, "Set-Cookie: route=1; Path=/")

    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login someone password else\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    assert str(tmp_path) == os.environ["HOME"]
    with raw_server(script) as server, transport() as calling:
        url = server.url.replace("//", "//user:password@")
        outcomes = [calling.call(ticket(), account(base_url=url)) for _ in range(2)]

    assert [ACCEPTED, ACCEPTED] == outcomes
    assert 2 == len(tokens_of(server))
    assert b"Cookie" not in server.requests[1]
