"""Every row of the matrix in both generations: taken as documented, and given to the provider as it came."""

import copy
from typing import Any

import pytest

from shared.channels import CHANNELS
from shared.model import Generation
from shared.vonage.calls_v0_1 import v0_1_message
from shared.vonage.calls_v1 import v1_message
from shared.wire import v0_1_bodies
from shared.wire.requests import MATRIX, StartType
from tests.support.wire_rows import BETA_ROWS, OLD_ROWS, V1_ROWS, Body, changed, faults_of, key_of, message_of
from tests.support.wire_rows import workflow_of as workflow

NESTED = (StartType.MESSAGE_V0_1, StartType.WORKFLOW_V0_1, StartType.WORKFLOW_BETA)


def without_reference(body: Body) -> Body:
    return {name: member for name, member in body.items() if name != "client_ref"}


def sent_by_v1(start_type: StartType, body: Body) -> Body:
    message = message_of(start_type, body)
    return v1_message(message, message.ttl)


def sent_by_v0_1(start_type: StartType, body: Body) -> Body:
    message = message_of(start_type, body)
    return v0_1_message(message, message.ttl)


def test_every_row_has_a_body_and_a_struct_in_each_generation_that_has_it() -> None:
    rows = [(channel.name, each.name) for channel in CHANNELS.values() for each in channel.types]
    old = [
        (channel.name, each.name)
        for channel in CHANNELS.values()
        for each in channel.types
        if channel.v0_1_name is not None and each.in_v0_1
    ]

    assert rows == [*MATRIX[Generation.V1]] == [*map(key_of, V1_ROWS)]
    assert old == [*MATRIX[Generation.V0_1]] == [*map(key_of, OLD_ROWS)]
    assert [*map(key_of, BETA_ROWS)] == [*MATRIX[Generation.BETA]]


def test_no_two_structs_of_a_generation_share_a_name_and_each_says_what_it_is() -> None:
    for structs in MATRIX.values():
        names = [struct.__name__ for struct in structs.values()]
        assert sorted(set(names)) == sorted(names)
        assert [struct.__name__ for struct in structs.values() if not struct.__doc__] == []


@pytest.mark.parametrize("name", V1_ROWS)
def test_a_v1_row_goes_to_a_v1_account_as_it_came(name: str) -> None:
    assert without_reference(V1_ROWS[name]) == sent_by_v1(StartType.MESSAGE_V1, V1_ROWS[name])


@pytest.mark.parametrize("name", OLD_ROWS)
def test_a_v0_1_row_goes_to_a_v0_1_account_as_it_came(name: str) -> None:
    assert without_reference(OLD_ROWS[name]) == sent_by_v0_1(StartType.MESSAGE_V0_1, OLD_ROWS[name])


@pytest.mark.parametrize("name", OLD_ROWS)
def test_what_both_generations_have_is_translated_without_loss_both_ways(name: str) -> None:
    assert without_reference(V1_ROWS[name]) == sent_by_v1(StartType.MESSAGE_V0_1, OLD_ROWS[name])
    assert without_reference(OLD_ROWS[name]) == sent_by_v0_1(StartType.MESSAGE_V1, V1_ROWS[name])


@pytest.mark.parametrize("name", OLD_ROWS)
def test_a_step_of_a_workflow_is_read_as_the_message_alone(name: str) -> None:
    alone = message_of(StartType.MESSAGE_V0_1, OLD_ROWS[name])

    assert alone == message_of(StartType.WORKFLOW_V0_1, workflow(OLD_ROWS[name]))
    if name in BETA_ROWS:
        assert alone == message_of(StartType.WORKFLOW_BETA, workflow(OLD_ROWS[name]))


@pytest.mark.parametrize("name", V1_ROWS)
def test_a_row_may_be_an_item_of_failover(name: str) -> None:
    chain = {**V1_ROWS["sms text"], "failover": [V1_ROWS[name]]}

    assert [] == faults_of(StartType.MESSAGE_V1, chain)


@pytest.mark.parametrize("name", V1_ROWS)
def test_content_that_is_missing_is_named(name: str) -> None:
    channel, kind = key_of(name)
    row = CHANNELS[channel].type_named(kind)
    assert row is not None

    assert [(f"/{row.content}", "required")] == faults_of(
        StartType.MESSAGE_V1, changed(V1_ROWS[name], {row.content: None})
    )
    if name in OLD_ROWS:
        bare = changed(OLD_ROWS[name], {f"message.content.{row.content}": None})
        assert [(f"/message/content/{row.content}", "required")] == faults_of(StartType.MESSAGE_V0_1, bare)


