"""The verbs of somebody who sends, and of somebody who watches over it, on a whole deployment."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest
import requests
from kombu import Connection

from tests.support.command_line import CommandLine, command_line
from tests.support.waiting import wait_until

pytestmark = pytest.mark.xdist_group("cli-sends")
EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "viber-then-sms.json"
UNKNOWN = "01a20000-0000-8000-8000-000000000000"


@pytest.fixture(scope="module")
def cascade(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    line = command_line(tmp_path_factory.mktemp("cli") / "state")
    line("up").fine()
    yield line
    line("down").fine()


def no_wait(line: CommandLine, to: str, *more: str) -> str:
    """Send without waiting and return the workflow's id."""
    said = line("send", "--to", to, "--text", "Hello", "--no-wait", *more).fine()
    return said.removeprefix("accepted ").strip()


def wait_for(line: CommandLine, workflow_id: str, state: str, deadline_s: float = 40.0) -> dict[str, Any]:
    shown: dict[str, Any] = {}

    def there() -> bool:
        shown.update(line.json("show", workflow_id, "--json"))
        return bool(state == shown["state"])

    wait_until(there, deadline_s, every_s=0.2)
    return shown


# send


def test_send_waits_and_tells_the_story(cascade: CommandLine) -> None:
    said = cascade("send", "--to", "447700900001", "--text", "Hello", "--client-ref", "order 1").fine()

    lines = [line for line in said.splitlines() if line]
    assert re.fullmatch(r"accepted [0-9a-f-]{36}", lines[0])
    assert all(re.match(r"  \d\d:\d\d:\d\d\.\d  \S", line) for line in lines[1:-1]), said
    assert "It goes on from Viber to SMS, because the provider refused it." in said
    assert "delivered" == lines[-1].strip()


def test_send_without_waiting_says_the_id_alone(cascade: CommandLine) -> None:
    said = cascade("send", "--to", "447700900000", "--via", "sms", "--text", "Hello", "--no-wait").fine()

    assert re.fullmatch(r"accepted [0-9a-f-]{36}\n", said)


def test_send_answers_in_json(cascade: CommandLine) -> None:
    answer = cascade.json("send", "--to", "447700900000", "--text", "Hello", "--no-wait", "--json")
    end = cascade.json("send", "--to", "447700900000", "--text", "Hello", "--json")

    assert UUID.fullmatch(answer["workflow_id"])
    assert ("final", "delivered", [1]) == (end["state"], end["outcome"], end["reached"])


UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def test_send_takes_a_file(cascade: CommandLine, tmp_path: Path) -> None:
    body = json.loads(EXAMPLE.read_text(encoding="utf-8"))
    for step in body["workflow"]:
        step["to"]["number"] = "447700900000"
    file = tmp_path / "body.json"
    file.write_text(json.dumps(body), encoding="utf-8")

    assert "delivered" == cascade.json("send", "--file", str(file), "--json")["outcome"]


BAD = {
    "an unknown channel": (("--to", "447700900000", "--via", "fax", "--text", "Hello"), 1, "channel"),
    "no number": (("--to", "hello", "--via", "sms", "--text", "Hello"), 1, "to: "),
    "no text": (("--to", "447700900000", "--via", "sms", "--text", ""), 1, "text: "),
    "the second step": (("--to", "447700900000", "--via", "sms,fax", "--text", "Hello"), 1, "failover[0].channel"),
    "a window too short": (("--to", "447700900000", "--text", "Hello", "--expiry", "3"), 2, "--expiry"),
    "no recipient": (("--text", "Hello"), 2, "--to"),
    "a file that is not there": (("--file", "/nowhere/body.json"), 2, "--file"),
}


@pytest.mark.parametrize(("options", "code", "words"), BAD.values(), ids=BAD)
def test_bad_input_is_named(cascade: CommandLine, options: tuple[str, ...], code: int, words: str) -> None:
    said = cascade("send", *options)

    assert words in said.refusal()
    assert code == said.code


@pytest.mark.parametrize("text", ["{", "[]", "\x80"], ids=["no JSON", "no object", "no text"])
def test_a_file_that_holds_no_request_is_named(cascade: CommandLine, tmp_path: Path, text: str) -> None:
    file = tmp_path / "body.json"
    file.write_bytes(text.encode("latin-1"))

    assert cascade("send", "--file", str(file)).refusal().startswith(f"cascade: {file}")


def test_who_stops_watching_is_told_that_it_goes_on(cascade: CommandLine) -> None:
    watching = cascade.start("send", "--to", "447700900003", "--expiry", "60", "--text", "Hello")
    assert watching.stdout is not None
    accepted = watching.stdout.readline().split()[1]
    wait_for(cascade, accepted, "waiting")

    watching.send_signal(signal.SIGINT)
    said, _ = watching.communicate(timeout=20)

    assert 1 == watching.returncode
    assert f"cascade cancel {accepted}" in said
    assert "waiting" == cascade.json("show", accepted, "--json")["state"]


