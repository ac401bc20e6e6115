"""Each limit of each row, just inside and just outside, in v1 and where v0.1 has the row there too."""

from __future__ import annotations

import pytest

from shared.channels import CHANNELS
from shared.errors import WireError
from shared.wire.limits import FAULTS_MAXIMUM
from shared.wire.requests import StartType
from shared.wire.v0_1_bodies import WITH_OPTIONS
from tests.support.wire_rows import OLD_ROWS, V1_ROWS, changed, faults_of, key_of, message_of

URL = "https://media.shop.example/"
SUGGESTION = {"type": "reply", "text": "Yes", "postback_data": "yes"}
CARD = {"title": "Pot", "text": "Iron.", "media_url": URL}
UUID = "16aa2c1e-77f8-4e6a-9f5e-6d6f6a5f3a51"


def url(length: int) -> str:
    return URL + "x" * (length - len(URL))


def a(count: int) -> str:
    return "a" * count


def number(digits: int) -> str:
    return "4" * digits


# Row -> (path, what is taken, what is refused). None as a value takes the member away.
LIMITS: dict[str, list[tuple[str, object, object]]] = {
    "sms text": [
        ("text", a(3200), a(3201)),
        ("text", "a", ""),
        ("text", "🎁" * 3200, "🎁" * 3201),
        ("to", number(15), number(16)),
        ("to", number(7), number(6)),
        ("to", "447700900000", "+447700900000"),
        ("from", a(50), a(51)),
        ("ttl", 1, 0),
        ("ttl", 604_800, 604_801),
        ("client_ref", a(100), a(101)),
        ("sms.encoding_type", "unicode", "ucs2"),
        ("sms.content_id", "17", " "),
        ("sms.entity_id", "17", ""),
        ("sms.pool_id", "17", 17),
        ("sms.trusted_recipient", True, "yes"),
        ("trusted_recipient", True, 1),
        ("sms", {}, "unicode"),
    ],
    "mms text": [("text", a(1000), a(1001)), ("ttl", 300, 299), ("ttl", 259_200, 259_201)],
    "mms image": [
        ("image.url", url(2000), url(2001)),
        ("image.url", "x", ""),
        ("image.caption", a(3000), a(3001)),
        ("image.caption", "a", ""),
        ("image", {"url": URL}, URL),
    ],
    "mms vcard": [("vcard.url", url(2000), url(2001)), ("vcard.caption", a(3000), a(3001))],
    "mms audio": [("audio.url", url(2000), url(2001)), ("audio.caption", a(3000), a(3001))],
    "mms video": [("video.url", url(2000), url(2001)), ("video.caption", a(3000), a(3001))],
    "mms file": [("file.url", url(2000), url(2001)), ("file.caption", a(3000), a(3001))],
    "mms content": [
        ("content", [{"type": "file", "url": URL}], []),
        ("content.0.type", "vcard", "text"),
        ("content.0.url", url(2000), url(2001)),
        ("content.1.caption", a(3000), a(3001)),
    ],
    "rcs text": [
        ("text", a(3072), a(3073)),
        ("from", "Shop-Bot_1&Co", "Shop Bot"),
        ("from", "S", "Shöp"),
        ("ttl", 20, 19),
        ("ttl", 259_200, 259_201),
        ("rcs.category", "service-request", "advice"),
        ("rcs.category", "acknoledgement", "ack"),
        ("suggestions", [SUGGESTION] * 11, [SUGGESTION] * 12),
        ("suggestions.0.text", a(25), a(26)),
        ("suggestions.0.postback_data", "x", ""),
        ("suggestions.1.phone_number", "447700900000", "0447700900000"),
        ("suggestions.2.latitude", "-0.5", -0.5),
        ("suggestions.4.url", url(2000), url(2001)),
        ("suggestions.4.description", a(500), a(501)),
        ("suggestions.5.view_mode", "HALF", "THIRD"),
        ("suggestions.6.title", a(100), a(101)),
        ("suggestions.6.start_time", "2026-03-02T09:00:00+01:00", "tomorrow"),
        ("suggestions.6.end_time", "2026-03-02T09:00:00Z", "2026-03-02T25:00:00Z"),
        ("suggestions.6.end_time", "2026-03-02", "2026-03-02T09:00:00٢"),
    ],
    "rcs image": [("image.url", url(2000), url(2001))],
    "rcs video": [("video.url", url(2000), url(2001))],
    "rcs file": [("file.url", url(2000), url(2001))],
    "rcs card": [
        ("card.title", a(200), a(201)),
        ("card.text", a(2000), a(2001)),
        ("card.media_url", url(2000), url(2001)),
        ("card.media_height", "TALL", "HUGE"),
        ("card.media_force_refresh", False, "no"),
        ("card.suggestions", [SUGGESTION] * 4, [SUGGESTION] * 5),
        ("card.suggestions.0.text", a(25), a(26)),
        ("rcs.card_orientation", "VERTICAL", "DIAGONAL"),
        ("rcs.image_alignment", "RIGHT", "TOP"),
    ],
    "rcs carousel": [
        ("carousel.cards", [CARD] * 2, [CARD]),
        ("carousel.cards", [CARD] * 10, [CARD] * 11),
        ("carousel", [CARD] * 2, [CARD]),
        ("carousel", [CARD] * 10, [CARD] * 11),
        ("carousel.cards.0.title", a(200), a(201)),
        ("carousel.cards.0.suggestions", [SUGGESTION] * 4, [SUGGESTION] * 5),
        ("suggestions", [SUGGESTION] * 11, [SUGGESTION] * 12),
        ("rcs.card_width", "MEDIUM", "LARGE"),
    ],
    "rcs custom": [("custom", {}, [])],
    "whatsapp text": [
        ("text", a(4096), a(4097)),
        ("to", "US.13491208655302741918", "+447700900000"),
        ("to", "US.ENT.13491208655302741918", "44 7700 900000"),
        ("to", "US.1349-120", "US 13491208"),
        ("to", "A" + number(127), "A" + number(128)),
        ("context", {"message_uuid": UUID}, {}),
        ("context.message_uuid", UUID, ""),
    ],
    "whatsapp image": [("image.url", url(2000), url(2001)), ("image.caption", a(3000), a(3001))],
    "whatsapp audio": [("audio.url", url(2000), url(2001)), ("ttl", 1, 0)],
    "whatsapp video": [("video.url", url(2000), url(2001)), ("video.caption", a(3000), a(3001)), ("ttl", 60, "60")],
    "whatsapp file": [("file.caption", a(3000), a(3001)), ("file.name", "x", "")],
    "whatsapp template": [
        ("template.name", "x", ""),
        ("template.parameters", [], "17"),
        ("template.parameters", [{"default": "x"}], [17]),
        ("template.parameters", [{"default": "", "currency": {}}], [{"default": 17}]),
        ("template.parameters", ["x"], [{"currency": {}}]),
        ("whatsapp.policy", "deterministic", "fallback"),
        ("whatsapp.locale", "en_US", "e"),
        ("whatsapp.policy", None, "Deterministic"),
    ],
    "whatsapp sticker": [
        ("sticker.id", UUID.upper(), UUID[:-1]),
        ("sticker", {"url": url(2000)}, {"url": url(2001)}),
    ],
    "whatsapp reaction": [("reaction.action", "react", "like"), ("context.message_uuid", UUID, 17)],
    "whatsapp custom": [("custom", {}, "contacts")],
    "viber_service text": [
        ("text", a(1000), a(1001)),
        ("viber_service.ttl", 30, 29),
        ("viber_service.ttl", 259_200, 259_201),
        ("viber_service.category", "promotion", "advice"),
        ("viber_service.type", "string", 7),
        ("viber_service.action", {"url": URL, "text": a(30)}, {"url": URL, "text": a(31)}),
        ("viber_service.action", {"url": URL, "text": "Track"}, {"url": URL}),
        ("ttl", 30, 29),
        ("from", a(50), a(51)),
    ],
    "viber_service image": [("image.url", url(2000), url(2001)), ("image.caption", a(3000), a(3001))],
    "viber_service video": [
        ("video.url", url(2000), url(2001)),
        ("video.thumb_url", url(1000), url(1001)),
        ("video.caption", a(1000), a(1001)),
        ("viber_service.duration", 600, 601),
        ("viber_service.duration", 1, 0),
        ("viber_service.duration", "600", "601"),
        ("viber_service.duration", "1", "0"),
        ("viber_service.duration", "045", "1s"),
        ("viber_service.file_size", 200, 201),
        ("viber_service.file_size", "200", "201"),
        ("viber_service.file_size", 1, 0),
    ],
    "viber_service file": [
        ("file.url", url(2000), url(2001)),
        ("file.name", a(25), a(26)),
        ("viber_service.ttl", 30, 29),
    ],
    "viber_service template": [("template.name", "x", ""), ("template.parameters", ["x"], [None])],
    "messenger text": [
        ("text", a(640), a(641)),
        ("to", a(50), a(51)),
        ("from", a(50), a(51)),
        ("messenger.category", "update", "advice"),
    ],
    "messenger image": [("image.url", url(2000), url(2001))],
    "messenger audio": [("audio.url", url(2000), url(2001))],
    "messenger video": [("video.url", url(2000), url(2001))],
    "messenger file": [("file.url", url(2000), url(2001))],
    "messenger custom": [("custom", {}, None)],
    "email text": [
        ("text", a(100_000), ""),
        ("to", "a@b", "ann"),
        ("to", f"{a(64)}@{a(185)}.org", f"{a(64)}@{a(186)}.org"),
        ("to", "ann+x@customer.example", "Ann <ann@customer.example>"),
        ("from", "parcels@shop.example", "Shop"),
        ("from", "Shop <parcels@shop.example>", "Shop <parcels>"),
        ("email.subject", "x", ""),
        ("email.importance", "Low", "low"),
        ("email.priority", "Non-Urgent", "High"),
        ("email.sensitivity", "Private", "Secret"),
        ("email.cc", [{"name": "Ben", "address": "ben@customer.example"}], [{"name": "Ben"}]),
        ("email.bcc", [{"address": "ben@customer.example"}], "ben@customer.example"),
    ],
    "email html": [("html.body", "x", ""), ("html", {"body": "x"}, "<p>")],
    "email content": [
        ("content", [{"type": "html", "body": "x"}], []),
        ("content.0", {"type": "text", "text": "x"}, {"type": "text", "body": "x"}),
        ("content.0.type", "text", "markdown"),
        ("content.0.text", "x", ""),
    ],
}
CASES = [(name, *limit) for name, limits in LIMITS.items() for limit in limits]
IDS = [f"{name}: {path} {index}" for index, (name, path, _, _) in enumerate(CASES)]
# Of the old form: what v1 alone knows, and what is read by another rule there.
V1_ALONE = {"ttl", "trusted_recipient", "context", "context.message_uuid", "client_ref", "viber_service.action"}


