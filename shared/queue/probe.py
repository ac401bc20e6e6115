"""Tell whether a broker truly serves: it shakes hands and confirms a publish on a quorum queue (architecture 5).

An open port says little: a broker whose quorum queues cannot elect a leader accepts connections and confirms nothing.
"""

from uuid import uuid4

from kombu import Connection, Exchange, Producer, Queue
from kombu.exceptions import OperationalError


def confirms_a_publish(url: str, timeout_s: float = 5.0) -> bool:
    """Declare a queue of its own on `url`, publish to it with a confirm, and delete it again; raises nothing.

    Each step waits `timeout_s` at most. The user must be allowed to configure `cascade.probe.*`.
    """
    queue = Queue(
        f"cascade.probe.{uuid4().hex}",
        exchange=Exchange(""),
        durable=True,
        queue_arguments={"x-queue-type": "quorum"},
    )
    options = {"confirm_publish": True, "read_timeout": timeout_s, "write_timeout": timeout_s}
    connection = Connection(url, connect_timeout=timeout_s, transport_options=options)
    failures = (OSError, OperationalError, *connection.connection_errors, *connection.channel_errors)
    try:
        connection.connect()
        with connection.channel() as channel:
            declared = queue(channel)
            declared.queue_declare()
            try:
                Producer(channel).publish(
                    b"probe",
                    routing_key=queue.name,
                    mandatory=True,
                    delivery_mode=2,
                    serializer=None,
                    content_type="application/octet-stream",
                    content_encoding="binary",
                    retry=False,
                    timeout=timeout_s,
                )
            finally:
                declared.delete()
    except failures:
        return False
    else:
        return True
    finally:
        connection.release()