def test_no_ingress_is_said_with_what_starts_one(tmp_path: Path, cascade: CommandLine) -> None:
    said = cascade("send", "--to", "447700900000", "--text", "Hello", CASCADE_INGRESS_URL="http://127.0.0.1:1")

    assert said.refusal().startswith("cascade: The ingress at http://127.0.0.1:1 does not answer")


def test_neither_a_proxy_nor_a_netrc_comes_between(cascade: CommandLine, tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text("default login somebody password else\n", encoding="utf-8")
    (tmp_path / ".netrc").chmod(0o600)
    elsewhere = dict.fromkeys(("http_proxy", "HTTP_PROXY", "all_proxy"), "http://127.0.0.1:1")

    said = cascade("send", "--to", "447700900000", "--text", "Hello", "--json", HOME=str(tmp_path), **elsewhere).fine()

    assert "delivered" == json.loads(said)["outcome"]


# show


def test_show_finds_a_workflow_by_each_of_its_ids(cascade: CommandLine) -> None:
    end = cascade.json("send", "--to", "447700900001", "--text", "Hello", "--json")
    ids = [end["workflow_id"], *(step["message_uuid"] for step in end["steps"])]

    stories = [cascade("show", each).fine() for each in ids]

    assert 3 == len(ids)
    assert 1 == len(set(stories))
    assert stories[0].startswith(f"{ids[0]}  viber_service then sms\n")


def test_show_answers_in_json(cascade: CommandLine) -> None:
    sent = no_wait(cascade, "447700900000")
    shown = wait_for(cascade, sent, "final")

    assert sent == shown["workflow_id"]
    assert list(range(1, len(shown["entries"]) + 1)) == [entry["sequence"] for entry in shown["entries"]]


@pytest.mark.parametrize("given", [UNKNOWN, "x", "../messages", "a b?c#d", "ß"])
@pytest.mark.parametrize("verb", ["show", "cancel"])
def test_an_unknown_id_is_said(cascade: CommandLine, verb: str, given: str) -> None:
    said = cascade(verb, given)

    assert f"cascade: There is no workflow and no message {given} of yours." == said.refusal()
    assert 1 == said.code


def test_another_tenants_workflow_is_unknown(cascade: CommandLine, tmp_path: Path) -> None:
    sent = no_wait(cascade, "447700900000")
    key = tmp_path / "other.key"
    made = cascade("app", "create", "--tenant", "other", "--key-file", str(key)).fine()
    other = ("--application", made.split()[1], "--key", str(key))

    # The ingress may know its callers up to half a minute by heart.
    wait_until(lambda: "There is no workflow" in cascade("show", sent, *other).error, 40, every_s=1)


def test_show_before_a_dispatcher_has_read_it(cascade: CommandLine) -> None:
    for name in ("dispatcher-1", "dispatcher-2"):
        cascade.process(name).stop(30)
    try:
        sent = no_wait(cascade, "447700900000")
        said = cascade("show", sent).fine()
    finally:
        cascade("up").fine()

    assert "no dispatcher has read it yet" in said
    wait_for(cascade, sent, "final")


# find


def test_find_tells_the_stories_of_a_number_and_of_a_reference(cascade: CommandLine) -> None:
    sent = [no_wait(cascade, "447700900004", "--via", "sms", "--client-ref", f"find me {number}") for number in (1, 2)]
    older, newer = (wait_for(cascade, each, "final")["workflow_id"] for each in sent)

    stories = cascade("find", "+44 (7700) 900-004").fine()
    lines = cascade("find", "find me 1", "--short").fine().splitlines()
    told = cascade.json("find", "447700900004", "--limit", "1", "--json")

    assert stories.index(newer) < stories.index(older)
    assert 2 == stories.count("sms to 447700900004")
    assert re.search(r"\n  \d\d:\d\d:\d\d\.\d  \S", stories)
    assert [True] == [older in line and line.endswith("find me 1") for line in lines]
    assert [newer] == [each["workflow_id"] for each in told]
    assert told[0]["entries"] == cascade.json("show", newer, "--json")["entries"]
    assert [] == [each for each in (older, newer) if each in cascade("find", "447700900004", "--status", "ready").error]


def test_find_says_what_is_not_there_and_names_what_is_wrong(cascade: CommandLine) -> None:
    assert "Nothing of yours was sent to 447700900998" in cascade("find", "447700900998").refusal()
    assert "from_time: must be a time with its zone" in cascade("find", "1", "--since", "yesterday").refusal()
    assert "status: must be one of" in cascade("find", "1", "--status", "sent").refusal()


# cancel


def test_cancel_ends_what_waits(cascade: CommandLine) -> None:
    sent = no_wait(cascade, "447700900003", "--expiry", "60")
    message = wait_for(cascade, sent, "waiting")["steps"][0]["message_uuid"]

    said = cascade("cancel", message).fine()

    end = wait_for(cascade, sent, "final")
    assert sent in said
    assert ("cancelled", [1]) == (end["outcome"], end["may_have_reached"])
    assert "409" in cascade("cancel", sent).refusal()


# channel


def test_a_paused_channel_holds_until_it_is_resumed(cascade: CommandLine) -> None:
    cascade("channel", "pause", "viber_service", "--reason", "provider trouble").fine()
    listed = cascade("channel", "list").fine()
    doctor = cascade("doctor")
    time.sleep(1.2)  # every dispatcher reads the controls once a second
    sent = no_wait(cascade, "447700900000")
    held = wait_for(cascade, sent, "held")

    resumed = cascade("channel", "resume", "viber_service").fine()

    assert "pause    viber_service" in listed
    assert "provider trouble" in listed
    assert "!!  stops" in doctor.out
    assert "mend it: cascade channel list" in doctor.out
    assert 1 == doctor.code
    assert [] == held["steps"][0]["attempts"]
    assert "viber_service is resumed" == resumed.strip()
    assert "delivered" == wait_for(cascade, sent, "final")["outcome"]
    assert "viber_service was not paused" == cascade("channel", "resume", "viber_service").fine().strip()


def test_a_skipped_channel_is_passed_over_and_the_stop_lifted_by_its_key(cascade: CommandLine) -> None:
    cascade("channel", "pause", "viber_service", "--skip").fine()
    time.sleep(1.2)  # as above
    end = cascade.json("send", "--to", "447700900000", "--text", "Hello", "--json")
    key = re.search(r"cascade channel lift '(.+)'", cascade("channel", "list").fine())
    assert key is not None

    assert "lifted" == cascade("channel", "lift", key[1]).fine().strip()

    assert [2] == end["reached"]
    assert "nothing is stopped" == cascade("channel", "list").fine().strip()
    assert f"there is no stop {key[1]}" == cascade("channel", "lift", key[1]).fine().strip()


def test_an_unknown_channel_is_wrong_usage(cascade: CommandLine) -> None:
    said = cascade("channel", "pause", "fax")

    assert 2 == said.code
    assert "viber_service" in said.refusal()


# jwt, topology, publisher, doctor


def test_the_demos_token_is_good_for_any_caller(cascade: CommandLine) -> None:
    token = cascade("jwt").fine().strip()
    url = f"http://127.0.0.1:{cascade.environment['CASCADE_INGRESS_PORT']}/v1/workflows/{UNKNOWN}"

    codes = [
        requests.get(url, headers={"Authorization": f"Bearer {given}"}, timeout=10).status_code
        for given in (token, f"{token[:-4]}AAAA")
    ]

    assert [404, 401] == codes
    assert cascade.demo["application_id"] == jwt.decode(token, options={"verify_signature": False})["application_id"]


def test_what_is_missing_on_the_broker_is_told_and_applied(cascade: CommandLine) -> None:
    password = json.loads((cascade.state_dir / "passwords.json").read_text(encoding="utf-8"))["cascade-setup"]
    port = json.loads((cascade.state_dir / "rabbitmq" / "node.json").read_text(encoding="utf-8"))["amqp_port"]
    assert "the broker is as it should be" == cascade("topology", "check").fine().strip()
    with (
        Connection(f"amqp://cascade-setup:{password}@127.0.0.1:{port}/cascade") as connection,
        connection.channel() as channel,
    ):
        channel.queue_delete("cascade.next.email")

    checked, doctor = cascade("topology", "check"), cascade("doctor")
    applied = cascade("topology", "apply").fine()

    assert (1, "queue cascade.next.email is missing") == (checked.code, checked.out.splitlines()[0])
    assert "!!  topology" in doctor.out
    assert "mend it: cascade topology apply" in doctor.out
    assert "applied to the private RabbitMQ" in applied
    assert "the broker is as it should be" == cascade("topology", "check").fine().strip()


def test_a_publisher_gets_a_url_that_works_and_is_listed(cascade: CommandLine) -> None:
    url = cascade("publisher", "add", "shop", "--tenant", "demo").fine().split()[1]

    example = EXAMPLE.with_name("publish_with_pika.py")
    said = subprocess.run([sys.executable, example, url, EXAMPLE], capture_output=True, text=True, check=True).stdout

    assert "accepted" == json.loads(said)["answer"], said
    assert "shop                     demo" in cascade("publisher", "list").fine()
    for name in ("cascade-ingress", "Shop", "a.b", ""):
        assert f"publisher {name!r}: 1 to 32 of" in cascade("publisher", "add", name, "--tenant", "demo").refusal()


def test_the_doctor_is_content_and_names_who_died(cascade: CommandLine) -> None:
    # There is more than one tenant by now: whose inbound messages are must be said.
    cascade("account", "route", "default", "--tenant", "demo").fine()
    content = cascade("doctor").fine()
    cascade.process("ingress").kill()
    ill = cascade("doctor")
    cascade("up").fine()

    assert "!!" not in content
    assert "dispatcher-1 (pid " in content
    assert 1 == ill.code
    assert "!!  ingress" in ill.out
    assert "mend it: make up; its log is " in ill.out
