"""One dispatcher: builds the engine's five ports from the settings, runs it, and ends in good order.

SIGTERM and SIGINT: no new claims, what is in hand goes back, calls in flight finish, answers commit, exit within 25 s.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from services.dispatcher.amqp import Amqp
from services.dispatcher.callbacks import CallbackCourier
from services.dispatcher.engine import Engine
from services.dispatcher.outlook import program_version, python_version
from services.dispatcher.quoting import QuotingCaller
from services.dispatcher.senders import SenderPools
from services.dispatcher.transport import Transport
from services.dispatcher.updates import UpdatePool
from shared.errors import ConfigError, StoreUnavailable
from shared.logs import configure_logs
from shared.metrics import Metrics
from shared.settings import DispatcherSettings, dispatcher_settings
from shared.store.directory import Account, Directory
from shared.store.opening import open_store
from shared.store.port import Store

log = structlog.get_logger()

STORE_PAUSE_S = 1.0
CONFIRMS_S = 2.0
"""For the last confirms after everything else has ended."""


class SystemClock:
    """The host's monotonic clock."""

    def monotonic(self) -> float:
        """Return the reading."""
        return time.monotonic()


def main() -> int:
    """Run until told to stop. Gives 2 where a setting is wrong, 1 after a bug."""
    try:
        settings = dispatcher_settings()
        configure_logs("dispatcher", format_=settings.log_format, level=settings.log_level, name=settings.name)
        run(settings, stop_on_signals())
    except ConfigError as error:
        sys.stderr.write(f"The dispatcher can't start.\n{error}\n")
        return 2
    except Exception:
        log.exception("dispatcher.crashed")  # unacked messages are delivered again, leases find the calls
        return 1
    return 0


def stop_on_signals() -> threading.Event:
    """Return an event that SIGTERM and SIGINT set."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def run(settings: DispatcherSettings, stop: threading.Event) -> None:
    """Dispatch until `stop` is set and everything begun is done. Raises ConfigError."""
    metrics = Metrics()
    metrics.build_info.labels(program_version(), python_version()).set(1)
    if settings.metrics_port is not None:
        metrics.serve(host=settings.metrics_host, port=settings.metrics_port)
    store = _opened(settings.store_url, stop)
    if store is None:
        return
    transport = Transport(ca_file=settings.provider_ca_file)
    amqp = Amqp(settings.broker_url, name=settings.name)
    first = store.directory()

    def directory() -> Directory:
        return engine.directory or first

    def account_named(name: str) -> Account | None:
        return directory().accounts.get(name)

    updates = UpdatePool(transport=transport, store=store, account_named=account_named, deliver=amqp.deliver_update)
    senders = SenderPools(
        transport=QuotingCaller(transport, store, secret=lambda: directory().deployment_secret),
        account_named=account_named,
        deliver=amqp.deliver_answer,
        update=updates.submit,
        slots=settings.slots,
    )
    courier = CallbackCourier(
        store=store, directory=directory, allowed_networks=settings.callback_networks, ca_file=settings.provider_ca_file
    )
    engine = Engine(amqp, store, amqp, senders, SystemClock(), settings, metrics=metrics, told=courier.nudge)
    amqp.start()
    log.info("dispatcher.started", slots=settings.slots, version=program_version())
    try:
        with _delivering(courier):
            engine.run(stop)
    finally:
        senders.drain(time.monotonic())
        amqp.close(drain_s=CONFIRMS_S)
        transport.close()
        store.close()
        log.info("dispatcher.stopped")


@contextmanager
def _delivering(courier: CallbackCourier) -> Iterator[None]:
    """Deliver callbacks on a thread beside the engine; what is not delivered at the end stays due."""
    thread = threading.Thread(target=courier.run, name="courier", daemon=True)
    thread.start()
    try:
        yield
    finally:
        courier.stop()
        thread.join(CONFIRMS_S)


def _opened(url: str, stop: threading.Event) -> Store | None:
    """Open the store, as often as it takes; None where we are told to stop first. Raises ConfigError."""
    while True:
        try:
            return open_store(url)
        except StoreUnavailable as error:
            log.warning("store.away", error=str(error), again_in_s=STORE_PAUSE_S)
        if stop.wait(STORE_PAUSE_S):
            return None
