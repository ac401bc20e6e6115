"""The exception tree. Fates are values (`shared.outcomes`); only surprises are exceptions.

CascadeError
|-- WireError            a body that can't be read or breaks a rule; carries all faults (400/422, or dead letter)
|-- AuthError            who calls is not known or not allowed (401)
|-- ConfigError          a setting is missing or wrong; the process does not start
|-- BrokerUnavailable    no confirm in time, connection lost, blocked, queue full (503 with Retry-After)
|   `-- Unroutable       the broker has no queue for it: topology is missing (503, and a person must act)
|-- StoreUnavailable     the store does not answer; nothing was decided (503, or the dispatcher waits)
|-- CommitFailed         what was to be written can't be (the batch is halved; a culprit alone: dead letter)
|-- NotStored            a record that was asked for is not there
`-- NotExpressible       a message that the account's generation has no words for (refused; the next step goes on)
"""

from __future__ import annotations

from dataclasses import dataclass


class CascadeError(Exception):
    """Root of everything we raise on purpose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing wrong with a body."""

    pointer: str
    """JSON Pointer of the member, "" for the whole body, e.g. "/workflow/0/to/number"."""
    name: str
    """The same in the provider's dotted style, e.g. "workflow[0].to.number"."""
    reason: str
    """What is wrong and what would be right, in words."""
    code: str = ""
    """A word for programs: required, type, range, unknown_channel, ...; decides nothing."""


class WireError(CascadeError):
    """A body that can't be read or breaks a rule. Whoever sent it must change it."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__("; ".join(f"{fault.name or 'body'}: {fault.reason}" for fault in faults))
        self.faults = faults


class AuthError(CascadeError):
    """The caller (or the signer of a webhook) is not who it claims to be. Its text never names a secret."""


class ConfigError(CascadeError):
    """One or more settings are missing or wrong; the text names each variable."""


class BrokerUnavailable(CascadeError):
    """The broker did not confirm. The message may or may not have been stored: publish again under the same id."""


class Unroutable(BrokerUnavailable):
    """The broker has no queue for the message: the topology was not applied."""


class StoreUnavailable(CascadeError):
    """The store could not be reached or did not confirm its commit. What was asked may be asked again as it was."""


class CommitFailed(CascadeError):
    """A transaction failed for a reason in its content: nothing of it was written, and as it is it never will be."""


class NotStored(CascadeError):
    """A record that was asked for by name is not in the store."""


class NotExpressible(CascadeError):
    """A message that a generation of the provider's API has no words for. Nothing was sent, and nothing can be."""

    def __init__(self, generation: str, *names: str) -> None:
        super().__init__(f"{generation} can't say: {', '.join(names)}")
        self.generation = generation
        self.names = names
        """What it can't say, by the members' names in a v1 body."""