def test_every_row_of_the_table_has_its_limits_here() -> None:
    assert [*V1_ROWS] == [*LIMITS]


@pytest.mark.parametrize(("name", "path", "inside", "outside"), CASES, ids=IDS)
def test_just_inside_a_limit_is_taken_and_just_outside_is_one_fault_of_that_member(
    name: str, path: str, inside: object, outside: object
) -> None:
    body = V1_ROWS[name]

    assert [] == faults_of(StartType.MESSAGE_V1, changed(body, {path: inside}))
    assert_named(path, faults_of(StartType.MESSAGE_V1, changed(body, {path: outside})))


OLD_CASES = [
    case
    for case in CASES
    if case[0] in OLD_ROWS and case[1] not in V1_ALONE and (not case[1].startswith("sms") or "sms" in WITH_OPTIONS)
]


@pytest.mark.parametrize(
    ("name", "path", "inside", "outside"), OLD_CASES, ids=[f"{name}: {path}" for name, path, _, _ in OLD_CASES]
)
def test_the_limits_hold_for_nested_bodies_too(name: str, path: str, inside: object, outside: object) -> None:
    row = CHANNELS[key_of(name)[0]]
    member, _, rest = path.partition(".")
    if member in ("to", "from"):
        place = f"{member}.{row.v0_1_recipient if member == 'to' else row.v0_1_sender}"
    elif member == row.name:
        place = f"message.{row.v0_1_name}" + (f".{rest}" if rest else "")
    else:
        place = f"message.content.{path}"
    if name == "whatsapp text" and member == "to":
        inside = "447700900000"

    assert [] == faults_of(StartType.MESSAGE_V0_1, changed(OLD_ROWS[name], {place: inside}))
    assert_named(place, faults_of(StartType.MESSAGE_V0_1, changed(OLD_ROWS[name], {place: outside})))


