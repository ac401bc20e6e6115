"""The demo's kinds, played against the real core on a clock of their own, and told as the timeline tells them.

    python -m tests.support.demo_stories      writes tests/golden/stories/ anew; read what changed before it is kept

What the provider says is what the sandbox says. A workflow whose receipts are forged has the story of a silent one:
the forgeries never come past the ingress.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from services.dispatcher.events import Outside, Received
from shared.model import Problem, Receipt, RequestKind, Status
from shared.outcomes import Busy, BusySource, Refused, Unsure
from shared.vonage.codes import meaning_of
from shared.wire.story import tell_all
from tests.support.plans import step, viber_then_sms, workflow
from tests.support.play import Play

FOLDER = Path(__file__).parents[1] / "golden" / "stories"
WINDOW_S = 15

_REFUSED = Refused(
    problem=Problem(
        code="1430", title="Invalid recipient", detail="The value of the recipient is not one we can send to."
    )
)
_TOO_MANY = Busy(
    problem=Problem(code="429", title="Rate Limit Hit", detail="Please wait, then retry your request"),
    source=BusySource.ANSWER,
    retry_after_s=1.0,
)
_UNAVAILABLE = Busy(
    problem=Problem(
        code="503", title="Service Unavailable", detail="The Platform is not able to take your request at present"
    ),
    source=BusySource.ANSWER,
    retry_after_s=1.0,
)
_CUT = Unsure(problem=Problem(code="broken", title="The connection broke after the send"))
_NO_ANSWER = Unsure(problem=Problem(code="timeout", title="The provider did not answer in time"))


def _begun() -> Play:
    return Play(viber_then_sms(window=WINDOW_S)).at(0.1).claim().at(0.2)


def _negative(play: Play, status: Status, code: str, title: str) -> Play:
    receipt = Receipt(status=status, problem=Problem(code=code, title=title))
    play.send(Received(step=play.workflow.current, attempt=1, receipt=receipt, meaning=meaning_of(code)))
    return play


def _sms_delivered(play: Play) -> Play:
    """Let the SMS whose turn has come be sent and delivered."""
    begun = play.seconds
    play.at(begun + 0.1).claim().at(begun + 0.2).accepted()
    return play.at(begun + 0.3).receipt("submitted").at(begun + 0.5).receipt("delivered")


def _silent(play: Play) -> Play:
    """Let the window end, and the SMS be delivered."""
    return _sms_delivered(play.due_at(play.wakes_after or 0.0))


def delivered_at_once() -> Play:
    play = _begun().accepted().at(0.3).receipt("submitted").at(0.5).receipt("delivered")
    return play.at(0.8).receipt("read")


def refused_by_http() -> Play:
    return _sms_delivered(_begun().answer(_REFUSED))


def undeliverable() -> Play:
    play = _begun().accepted().at(0.3).receipt("submitted").at(0.6)
    return _sms_delivered(_negative(play, Status.UNDELIVERABLE, "1260", "Destination unreachable"))


def silent() -> Play:
    return _silent(_begun().accepted().at(0.3).receipt("submitted"))


def delivered_late() -> Play:
    return silent().at(20.2).receipt("delivered", step=1)


def busy_http_429() -> Play:
    play = _begun().answer(_TOO_MANY)
    play.due_at(play.wakes_after or 0.0).claim().accepted()
    return play.at(play.seconds + 0.1).receipt("submitted").at(play.seconds + 0.2).receipt("delivered")


def busy_http_503_twice() -> Play:
    play = _begun().answer(_UNAVAILABLE)
    play.due_at(play.wakes_after or 0.0).claim().answer(_UNAVAILABLE)
    play.due_at(play.wakes_after or 0.0).claim().accepted()
    return play.at(play.seconds + 0.1).receipt("submitted").at(play.seconds + 0.2).receipt("delivered")


def connection_cut() -> Play:
    return _begun().answer(_CUT).at(0.3).receipt("submitted").at(0.5).receipt("delivered")


def the_call_hangs() -> Play:
    return _silent(_begun().at(15.1).answer(_NO_ANSWER))


def doubt_on_the_last_channel() -> Play:
    outside = Outside(reconcile_s={"sms": 60.0})
    play = Play(workflow(step(1, "sms"), kind=RequestKind.MESSAGE), outside=outside)
    play.at(0.1).claim().at(15.1).answer(_NO_ANSWER)
    return _sms_delivered(play.due_at(play.wakes_after or 0.0))


def receipts_twice_and_out_of_order() -> Play:
    play = _begun().accepted().at(0.5).receipt("delivered").receipt("delivered")
    return play.at(0.8).receipt("submitted").receipt("submitted")


def hopeless() -> Play:
    play = _begun().accepted().at(0.3).receipt("submitted").at(0.6)
    _negative(play, Status.REJECTED, "1300", "Not part of the provider network").at(0.7).claim().at(0.8).accepted()
    return _negative(play.at(0.9).receipt("submitted").at(1.2), Status.REJECTED, "1280", "Blocked by the carrier")


def cancelled_while_it_waits() -> Play:
    return _begun().accepted().at(0.3).receipt("submitted").at(0.8).cancel()


def caller_killed_and_the_receipt_tells() -> Play:
    return _begun().at(6.1).receipt("submitted").at(7.1).receipt("delivered")


def caller_killed_and_no_receipt() -> Play:
    play = _begun()
    return _silent(play.due_at(play.wakes_after or 0.0))


STORIES: Mapping[str, Callable[[], Play]] = {
    play.__name__: play
    for play in (
        delivered_at_once,
        refused_by_http,
        undeliverable,
        silent,
        delivered_late,
        busy_http_429,
        busy_http_503_twice,
        connection_cut,
        the_call_hangs,
        doubt_on_the_last_channel,
        receipts_twice_and_out_of_order,
        hopeless,
        cancelled_while_it_waits,
        caller_killed_and_the_receipt_tells,
        caller_killed_and_no_receipt,
    )
}


def told(play: Play) -> str:
    """Return a play's journal as lines of text, each with its time of day."""
    texts = tell_all(play.entries, play.workflow.steps)
    return "".join(
        f"{datetime.fromtimestamp(entry.at, UTC):%H:%M:%S}  {text}\n"
        for entry, text in zip(play.entries, texts, strict=True)
    )


def write_all() -> None:
    """Write every golden file anew."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, play in STORIES.items():
        (FOLDER / f"{name}.txt").write_text(told(play()), encoding="utf-8")


if __name__ == "__main__":
    write_all()
