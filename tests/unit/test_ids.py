"""Ids: every one follows from the workflow's, and nobody else's looks like ours (semantics 2, architecture 8)."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.ids import (
    carries_mark,
    event_id,
    marked_workflow_id,
    message_uuid,
    parse_reference,
    queued_workflow_id,
    reference,
    seconds_inside,
    split_message_uuid,
)

SECRET = b"a secret of the ingress"
MILLISECONDS = 1_772_442_900_123
WORKFLOW = marked_workflow_id(milliseconds=MILLISECONDS, random_bits=12345, tenant="acme", secret=SECRET)
TENANTS = st.text(min_size=1, max_size=10)


@given(milliseconds=st.integers(0, 2**48 - 1), random_bits=st.integers(0, 2**50 - 1), tenant=TENANTS)
def test_an_id_of_the_ingress_is_a_version_8_uuid_that_ends_in_0_and_knows_its_time(
    milliseconds: int, random_bits: int, tenant: str
) -> None:
    made = marked_workflow_id(milliseconds=milliseconds, random_bits=random_bits, tenant=tenant, secret=SECRET)

    raw = UUID(made)
    assert (8, "specified in RFC 4122", 0) == (raw.version, raw.variant, raw.bytes[15])
    assert milliseconds / 1000 == seconds_inside(made)
    assert carries_mark(made, tenant=tenant, secret=SECRET)


def test_ids_of_the_same_moment_differ_by_each_of_their_random_bits() -> None:
    ids = {
        marked_workflow_id(milliseconds=MILLISECONDS, random_bits=1 << bit, tenant="acme", secret=SECRET)[:-6]
        for bit in range(50)
    }

    assert 50 == len(ids)


def test_later_ids_sort_after_earlier_ones() -> None:
    ids = [marked_workflow_id(milliseconds=at, random_bits=7, tenant="a", secret=SECRET) for at in (1, 2, 256, 2**40)]

    assert sorted(ids) == ids


def test_an_id_of_another_tenant_or_secret_or_one_that_was_touched_carries_no_mark() -> None:
    touched = [f"{UUID(int=UUID(WORKFLOW).int ^ 1 << bit)}" for bit in range(128)]

    assert [False, False] == [
        carries_mark(WORKFLOW, tenant="globex", secret=SECRET),
        carries_mark(WORKFLOW, tenant="acme", secret=b"another"),
    ]
    assert [] == [each for each in touched if carries_mark(each, tenant="acme", secret=SECRET)]


@pytest.mark.parametrize(
    ("milliseconds", "random_bits"), [(-1, 0), (2**48, 0), (0, -1), (0, 2**50)], ids=["early", "late", "few", "many"]
)
def test_what_does_not_fit_is_refused(milliseconds: int, random_bits: int) -> None:
    with pytest.raises(ValueError, match="must fit"):
        marked_workflow_id(milliseconds=milliseconds, random_bits=random_bits, tenant="a", secret=SECRET)


def test_an_id_off_the_queue_follows_from_tenant_and_message_id() -> None:
    made = queued_workflow_id(tenant="acme", message_id="order-17")

    assert made == queued_workflow_id(tenant="acme", message_id="order-17")
    assert (8, 0) == (UUID(made).version, UUID(made).bytes[15])
    assert not carries_mark(made, tenant="acme", secret=SECRET)


def test_tenant_and_message_id_do_not_run_into_each_other() -> None:
    pairs = [("a", "bc"), ("ab", "c"), ("abc", ""), ("1:a", "bc"), ("a", "1:bc")]

    assert 5 == len({queued_workflow_id(tenant=tenant, message_id=message_id) for tenant, message_id in pairs})


@given(step=st.integers(1, 10), attempt=st.integers(1, 999))
def test_message_uuids_and_references_come_apart_again(step: int, attempt: int) -> None:
    assert (WORKFLOW, step) == split_message_uuid(message_uuid(WORKFLOW, step))
    assert (WORKFLOW, step, attempt) == parse_reference(reference(WORKFLOW, step, attempt))
    assert len(reference(WORKFLOW, step, attempt)) <= 40


def test_the_workflows_own_id_is_that_of_step_0() -> None:
    assert (WORKFLOW, 0) == split_message_uuid(WORKFLOW)
    with pytest.raises(ValueError, match="hexadecimal"):
        split_message_uuid("not-a-uuid")


HEX = UUID(WORKFLOW).hex
FOREIGN = {
    "empty": "",
    "a caller's own": "order-17",
    "no attempt": f"{HEX}.1",
    "step 0": f"{HEX}.0.1",
    "attempt 0": f"{HEX}.1.0",
    "step 100": f"{HEX}.100.1",
    "attempt 1000": f"{HEX}.1.1000",
    "leading zero": f"{HEX}.01.1",
    "upper case": f"{HEX.upper()}.1.1",
    "a message's id": f"{HEX[:30]}01.1.1",
    "something before": f" {HEX}.1.1",
    "something after": f"{HEX}.1.1\n",
    "with dashes": f"{WORKFLOW}.1.1",
}


@pytest.mark.parametrize("text", FOREIGN.values(), ids=FOREIGN.keys())
def test_somebody_elses_reference_is_none_of_ours(text: str) -> None:
    assert None is parse_reference(text)


def test_event_ids_follow_from_workflow_and_sequence() -> None:
    ids = [event_id(WORKFLOW, sequence) for sequence in range(1, 50)]

    assert ids[:1] == [event_id(WORKFLOW, 1)]
    assert (49, {5}) == (len(set(ids)), {UUID(each).version for each in ids})
    assert event_id(queued_workflow_id(tenant="a", message_id="1"), 1) not in ids
