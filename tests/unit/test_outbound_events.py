"""What an event for the caller's own queues is made of."""

from dataclasses import replace

from services.dispatcher.outbound import event_row
from shared.ids import reference
from shared.model import Entry, What
from shared.wire.announcements import read_event
from tests.support.plans import START, viber_then_sms


def test_where_the_provider_quoted_our_reference_an_event_names_the_callers() -> None:
    made = viber_then_sms()
    workflow = replace(made, steps=(replace(made.steps[0], client_ref="order-17"), *made.steps[1:]))
    ours = reference(workflow.workflow_id, 1, 1)
    facts = {"code": "1450", "title": f"Bad {ours}", "detail": f"{ours} is not unique", "waits_for": ours}
    entry = Entry(sequence=2, at=START, by="cascade", what=What.REFUSED, step=1, event="message.rejected", facts=facts)

    told = read_event(event_row(workflow, entry, owner="d-1").body)

    assert {**facts, "title": "Bad order-17", "detail": "order-17 is not unique"} == told.facts