@pytest.mark.parametrize("name", [name for name in V1_ROWS if name not in OLD_ROWS])
def test_what_v0_1_does_not_have_is_refused_there_by_the_name_of_channel_or_type(name: str) -> None:
    channel, kind = key_of(name)
    old_name = CHANNELS[channel].v0_1_name
    body = copy.deepcopy(OLD_ROWS["messenger text" if old_name == "messenger" else "sms text"])
    body["to"]["type"] = body["from"]["type"] = old_name or channel
    body["message"]["content"] = {"type": kind}
    if channel == "viber_service":
        body["from"]["id"] = "16273"

    expected = ("/to/type", "unknown_channel") if old_name is None else ("/message/content/type", "unknown_type")
    assert expected in faults_of(StartType.MESSAGE_V0_1, body)


def test_the_beta_had_no_mms() -> None:
    assert ("/workflow/0/to/type", "unknown_channel") in faults_of(
        StartType.WORKFLOW_BETA, workflow(OLD_ROWS["mms image"])
    )


@pytest.mark.parametrize("start_type", NESTED)
@pytest.mark.parametrize("missing", ["message.whatsapp", "message.whatsapp.locale"])
def test_a_template_of_the_older_generations_may_lack_its_language(start_type: StartType, missing: str) -> None:
    bare = changed(OLD_ROWS["whatsapp template"], {missing: None})
    body = bare if start_type is StartType.MESSAGE_V0_1 else workflow(bare)

    assert "en_US" == sent_by_v1(start_type, body)["whatsapp"]["locale"]
    assert "en-US" == sent_by_v0_1(start_type, body)["message"]["whatsapp"]["locale"]


@pytest.mark.parametrize("start_type", NESTED)
def test_samples_that_the_provider_published_carelessly_are_taken(start_type: StartType) -> None:
    step = changed(OLD_ROWS["viber_service text"], {"to.number": 447700900000, "from.id": 16273})
    body: Any = step if start_type is StartType.MESSAGE_V0_1 else workflow(step)
    if start_type is not StartType.MESSAGE_V0_1:
        body["workflow"][0]["failover"]["expiry_time"] = "600"

    message = message_of(start_type, body)

    assert ("447700900000", "16273") == (message.recipient, message.sender)


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"to.type": "viber_service_message"}, "/to/type"),
        ({"message.content.type": "img"}, "/message/content/type"),
        ({"to.number": None, "to.id": "447700900000"}, "/to/number"),
    ],
)
def test_samples_beyond_that_are_refused_by_the_member(changes: dict[str, object], pointer: str) -> None:
    found = faults_of(StartType.MESSAGE_V0_1, changed(OLD_ROWS["viber_service text"], changes))

    assert pointer in [at for at, _ in found]


def test_an_id_of_whatsapp_is_no_number_and_v0_1_has_no_member_for_it() -> None:
    body = changed(OLD_ROWS["whatsapp text"], {"to.number": "US.13491208655302741918"})

    assert [("/to/number", "recipient")] == faults_of(StartType.MESSAGE_V0_1, body)


def test_template_parameters_of_both_forms_are_taken_and_flattened_for_v1_alone() -> None:
    both = ["17", {"default": "today"}]
    body = changed(OLD_ROWS["whatsapp template"], {"message.content.template.parameters": both})

    assert ["17", "today"] == sent_by_v1(StartType.MESSAGE_V0_1, body)["template"]["parameters"]
    assert both == sent_by_v0_1(StartType.MESSAGE_V0_1, body)["message"]["content"]["template"]["parameters"]


@pytest.mark.parametrize(("said", "v1", "v0_1"), [("en_GB", "en_GB", "en-GB"), ("en-GB", "en-GB", "en-GB")])
def test_a_language_reaches_v0_1_with_a_hyphen(said: str, v1: str, v0_1: str) -> None:
    body = changed(V1_ROWS["whatsapp template"], {"whatsapp.locale": said})

    assert v1 == sent_by_v1(StartType.MESSAGE_V1, body)["whatsapp"]["locale"]
    assert v0_1 == sent_by_v0_1(StartType.MESSAGE_V1, body)["message"]["whatsapp"]["locale"]


def test_the_frame_of_v0_1_knows_the_rows_of_v0_1() -> None:
    assert {"sms", "mms", "whatsapp", "viber_service_msg", "messenger"} == set(v0_1_bodies.BY_OLD_NAME)
    assert {"sms", "whatsapp", "viber_service_msg", "messenger"} == set(v0_1_bodies.BETA_BY_OLD_NAME)