def assert_named(path: str, found: list[tuple[str, str]]) -> None:
    """The one fault is at the member, or inside it where it is an object or a list."""
    pointer = "/" + path.replace(".", "/")

    assert len(found) == 1
    assert f"{found[0][0]}/".startswith(f"{pointer}/")


REFERENCES = {"v0.1": (StartType.MESSAGE_V0_1, 40), "v1": (StartType.MESSAGE_V1, 100)}


@pytest.mark.parametrize("generation", REFERENCES)
def test_a_reference_of_the_caller_is_as_long_as_its_generation_lets_it_be(generation: str) -> None:
    start_type, most = REFERENCES[generation]
    body = OLD_ROWS["sms text"] if generation == "v0.1" else V1_ROWS["sms text"]

    assert [] == faults_of(start_type, changed(body, {"client_ref": a(most)}))
    assert [("/client_ref", "length")] == faults_of(start_type, changed(body, {"client_ref": a(most + 1)}))


# Row, changes -> the one fault, or none.
CONDITIONS: list[tuple[str, dict[str, object], tuple[str, str] | None]] = [
    ("rcs card", {"rcs.card_orientation": "VERTICAL", "card.media_height": None}, ("/card/media_height", "required")),
    ("rcs card", {"rcs.image_alignment": None}, ("/rcs/image_alignment", "required")),
    ("rcs card", {"rcs.image_alignment": None, "rcs.card_orientation": None}, None),
    ("rcs card", {"rcs": None}, None),
    (
        "rcs card",
        {"card.suggestions.0": {**SUGGESTION, "type": "dial", "phone_number": "1"}},
        ("/card/suggestions/0/phone_number", "recipient"),
    ),
    ("rcs carousel", {"rcs": None, "suggestions": None}, None),
    (
        "rcs carousel",
        {"carousel": [{**CARD, "suggestions": [{**SUGGESTION, "type": "dial", "phone_number": "1"}]}, CARD]},
        ("/carousel/0/suggestions/0/phone_number", "recipient"),
    ),
    ("rcs text", {"suggestions.0.type": "swipe"}, ("/suggestions/0/type", "enum")),
    ("rcs text", {"suggestions.0.type": None}, ("/suggestions/0/type", "required")),
    ("rcs text", {"suggestions.0": {}}, ("/suggestions/0/type", "required")),
    ("rcs text", {"suggestions.0": "Yes"}, ("/suggestions/0", "type")),
    ("rcs text", {"suggestions.1.phone_number": None}, ("/suggestions/1/phone_number", "required")),
    ("rcs text", {"suggestions.2.pin_label": None}, ("/suggestions/2/pin_label", "required")),
    ("rcs text", {"suggestions.4.description": None, "suggestions.6.description": None}, None),
    ("whatsapp template", {"whatsapp": None}, ("/whatsapp", "required")),
    ("whatsapp template", {"whatsapp.locale": None}, ("/whatsapp/locale", "required")),
    ("whatsapp sticker", {"sticker.url": URL}, ("/sticker", "exclusive")),
    ("whatsapp sticker", {"sticker": {}}, ("/sticker", "required")),
    ("whatsapp reaction", {"reaction.emoji": None}, ("/reaction/emoji", "required")),
    ("whatsapp reaction", {"reaction.action": "unreact"}, ("/reaction/emoji", "unsupported")),
    ("whatsapp reaction", {"reaction": {"action": "unreact"}}, None),
    ("whatsapp reaction", {"context": None}, ("/context", "required")),
    ("whatsapp text", {"ttl": 60}, ("/ttl", "unsupported")),
    ("viber_service video", {"viber_service": None}, ("/viber_service", "required")),
    ("viber_service video", {"viber_service.duration": None}, ("/viber_service/duration", "required")),
    ("viber_service video", {"viber_service.file_size": None}, ("/viber_service/file_size", "required")),
    ("viber_service video", {"video.thumb_url": None}, ("/video/thumb_url", "required")),
    ("messenger text", {"messenger.tag": None}, ("/messenger/tag", "required")),
    ("messenger text", {"messenger": {"category": "response"}}, None),
    ("email html", {"email": None}, ("/email", "required")),
    ("email html", {"email.subject": None}, ("/email/subject", "required")),
    ("email text", {"ttl": 60}, ("/ttl", "unsupported")),
    ("mms content", {"content.0.url": None}, ("/content/0/url", "required")),
]


