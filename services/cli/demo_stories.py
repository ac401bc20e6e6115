"""Which of the demo's workflows are told in full. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from services.cli.demo_report import Case, Kill


def chosen(cases: Sequence[Case], kill: Kill) -> Iterator[tuple[Case, str]]:
    """Yield a late one, one whose caller was killed and no receipt came, and one that was sent again in doubt."""
    late = next((case for case in cases if case.planned.kind.name.startswith("delivered late")), None)
    if late is not None:
        yield late, "Late truth"
    killed = [case for case in cases if case.told.workflow_id in kill.in_flight]
    if killed:
        # The longest has most to tell: nothing but the lease said that its call was lost.
        yield max(killed, key=lambda case: len(case.entries)), "Its caller was killed"
    resent = next((case for case in cases if case.told.resends), None)
    if resent is not None:
        yield resent, "In doubt on its last channel"
