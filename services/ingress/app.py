"""The Flask application, made from its ports. Nothing is connected here, and no thread is started."""

from __future__ import annotations

from flask import Flask

from services.ingress.addresses import know_ids
from services.ingress.bodies import LONGEST_WEBHOOK
from services.ingress.cancels import cancels
from services.ingress.clock import Clock, StoreTime
from services.ingress.docs import docs
from services.ingress.health import health
from services.ingress.house import House, move_in
from services.ingress.known import KnownCallers
from services.ingress.legacy_webhooks import legacy_webhooks
from services.ingress.ports import IngressStore, Publisher
from services.ingress.queries import queries
from services.ingress.refusals import answer_faults_with_problems
from services.ingress.searches import searches
from services.ingress.sends import sends
from services.ingress.settings import IngressSettings
from services.ingress.traces import trace_every_request
from services.ingress.updates import updates
from services.ingress.webhooks import webhooks
from shared.metrics import Metrics
from shared.metrics_page import page_of


def create_app(settings: IngressSettings, store: IngressStore, publisher: Publisher, clock: Clock) -> Flask:
    """Make the application."""
    return app_of(make_house(settings, store, publisher, clock))


def make_house(settings: IngressSettings, store: IngressStore, publisher: Publisher, clock: Clock) -> House:
    """Put the ports of a process together with its caches."""
    store_time = StoreTime(clock)
    return House(
        settings=settings,
        store=store,
        publisher=publisher,
        clock=clock,
        store_time=store_time,
        known=KnownCallers(store, clock, store_time),
        metrics=Metrics(),
    )


def app_of(record: House) -> Flask:
    """Make the application that uses this record."""
    app = Flask(__name__, static_folder=None)
    app.config.update(
        MAX_CONTENT_LENGTH=LONGEST_WEBHOOK,
        MAX_FORM_MEMORY_SIZE=0,
        MAX_FORM_PARTS=0,
        PROVIDE_AUTOMATIC_OPTIONS=False,
        PROPAGATE_EXCEPTIONS=False,
    )
    # A redirect would turn a POST into a GET on many clients.
    app.url_map.merge_slashes = False
    know_ids(app)
    move_in(app, record)
    trace_every_request(app)
    answer_faults_with_problems(app)
    said = (sends(), queries(), searches(), cancels(), updates())
    for blueprint in (*said, webhooks(), legacy_webhooks(), docs(), health(lambda: page_of(record.metrics))):
        app.register_blueprint(blueprint)
    return app
