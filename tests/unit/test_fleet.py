"""What `make up` tells the processes that it starts."""

from pathlib import Path

import pytest

from services.cli.broker import BrokerUrls
from services.cli.fleet import dispatcher
from services.cli.home import Home

HOME = Home(state_dir=Path("state"), ports={"ingress": 18080, "sandbox": 18082})
URLS = BrokerUrls(
    ingress="amqp://cascade-ingress:x@127.0.0.1/cascade",
    dispatcher="amqp://cascade-dispatcher:x@127.0.0.1/cascade",
    console="amqp://cascade-console:x@127.0.0.1/cascade",
    setup="amqp://cascade-setup:x@127.0.0.1/cascade",
    private_pid=None,
)


@pytest.mark.parametrize(
    ("given", "told"), [(None, "http://127.0.0.1:18080"), ("https://cascade.example", "https://cascade.example")]
)
def test_webhooks_lead_to_its_own_ingress_unless_callers_reach_it_elsewhere(
    monkeypatch: pytest.MonkeyPatch, given: str | None, told: str
) -> None:
    monkeypatch.delenv("CASCADE_PUBLIC_URL", raising=False)
    if given is not None:
        monkeypatch.setenv("CASCADE_PUBLIC_URL", given)

    assert told == dispatcher(HOME, URLS, 1).environment["CASCADE_PUBLIC_URL"]
