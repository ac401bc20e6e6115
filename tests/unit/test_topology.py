"""The broker's topology as data: what must hold of it whatever rows are added."""

import re
from pathlib import Path

import pytest

from shared.channels import QUEUED_CHANNELS
from shared.errors import ConfigError
from shared.queue import topology
from shared.queue.apply import hash_password
from shared.queue.definitions import commands, commands_file, definitions_file, user_definitions
from shared.queue.topology import BINDINGS, EXCHANGES, POLICIES, QUEUES, step_key, step_queue
from shared.queue.topology_users import CONSOLE, DISPATCHER, INGRESS, SERVICE_USERS, SETUP, User, publisher_user

ROOT = Path(__file__).parents[2]
EXCHANGE_NAMES = [exchange.name for exchange in EXCHANGES]
QUEUE_NAMES = [queue.name for queue in QUEUES]
ACME = publisher_user("acme", tenant="acme-corp")


def may(user: User, right: str, name: str) -> bool:
    return re.search(getattr(user, right), name) is not None


def may_topic(user: User, right: str, exchange: str, key: str) -> bool:
    return all(re.search(getattr(each, right), key) for each in user.topics if each.exchange == exchange)


def test_every_channel_has_a_queue_for_new_work_and_one_for_work_that_goes_on() -> None:
    expected = {f"cascade.{lane}.{channel}" for channel in QUEUED_CHANNELS for lane in ("send", "next")}

    assert expected == {name for name in QUEUE_NAMES if name.startswith(("cascade.send.", "cascade.next."))}
    assert step_queue("sms", goes_on=True) == "cascade.next.sms"
    assert step_key("sms", goes_on=False) == "send.sms"


def test_the_only_argument_of_a_queue_is_its_type() -> None:
    assert [queue for queue in QUEUES if queue.arguments != {"x-queue-type": "quorum"}] == []


def test_names_are_there_once_and_bindings_name_what_exists() -> None:
    assert len(set(EXCHANGE_NAMES)) == len(EXCHANGE_NAMES)
    assert len(set(QUEUE_NAMES)) == len(QUEUE_NAMES)
    assert {binding.exchange for binding in BINDINGS} <= set(EXCHANGE_NAMES)
    assert {binding.queue for binding in BINDINGS} == set(QUEUE_NAMES)


def test_every_queue_obeys_exactly_one_policy() -> None:
    matching = {name: [policy.name for policy in POLICIES if re.search(policy.pattern, name)] for name in QUEUE_NAMES}

    assert {name: found for name, found in matching.items() if len(found) != 1} == {}


def test_policies_use_only_words_that_rabbitmq_3_10_knows() -> None:
    known = {"delivery-limit", "dead-letter-exchange", "dead-letter-strategy", "overflow", "max-length"}

    assert [policy.name for policy in POLICIES if not set(policy.definition) <= known] == []
    assert {policy.apply_to for policy in POLICIES} == {"queues"}


def test_work_is_dead_lettered_at_least_once_with_all_three_words_that_this_needs() -> None:
    work = next(policy for policy in POLICIES if policy.name == "cascade-work").definition

    assert ("at-least-once", "reject-publish", "cascade.dead", 20) == (
        work["dead-letter-strategy"],
        work["overflow"],
        work["dead-letter-exchange"],
        work["delivery-limit"],
    )


def test_the_dead_letters_are_not_dead_lettered_to_themselves() -> None:
    dead = next(policy for policy in POLICIES if policy.name == "cascade-dead").definition

    assert "dead-letter-exchange" not in dead
    assert dead["delivery-limit"] == 1_000_000


WRITERS = {
    topology.SENDS: {INGRESS.name, "acme"},
    topology.STEPS: {DISPATCHER.name},
    topology.COMMANDS: {INGRESS.name, CONSOLE.name},
    topology.RECEIPTS: {INGRESS.name},
    topology.EVENTS: {DISPATCHER.name},
    topology.ANSWERS: {DISPATCHER.name},
    topology.DEAD: {DISPATCHER.name},
    "amq.default": set(),
    "amq.topic": set(),
}


@pytest.mark.parametrize("exchange", WRITERS)
def test_an_exchange_is_written_by_whom_the_table_names_and_nobody_else(exchange: str) -> None:
    found = {user.name for user in (INGRESS, DISPATCHER, CONSOLE, ACME) if may(user, "write", exchange)}

    assert WRITERS[exchange] == found


