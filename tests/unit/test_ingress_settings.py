"""An ingress's settings."""

import os
from pathlib import Path

import pytest

from services.ingress.settings import TlsFiles, ingress_settings
from shared.errors import ConfigError
from tests.support.certificates import self_signed


@pytest.fixture(autouse=True)
def no_settings_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("CASCADE_"):
            monkeypatch.delenv(name)


def test_a_broker_is_all_an_ingress_must_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASCADE_BROKER_URL", "amqp://ingress:hidden@127.0.0.1/cascade")
    settings = ingress_settings()

    assert ("127.0.0.1", 8080, None) == (settings.host, settings.port, settings.port_file)
    assert (2, 8) == (settings.workers, settings.threads)
    assert settings.store_url.startswith("sqlite:///")
    assert "hidden" not in repr(settings)


def test_the_port_file_is_written_to_and_never_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "port").write_text("1234", encoding="ascii")
    monkeypatch.setenv("CASCADE_BROKER_URL", "amqp://127.0.0.1")
    monkeypatch.setenv("CASCADE_INGRESS_PORT", "0")
    monkeypatch.setenv("CASCADE_INGRESS_PORT_FILE", str(tmp_path / "port"))
    settings = ingress_settings()

    assert (0, tmp_path / "port") == (settings.port, settings.port_file)


def test_secrets_may_come_from_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "url").write_text("amqp://from-the-file\n", encoding="utf-8")
    monkeypatch.setenv("CASCADE_BROKER_URL_FILE", str(tmp_path / "url"))

    assert "amqp://from-the-file" == ingress_settings().broker_url


def test_every_mistake_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = {"INGRESS_PORT": "70000", "INGRESS_WORKERS": "none", "INGRESS_THREADS": "0", "PUBLISH_TIMEOUT_S": "-1"}
    for name, value in wrong.items():
        monkeypatch.setenv(f"CASCADE_{name}", value)

    with pytest.raises(ConfigError) as raised:
        ingress_settings()

    assert [] == [name for name in ("BROKER_URL", *wrong) if f"{name}" not in str(raised.value)]


def test_certificate_and_key_are_proven_to_be_a_pair_before_the_start(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ours, other = self_signed(tmp_path / "ours", "127.0.0.1"), self_signed(tmp_path / "other", "127.0.0.1")
    monkeypatch.setenv("CASCADE_BROKER_URL", "amqp://127.0.0.1")
    monkeypatch.setenv("CASCADE_INGRESS_TLS_CERT", str(ours.file))
    monkeypatch.setenv("CASCADE_INGRESS_TLS_KEY", str(ours.key))

    assert TlsFiles(certificate=ours.file, key=ours.key) == ingress_settings().tls
    for wrong in (str(other.key), str(tmp_path / "nowhere.pem"), ""):
        monkeypatch.setenv("CASCADE_INGRESS_TLS_KEY", wrong)
        with pytest.raises(ConfigError, match="CASCADE_INGRESS_TLS_CERT and CASCADE_INGRESS_TLS_KEY"):
            ingress_settings()


def test_which_clients_re_send_and_what_old_ones_may_do_are_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASCADE_BROKER_URL", "amqp://127.0.0.1")
    usual = ingress_settings()
    monkeypatch.setenv("CASCADE_INGRESS_RESENDING_AGENTS", "acme-mailer/,vonage-python-sdk/")
    monkeypatch.setenv("CASCADE_INGRESS_QUERY_CREDENTIALS", "true")
    chosen = ingress_settings()
    monkeypatch.setenv("CASCADE_INGRESS_RESENDING_AGENTS", "")

    assert (("vonage-python-sdk/",), False) == (usual.resending_agents, usual.query_credentials)
    assert (("acme-mailer/", "vonage-python-sdk/"), True) == (chosen.resending_agents, chosen.query_credentials)
    assert () == ingress_settings().resending_agents
