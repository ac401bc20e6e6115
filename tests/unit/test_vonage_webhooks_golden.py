"""Every sample of the provider's webhooks, and what is read of it."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import pytest

from shared.vonage.legacy_sms import inbound_as_v1, receipt_as_v1
from shared.vonage.webhooks import WebhookKind, classify, read

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
