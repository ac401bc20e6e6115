"""Every sample of the provider's webhooks, and what is read of it."""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import WireError
from shared.vonage.legacy_sms import inbound_as_v1, receipt_as_v1
from shared.vonage.webhooks import WebhookKind, classify, read
from shared.wire.inbound import inbound_webhook

GOLDEN = Path(__file__).parents[1] / "golden" / "webhooks"
SAMPLES = sorted(path.stem for path in GOLDEN.glob("*.json") if not path.stem.endswith(".read"))
LEGACY = sorted(path.name for path in (GOLDEN / "legacy").iterdir() if not path.name.endswith(".v1.json"))
KINDS = {"status": WebhookKind.STATUS, "inbound": WebhookKind.INBOUND, "report": WebhookKind.REPORT}


def bare(value: object) -> object:
    """Leave out what says nothing."""
    if isinstance(value, Mapping):
        return {name: bare(inner) for name, inner in value.items() if inner not in (None, {}, ())}
    return [bare(inner) for inner in value] if isinstance(value, list | tuple) else value


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_is_read_as_it_says(name: str) -> None:
    raw = (GOLDEN / f"{name}.json").read_bytes()
    webhook = read(raw)

    expected = json.loads((GOLDEN / f"{name}.read.json").read_text(encoding="utf-8"))
    assert expected == {"kind_of_webhook": type(webhook).__name__, **dict(bare(asdict(webhook)))}  # type: ignore[call-overload]
    assert KINDS[name.partition("_")[0]] is classify(raw)


def test_there_is_a_sample_of_every_type_a_person_can_send() -> None:
    kinds = {
        json.loads((GOLDEN / f"{name}.read.json").read_text(encoding="utf-8"))["kind"]
        for name in SAMPLES
        if name.startswith("inbound_v1")
    }

    assert (
        set(
            "text image audio video file vcard location reply order contact sticker reaction button content custom"
            " unsupported".split()
        )
        == kinds
    )


@pytest.mark.parametrize("name", LEGACY)
def test_a_webhook_of_the_sms_api_becomes_what_v1_says(name: str) -> None:
    raw = (GOLDEN / "legacy" / name).read_bytes()
    content_type = "application/json" if name.endswith(".json") else "application/x-www-form-urlencoded"
    translated = (receipt_as_v1 if name.startswith("receipt") else inbound_as_v1)(raw, content_type)

    expected = json.loads((GOLDEN / "legacy" / f"{name.replace('.', '_')}.v1.json").read_text(encoding="utf-8"))
    assert expected == (None if translated is None else json.loads(translated))
    assert translated is None or classify(translated) is KINDS["status" if name.startswith("receipt") else "inbound"]


DOCUMENTS = [json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8")) for name in SAMPLES]
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["", "text", "447700900000", "é\u2028"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["type", "id", "text"]), inner),
    max_leaves=4,
)


@st.composite
def spoiled(draw: st.DrawFn) -> bytes:
    """Return a sample in which some members, at any depth, are gone or something else."""
    document = json.loads(json.dumps(draw(st.sampled_from(DOCUMENTS))))
    for _ in range(draw(st.integers(1, 4))):
        place = document
        while isinstance(place, dict) and place:
            name = draw(st.sampled_from(sorted(place)))
            if isinstance(place[name], dict) and place[name] and draw(st.booleans()):
                place = place[name]
                continue
            if draw(st.booleans()):
                del place[name]
            else:
                place[name] = draw(VALUES)
            break
    return json.dumps(document).encode()


@given(spoiled(), st.sampled_from([None, "v1", "v0.1"]))
def test_no_spoiled_sample_makes_a_reader_raise_anything_but_a_wire_error(raw: bytes, version: str | None) -> None:
    with suppress(WireError):
        read(raw)
    with suppress(WireError):
        read(inbound_webhook(raw, version=version, answers="an id of ours"))