OLD_CONDITIONS: list[tuple[str, dict[str, object], tuple[str, str]]] = [
    ("messenger text", {"message.messenger.tag": None}, ("/message/messenger/tag", "required")),
    (
        "whatsapp template",
        {"message.content.template.parameters": ["17", {"text": "x"}]},
        ("/message/content/template/parameters/1/default", "required"),
    ),
    ("whatsapp text", {"ttl": 60}, ("/ttl", "unsupported")),
    ("viber_service text", {"message.viber_service_msg.ttl": "600"}, ("/message/viber_service_msg/ttl", "range")),
    ("sms text", {"from.type": "mms"}, ("/from/type", "mismatch")),
]


@pytest.mark.parametrize(("name", "changes", "fault"), OLD_CONDITIONS)
def test_members_that_need_each_other_in_nested_bodies(
    name: str, changes: dict[str, object], fault: tuple[str, str]
) -> None:
    assert [fault] == faults_of(StartType.MESSAGE_V0_1, changed(OLD_ROWS[name], changes))


@pytest.mark.parametrize(("name", "changes", "fault"), CONDITIONS)
def test_members_that_need_or_exclude_each_other(
    name: str, changes: dict[str, object], fault: tuple[str, str] | None
) -> None:
    expected = [] if fault is None else [fault]

    assert expected == faults_of(StartType.MESSAGE_V1, changed(V1_ROWS[name], changes))


