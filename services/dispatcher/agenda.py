"""What one turn works on. What is settled leaves it; what is still there when the store goes away comes again."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from services.dispatcher.receipts import workflow_meant
from services.dispatcher.work import InboundRead, Piece, ReceiptRead, Work
from shared.store.directory import Directory
from shared.store.records import InboundRow


class Agenda:
    """Work on workflows, and pieces about none."""

    def __init__(self) -> None:
        self._work: dict[int, Work] = {}
        self._loose: dict[int, Piece] = {}
        self.has_receipts_again = False
        """True when a receipt is among what lost before: the markers read behind it must wait."""

    def __bool__(self) -> bool:
        return bool(self._work or self._loose)

    @property
    def work(self) -> tuple[Work, ...]:
        """What is to be decided, in order of arrival within a kind."""
        return tuple(self._work.values())

    @property
    def loose(self) -> tuple[Piece, ...]:
        """What is to be committed as it is."""
        return tuple(self._loose.values())

    @property
    def has_inbound(self) -> bool:
        """True when an inbound message is among the work."""
        return any(isinstance(each, InboundRead) for each in self._work.values())

    @property
    def workflow_ids(self) -> set[str]:
        """Every workflow that is concerned."""
        named = {each.workflow_id for each in self._work.values() if not isinstance(each, ReceiptRead | InboundRead)}
        meant = {workflow_meant(each) for each in self._work.values() if isinstance(each, ReceiptRead | InboundRead)}
        return named | {each for each in meant if each is not None}

    @property
    def provider_uuids(self) -> set[str]:
        """The provider's ids in receipts and reports, and those of the messages that inbound ones answer."""
        named: set[str | None] = set()
        for each in self._work.values():
            if isinstance(each, ReceiptRead):
                named |= {each.provider_uuid, each.provider_workflow}
            elif isinstance(each, InboundRead):
                named.add(each.message.answers_uuid)
        return {uuid for uuid in named if uuid is not None}

    def add(self, work: Iterable[Work]) -> None:
        """Put work on it."""
        self._work.update((id(each), each) for each in work)

    def add_loose(self, pieces: Iterable[Piece]) -> None:
        """Put pieces on it."""
        self._loose.update((id(each), each) for each in pieces)

    def sort(self, read: Iterable[Work | Piece]) -> None:
        """Put what was read where it belongs."""
        for each in read:
            if isinstance(each, Piece):
                self._loose[id(each)] = each
            else:
                self._work[id(each)] = each

    def drop_repeats(self, kept: Callable[[str], tuple[InboundRow, ...]], directory: Directory) -> None:
        """Acknowledge inbound messages that were told before: all that follows from one was committed with its row.

        `kept` finds the rows of a provider's id. Raises StoreUnavailable.
        """
        seen: set[tuple[str, str]] = set()
        for read in [each for each in self._work.values() if isinstance(each, InboundRead)]:
            named = read.message.provider_uuid, read.account
            rows = kept(read.message.provider_uuid)
            if named in seen or any(directory.same_account(row.account, read.account) for row in rows):
                self.settle([read])
                self.add_loose([Piece(deliveries=(read.delivery,))])
            seen.add(named)

    def settle(self, work: Iterable[Work]) -> None:
        """Take out what is done."""
        for each in work:
            self._work.pop(id(each), None)

    def settle_piece(self, piece: Piece) -> None:
        """Take out a piece and its work."""
        self.settle(piece.work)
        self._loose.pop(id(piece), None)