def test_only_the_dispatcher_reads_our_queues_and_it_reads_them_all() -> None:
    assert [name for name in QUEUE_NAMES if not may(DISPATCHER, "read", name)] == []
    assert [
        (user.name, name) for user in (INGRESS, CONSOLE, ACME) for name in QUEUE_NAMES if may(user, "read", name)
    ] == []


def test_no_service_may_make_or_delete_anything() -> None:
    names = [*EXCHANGE_NAMES, *QUEUE_NAMES, "amq.default", "anything"]

    running = (INGRESS, DISPATCHER, CONSOLE)
    assert [(user.name, name) for user in running for name in names if may(user, "configure", name)] == []
    assert [name for name in (*EXCHANGE_NAMES, *QUEUE_NAMES) if not may(SETUP, "configure", name)] == []


def test_a_publisher_makes_reads_and_binds_queues_under_its_own_name_only() -> None:
    for right in ("configure", "write", "read"):
        assert may(ACME, right, "acme.answers")
        for name in ("acme2.answers", "acme", "xacme.answers", "cascade.acme.answers"):
            assert not may(ACME, right, name)
    assert [name for name in EXCHANGE_NAMES if may(ACME, "read", name)] == [topology.EVENTS, topology.ANSWERS]


KEYS = {
    "its tenant's events": (topology.EVENTS, "acme-corp.#", True),
    "one of its tenant's events": (topology.EVENTS, "acme-corp.workflow.final", True),
    "everybody's events": (topology.EVENTS, "#", False),
    "events of any tenant": (topology.EVENTS, "*.workflow.final", False),
    "another tenant's": (topology.EVENTS, "other.#", False),
    "a tenant that begins alike": (topology.EVENTS, "acme-corp2.#", False),
    "its answers": (topology.ANSWERS, "acme.#", True),
    "a queue's answers": (topology.ANSWERS, "acme.results", True),
    "another's answers": (topology.ANSWERS, "other.#", False),
    "answers by its tenant's name": (topology.ANSWERS, "acme-corp.#", False),
}


@pytest.mark.parametrize(("exchange", "key", "allowed"), KEYS.values(), ids=KEYS.keys())
def test_a_publisher_binds_only_its_tenants_events_and_its_own_answers(exchange: str, key: str, allowed: bool) -> None:
    assert allowed == may_topic(ACME, "read", exchange, key)
    assert not may_topic(ACME, "write", exchange, key)


@pytest.mark.parametrize(
    "name", ["", "cascade", "cascade-two", "amq", "guest", "a.b", "A", "a*", "-a", "a" * 33, "é", "a\n"]
)
def test_a_publishers_name_that_could_reach_beyond_itself_is_refused(name: str) -> None:
    with pytest.raises(ConfigError):
        publisher_user(name, tenant="acme")


@pytest.mark.parametrize("tenant", ["", "a.b", "#", "*", "a b", "a" * 65, "a\n"])
def test_a_tenant_that_is_not_one_word_of_a_routing_key_is_refused(tenant: str) -> None:
    with pytest.raises(ConfigError):
        publisher_user("acme", tenant=tenant)


def test_the_shipped_files_are_current() -> None:
    folder = ROOT / "deploy" / "rabbitmq"

    assert definitions_file() == (folder / "definitions.json").read_text(encoding="utf-8")
    assert commands_file() == (folder / "setup.sh").read_text(encoding="utf-8")


def test_the_commands_name_every_user_and_right_and_no_password() -> None:
    lines = commands("other", [*SERVICE_USERS, ACME])

    assert [line for line in lines if line.startswith("rabbitmqctl add_user") and len(line.split()) != 3] == []
    assert "rabbitmqctl set_topic_permissions -p other acme cascade.events '^$' '^acme\\-corp\\.'" in lines
    assert not any("-p cascade" in line for line in lines)


def test_a_user_without_a_new_password_keeps_the_one_it_has() -> None:
    assert "users" not in user_definitions(INGRESS, "cascade", password_hash=None)
    assert "users" in user_definitions(INGRESS, "cascade", password_hash="x")


def test_a_password_is_hashed_as_rabbitmq_does_it() -> None:
    # The example of RabbitMQ's own documentation: salt 908DC60A, password test12.
    expected = "kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR"

    assert expected == hash_password("test12", bytes.fromhex("908DC60A"))
