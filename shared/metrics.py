"""The metrics of all services, made once and handed around. Labels are closed lists: no number, no id, no text."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

from shared.channels import QUEUED_CHANNELS

_WORKFLOW_BUCKETS_S = (1, 2, 5, 10, 30, 60, 300, 600, 1800, 3600, 14_400, 86_400)
_CALL_BUCKETS_S = (0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 15)


class Metrics:
    """Counters and gauges under `cascade_`; one registry a process, so that tests can have their own."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        at = self.registry
        self.messages_accepted = Counter(
            "cascade_messages_accepted_total", "Starts taken", ["source", "api"], registry=at
        )
        self.messages_refused = Counter(
            "cascade_messages_refused_total", "Starts refused", ["source", "reason"], registry=at
        )
        self.attempts = Counter(
            "cascade_attempts_total", "Provider calls by outcome", ["channel", "outcome"], registry=at
        )
        self.receipts = Counter(
            "cascade_receipts_total", "Status webhooks by status", ["channel", "status"], registry=at
        )
        self.steps_failed_over = Counter(
            "cascade_steps_failed_over_total",
            "Steps left for the next one",
            ["from_channel", "to_channel", "reason"],
            registry=at,
        )
        self.workflows_finished = Counter(
            "cascade_workflows_finished_total", "Workflows by outcome", ["outcome"], registry=at
        )
        self.workflow_duration = Histogram(
            "cascade_workflow_duration_seconds",
            "From acceptance to the end",
            ["outcome"],
            buckets=_WORKFLOW_BUCKETS_S,
            registry=at,
        )
        self.provider_request_duration = Histogram(
            "cascade_provider_request_duration_seconds",
            "Provider calls",
            ["endpoint", "code"],
            buckets=_CALL_BUCKETS_S,
            registry=at,
        )
        self.senders_refused = Counter(
            "cascade_senders_refused_total",
            "Calls refused because of their sender: the fallback hides a dead primary",
            ["channel", "account"],
            registry=at,
        )
        self.publish_failures = Counter(
            "cascade_publish_failures_total", "Publishes without a confirm", ["queue", "reason"], registry=at
        )
        self.dead_letters = Counter(
            "cascade_dead_letters_total", "Messages nobody could read or handle", ["reason"], registry=at
        )
        self.callbacks = Counter(
            "cascade_callbacks_total", "Deliveries to callers' addresses", ["outcome"], registry=at
        )
        self.webhooks_received = Counter(
            "cascade_webhooks_received_total", "Webhooks of the provider", ["kind", "outcome"], registry=at
        )
        self.circuit_open = Gauge("cascade_circuit_open", "1 while a channel is stopped", ["channel"], registry=at)
        self.dispatcher_inflight = Gauge("cascade_dispatcher_inflight", "Calls in flight", registry=at)
        self.oldest_pending = Gauge(
            "cascade_oldest_pending_seconds", "Age of the oldest that waits", ["queue"], registry=at
        )
        self.orphans = Gauge("cascade_orphan_receipts", "Receipts that matched nothing and were given up", registry=at)
        self.mended = Counter("cascade_mended_total", "What the reconciler put right", ["what"], registry=at)
        self.alarms = Counter("cascade_alarms_total", "Conditions a person must look at", ["alarm"], registry=at)
        self.build_info = Gauge("cascade_build_info", "Always 1", ["version", "python"], registry=at)
        for channel in QUEUED_CHANNELS:
            self.circuit_open.labels(channel).set(0)

    def serve(self, *, host: str, port: int) -> None:
        """Serve /metrics from a thread of the library's own, for as long as the process lives."""
        start_http_server(port, addr=host, registry=self.registry)
