"""What a log line may show."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from shared.logs import configure_logs, mask, redact


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    target = io.StringIO()
    configure_logs("dispatcher", name="d1", stream=target)
    yield target
    structlog.reset_defaults()
    logging.basicConfig(force=True, handlers=[logging.NullHandler()])


def test_a_line_is_one_json_object_with_who_and_when(stream: io.StringIO) -> None:
    structlog.get_logger().info("step.settled", channel="sms", duration_ms=41)
    line = json.loads(stream.getvalue())

    assert "dispatcher" == line["service"]
    assert "d1" == line["process"]
    assert "info" == line["level"]
    assert "step.settled" == line["event"]
    assert 41 == line["duration_ms"]
    assert line["timestamp"].endswith("Z")


def test_a_line_break_in_a_value_does_not_begin_a_line(stream: io.StringIO) -> None:
    structlog.get_logger().info("x.happened", title="a\nb\x1b[31m")

    assert 1 == stream.getvalue().count("\n")


HIDDEN = {
    "a text": {"text": "meet me at nine"},
    "a token": {"authorization": "Bearer abc.def.ghi"},
    "a recipient": {"to": "447900000012"},
    "a number within a sentence": {"error": "no route for 447900000012."},
    "a number after a plus": {"error": "+447900000012 is barred"},
    "a number within a list": {"detail": [{"to": "447900000012", "why": "447900000012 opted out"}]},
    "a password in a URL": {"error": "amqp://user:447900000012@host lost"},
    "a signed token within a sentence": {"error": "bad token eyJhbGciOi.eyJqdGkiOiI0NDc5MDAwMDAwMTIi.x"},
}


@pytest.mark.parametrize("facts", HIDDEN.values(), ids=HIDDEN.keys())
def test_nothing_private_is_shown(facts: dict[str, object]) -> None:
    shown = json.dumps(redact(None, "", {"event": "x.happened", **facts}))

    assert "447900000012" not in shown
    assert "meet me" not in shown
    assert "abc.def" not in shown
    assert "eyJ" not in shown


@given(st.from_regex(r"\+?[1-9]\d{6,14}", fullmatch=True), st.sampled_from(["{}", "to {}", "({})", "'{}'", "{}, {}"]))
def test_a_telephone_number_never_comes_through(number: str, sentence: str) -> None:
    shown = redact(None, "", {"event": "x.happened", "error": sentence.replace("{}", number)})

    assert number not in str(shown)


def test_our_own_ids_stay_readable() -> None:
    facts = {"workflow_id": "01914d3c-8f2a-8b3c-9d4e-123456789000", "ref": "01914d3c8f2a8b3c9d4e123456789000.1.1"}

    assert facts == redact(None, "", dict(facts))


def test_a_mask_keeps_the_first_four_and_the_last_two() -> None:
    assert "4479******12" == mask("447900000012")
    assert "*****" == mask("12345")


def test_libraries_are_logged_in_the_same_shape(stream: io.StringIO) -> None:
    logging.getLogger("pika").warning("lost %s", "amqp://user:secret@host")
    line = json.loads(stream.getvalue())

    assert "library.logged" == line["event"]
    assert "secret" not in line["message"]