def test_all_faults_of_a_rich_body_are_told_at_once() -> None:
    body = changed(
        V1_ROWS["rcs carousel"],
        {
            "from": "Shop Bot",
            "ttl": 5,
            "carousel.cards.0.title": "",
            "carousel.cards.1.suggestions": [{"type": "dial", "text": a(26), "phone_number": "1"}],
            "suggestions.0.type": "swipe",
            "rcs.category": "advice",
        },
    )

    assert {
        "/from",
        "/ttl",
        "/carousel/cards/0/title",
        "/carousel/cards/1/suggestions/0/text",
        "/carousel/cards/1/suggestions/0/phone_number",
        "/carousel/cards/1/suggestions/0/postback_data",
        "/suggestions/0/type",
        "/rcs/category",
    } == {pointer for pointer, _ in faults_of(StartType.MESSAGE_V1, body)}


def test_a_fault_far_down_a_long_list_is_found() -> None:
    body = changed(V1_ROWS["whatsapp template"], {"template.parameters": [*(["17"] * 500), 17, "17"]})

    assert [("/template/parameters/500", "type")] == faults_of(StartType.MESSAGE_V1, body)


def test_thousands_of_bad_items_get_a_short_answer() -> None:
    body = changed(V1_ROWS["rcs text"], {"suggestions": [{"type": "dial"}] * 8000})

    assert ("/suggestions", "maxItems") in faults_of(StartType.MESSAGE_V1, body)
    pointers = [pointer for pointer, _ in faults_of(StartType.MESSAGE_V1, body)]
    assert FAULTS_MAXIMUM >= len(pointers)
    assert [pointer for pointer in pointers if pointer.startswith("/suggestions/20")] == []


SUGGESTED = "reply, dial, view_location, share_location, open_url, open_url_in_webview, create_calendar_event"
REASONS: dict[str, tuple[str, dict[str, object], str]] = {
    "no suggestion of that name": (
        "rcs text",
        {"suggestions.0": {"type": "swipe"}},
        f"must be one of {SUGGESTED}",
    ),
    "neither form": ("rcs carousel", {"carousel": 7}, "must be an array or an object"),
    "neither kind": ("whatsapp template", {"template.parameters": [7]}, "must be a string or an object"),
    "a number out of range that may be a string": (
        "viber_service video",
        {"viber_service.duration": 601},
        "must be a whole number of seconds, 1 to 600, as a number or a string of digits",
    ),
    "a sender of another kind": (
        "email text",
        {"from": "Shop"},
        "must be an email address, or a name and the address in <>",
    ),
}


@pytest.mark.parametrize(("name", "changes", "reason"), REASONS.values(), ids=REASONS.keys())
def test_a_reason_says_what_would_be_right(name: str, changes: dict[str, object], reason: str) -> None:
    with pytest.raises(WireError) as refusal:
        message_of(StartType.MESSAGE_V1, changed(V1_ROWS[name], changes))

    assert [reason] == [fault.reason for fault in refusal.value.faults]
