"""What the sandbox does with one call, and the JSON in which a test says so.

A script is `{"<channel>" or "*": [call, ...]}`: one entry a call, the last one repeated. A channel's own list goes
before `*`; a channel with neither is left to the digits of the recipient. All times are seconds.

Three more names speak of whole calls, by the recipient of the first message: `dispatch` of a v0.1 dispatch or a beta
workflow, `failover` of a v1 message with failover, `update` of a PATCH.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, cast

from services.sandbox.fields import (
    Check,
    Fault,
    FieldsError,
    anything,
    array,
    boolean,
    integer,
    leaf,
    matching,
    number,
    one_of,
    record,
    table,
    text,
)
from services.sandbox.problems import NAMED

Signature = Literal["good", "wrong", "none"]
Ending = Literal["answered", "hung", "cut"]

ANY_CHANNEL: Final = "*"
STATUSES: Final = ("submitted", "delivered", "read", "rejected", "undeliverable")
NEGATIVE: Final = ("rejected", "undeliverable")
LONGEST_S: Final = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """One status webhook: `after_s` counts from the moment the call came in; `times` copies of it are sent.

    `code` is the error of a negative status; None = the usual one.
    """

    status: str
    after_s: float = 0.1
    code: int | None = None
    times: int = 1
    signature: Signature = "good"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What becomes of one call.

    `answer` is the HTTP status. `body` None = the usual one for the status; a str is sent as it is, anything else as
    JSON. `problem` names a refusal of the catalogue (`problems.NAMED`), which has its own status in each generation and
    goes before `answer` and `body`. `delay_s` passes before the answer. `ending` hung = taken and never answered, cut =
    taken and the connection closed without an answer. `taken` None = as the answer says. `reports` is how many copies
    of a workflow's final report are sent.
    """

    answer: int = 202
    headers: Mapping[str, str] | None = None
    body: object = None
    delay_s: float = 0.0
    ending: Ending = "answered"
    receipts: tuple[Receipt, ...] = ()
    problem: str | None = None
    taken: bool | None = None
    reports: int = 1

    @property
    def takes_it(self) -> bool:
        """Whether the message counts as received.

        An answer other than 2xx refuses it, unless receipts are told to follow: then a gateway said no after all was
        done behind it.
        """
        if self.taken is not None:
            return self.taken
        fine = self.problem is None and 200 <= self.answer < 300
        return self.ending != "answered" or fine or bool(self.receipts)


Script = Mapping[str, tuple[Call, ...]]


def _receipt() -> Check:
    fields = record(
        {"status": one_of(*STATUSES)},
        {
            "after": number(0, LONGEST_S),
            "code": integer(1, 99_999),
            "times": integer(1, 100),
            "signature": one_of("good", "wrong", "none"),
        },
    )

    def check(value: object, name: str) -> list[Fault]:
        found = fields(value, name)
        if isinstance(value, dict) and "code" in value and value.get("status") not in NEGATIVE:
            found.append(Fault(name=f"{name}.code", reason=f"belongs to {' and '.join(NEGATIVE)} only"))
        return found

    return check


# A header that could break the answer apart is refused here, not discovered by the server.
_HEADER_NAME: Final = matching("[A-Za-z0-9-]+", "must be a header's name")
_HEADER_VALUE: Final = matching("[ -~]*", "must be a string of printable ASCII")

_SCRIPT: Final = table(
    leaf("must be a channel or *", lambda value: value == ANY_CHANNEL or not text(1, 40)(value, "")),
    array(
        record(
            {},
            {
                "answer": integer(200, 599),
                "headers": table(_HEADER_NAME, _HEADER_VALUE),
                "body": anything(),
                "delay": number(0, LONGEST_S),
                "hang": boolean(),
                "cut": boolean(),
                "taken": boolean(),
                "problem": one_of(*NAMED),
                "reports": integer(0, 100),
                "receipts": array(_receipt(), maximum=100),
            },
        ),
        minimum=1,
        maximum=1000,
    ),
    minimum=1,
)


def parse_script(value: object) -> Script:
    """Read a script from decoded JSON. Raises FieldsError with every fault."""
    if faults := _SCRIPT(value, ""):
        raise FieldsError(faults)
    channels = cast("dict[str, list[dict[str, object]]]", value)
    return {channel: tuple(_call(entry) for entry in calls) for channel, calls in channels.items()}


def _call(entry: dict[str, object]) -> Call:
    return Call(
        answer=cast("int", entry.get("answer", 202)),
        headers=cast("dict[str, str] | None", entry.get("headers")),
        body=entry.get("body"),
        delay_s=float(cast("float", entry.get("delay", 0.0))),
        ending="hung" if entry.get("hang") else "cut" if entry.get("cut") else "answered",
        problem=cast("str | None", entry.get("problem")),
        taken=cast("bool | None", entry.get("taken")),
        reports=cast("int", entry.get("reports", 1)),
        receipts=tuple(_as_receipt(receipt) for receipt in cast("list[dict[str, object]]", entry.get("receipts", []))),
    )


def _as_receipt(entry: dict[str, object]) -> Receipt:
    return Receipt(
        status=cast("str", entry["status"]),
        after_s=float(cast("float", entry.get("after", 0.1))),
        code=cast("int | None", entry.get("code")),
        times=cast("int", entry.get("times", 1)),
        signature=cast("Signature", entry.get("signature", "good")),
    )
