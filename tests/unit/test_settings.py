"""A dispatcher's settings: read from the environment, all mistakes at once."""

from pathlib import Path

import pytest

from shared.errors import ConfigError
from shared.model import Engine
from shared.settings import dispatcher_settings


@pytest.fixture(autouse=True)
def no_settings_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in list(os.environ):
        if name.startswith("CASCADE_"):
            monkeypatch.delenv(name)


def test_a_broker_is_all_a_dispatcher_must_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASCADE_BROKER_URL", "amqp://dispatcher:secret@127.0.0.1:5672/cascade")
    settings = dispatcher_settings()

    assert settings.store_url.startswith("sqlite:///")
    assert 16 == settings.slots
    assert "secret" not in repr(settings)


def test_who_runs_the_failover_is_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASCADE_BROKER_URL", "amqp://127.0.0.1")
    assert Engine.LOCAL is dispatcher_settings().engine

    monkeypatch.setenv("CASCADE_ENGINE", "provider")
    assert Engine.PROVIDER is dispatcher_settings().engine


def test_every_mistake_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASCADE_SLOTS", "none")
    monkeypatch.setenv("CASCADE_LOG_FORMAT", "xml")
    monkeypatch.setenv("CASCADE_ENGINE", "somebody")
    monkeypatch.setenv("CASCADE_RECONCILE_S", "sms=10,fax=100")
    monkeypatch.setenv("CASCADE_CALLBACK_NETWORKS", "127.0.0.0/8,nowhere")

    with pytest.raises(ConfigError) as raised:
        dispatcher_settings()

    text = str(raised.value)
    for name in ("BROKER_URL", "SLOTS", "ENGINE", "LOG_FORMAT", "RECONCILE_S", "CALLBACK_NETWORKS"):
        assert f"CASCADE_{name}" in text
    assert "fax" in text
    assert "nowhere" in text


def test_a_doubt_shorter_than_three_times_the_p95_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASCADE_BROKER_URL", "amqp://127.0.0.1")
    monkeypatch.setenv("CASCADE_RECEIPT_P95_S", "sms=50")

    with pytest.raises(ConfigError, match="sms must be set to at least 150"):
        dispatcher_settings()


def test_a_file_beats_the_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "url").write_text("amqp://from-the-file\n", encoding="utf-8")
    monkeypatch.setenv("CASCADE_BROKER_URL", "amqp://from-the-variable")
    monkeypatch.setenv("CASCADE_BROKER_URL_FILE", str(tmp_path / "url"))

    assert "amqp://from-the-file" == dispatcher_settings().broker_url


def test_where_callers_reach_us_is_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASCADE_BROKER_URL", "amqp://127.0.0.1")
    assert dispatcher_settings().public_url is None

    monkeypatch.setenv("CASCADE_PUBLIC_URL", "https://cascade.example/api/")
    assert "https://cascade.example/api" == dispatcher_settings().public_url


@pytest.mark.parametrize(
    "address",
    [
        "cascade.example",
        "ftp://cascade.example",
        "https://",
        "https://user@cascade.example",
        "https://cascade.example?x=1",
        "https://cascade.example/#x",
        "https://cascade.example:port",
        "https://[::1",
    ],
)
def test_where_callers_reach_us_must_be_an_address(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("CASCADE_BROKER_URL", "amqp://127.0.0.1")
    monkeypatch.setenv("CASCADE_PUBLIC_URL", address)

    with pytest.raises(ConfigError, match="CASCADE_PUBLIC_URL"):
        dispatcher_settings()
