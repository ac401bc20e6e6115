"""Put a workflow on the queue with kombu and wait for the answer: python publish_with_kombu.py URL FILE [TYPE]."""

import sys
import uuid
from pathlib import Path

from kombu import Connection, Consumer, Exchange, Producer, Queue

url, body = sys.argv[1], Path(sys.argv[2]).read_bytes()
kind = sys.argv[3] if len(sys.argv) > 3 else "workflow.v0_1"  # or: workflow.beta message.v0_1 message.v1
with Connection(url, transport_options={"confirm_publish": True}) as connection:
    user = connection.userid
    answers = Queue(f"{user}.answers", Exchange("cascade.answers", passive=True), routing_key=f"{user}.answers")
    with Consumer(connection, [answers], on_message=lambda m: (print(m.body), m.ack())):
        Producer(connection.channel()).publish(
            body,
            exchange="cascade.sends",
            routing_key=kind,
            type=kind,  # says what the body is: workflow.v0_1 is the JSON of POST /v0.1/dispatch
            content_type="application/json",
            content_encoding="utf-8",
            message_id=str(uuid.uuid4()),  # your key: the same id and body again changes nothing
            user_id=user,
            reply_to=f"{user}.answers",
            delivery_mode=2,
            mandatory=True,
            timeout=10,
        )
        try:
            connection.drain_events(timeout=10)
        except TimeoutError:
            sys.exit("no answer within 10 s: the message is safe, but no dispatcher runs")
