"""Put a workflow on the queue with pika and wait for the answer: python publish_with_pika.py URL FILE [TYPE]."""

import sys
import uuid
from pathlib import Path

import pika

kind = sys.argv[3] if len(sys.argv) > 3 else "workflow.v0_1"  # or: workflow.beta message.v0_1 message.v1
parameters = pika.URLParameters(sys.argv[1])
user = parameters.credentials.username
with pika.BlockingConnection(parameters) as connection:
    channel = connection.channel()
    channel.confirm_delivery()  # basic_publish returns when the broker has it for good, and raises when it does not
    channel.queue_declare(f"{user}.answers", durable=True)
    channel.queue_bind(f"{user}.answers", "cascade.answers", routing_key=f"{user}.answers")
    channel.basic_publish(
        exchange="cascade.sends",
        routing_key=kind,
        body=Path(sys.argv[2]).read_bytes(),
        mandatory=True,
        properties=pika.BasicProperties(
            type=kind,  # says what the body is: workflow.v0_1 is the JSON of POST /v0.1/dispatch
            content_type="application/json",
            message_id=str(uuid.uuid4()),  # your key: the same id and body again changes nothing
            user_id=user,
            reply_to=f"{user}.answers",
            delivery_mode=2,
        ),
    )
    method, _, answer = next(channel.consume(f"{user}.answers", inactivity_timeout=10))
    if method is None:
        sys.exit("no answer within 10 s: the message is safe, but no dispatcher runs")
    channel.basic_ack(method.delivery_tag)
    print(answer.decode())
