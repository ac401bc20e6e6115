"""What the code of a negative receipt means: for the workflow, for people, and what mends it. Pure data.

Codes of receipts only (semantics 6). The numbers inside a refusal's problem type (`answers.py`) are another list
that partly uses the same digits. A new code is a row here; a tenant may override its class.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shared.model import CodeClass, CodeMeaning, Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """One row."""

    code: str
    meaning: CodeMeaning
    sentence: str
    """For people: what happened."""
    remedy: str
    """For people: what would help; empty where nothing we know of does."""


def meaning_of(code: str | None, overrides: Mapping[str, CodeMeaning] | None = None) -> CodeMeaning:
    """Return what a code asks for, the tenant's `overrides` first. None and unknown codes mean `next`."""
    if code is None:
        return NEXT
    if overrides and code in overrides:
        return overrides[code]
    row = CODES.get(code)
    return row.meaning if row is not None else NEXT


def sentence_of(code: str | None) -> str | None:
    """Return the plain sentence for people, None where the code is not in the table."""
    row = CODES.get(code or "")
    return row.sentence if row is not None else None


NEXT = CodeMeaning(code_class=CodeClass.NEXT)
_AGAIN = CodeMeaning(code_class=CodeClass.AGAIN)
_IF_LAST = CodeMeaning(code_class=CodeClass.AGAIN_IF_LAST)
_PERSON = CodeMeaning(code_class=CodeClass.PERSON)
_DONE = CodeMeaning(code_class=CodeClass.DONE)
_ACCOUNT = CodeMeaning(code_class=CodeClass.FAULT, scope=Scope.ACCOUNT)
_CHANNEL = CodeMeaning(code_class=CodeClass.FAULT, scope=Scope.CHANNEL)
_SENDER = CodeMeaning(code_class=CodeClass.FAULT, scope=Scope.SENDER)

_BODY = "Check the message against the channel's rules."
_NUMBER = "Check the recipient's number."

_ROWS: tuple[tuple[int, CodeMeaning, str, str], ...] = (
    (1000, _AGAIN, "The provider was asked to send too fast.", "Lower the rate of this account."),
    (1010, NEXT, "The message lacked something the channel needs.", _BODY),
    (1020, NEXT, "Something in the message was not valid for the channel.", _BODY),
    (1021, NEXT, "The message tag is not one that the channel knows.", "Use a tag that the channel allows."),
    (1022, NEXT, "The template or its parameters are not valid.", "Compare name and parameters with the template."),
    (1030, _IF_LAST, "The provider had an error of its own.", ""),
    (1040, NEXT, "The message could not be handled, for example because of the number's prefix.", _NUMBER),
    (1050, _PERSON, "This number is barred and must not be written to.", "Ask the person for another way."),
    (1060, _ACCOUNT, "The provider has barred our account.", "Talk to the provider about the account."),
    (1070, _ACCOUNT, "Our quota or credit at the provider is used up.", "Top up the account."),
    (1080, _ACCOUNT, "Our account may not use the provider's API.", "Have API access enabled for the account."),
    (1090, NEXT, "The message is too long for the channel.", "Shorten the text."),
    (1100, _IF_LAST, "The provider could not reach the network.", ""),
    (1110, NEXT, "The provider did not accept a signature.", "Check the account's signature settings."),
    (1120, NEXT, "The sender is not accepted there.", "Use a sender that is registered for the country."),
    (1130, NEXT, "The time to live is outside what the channel takes.", "Change `ttl` or `expiry_time`."),
    (1140, _CHANNEL, "Our account may not use this channel.", "Have the channel enabled for the account."),
    (1150, NEXT, "The kind of message is not valid.", _BODY),
    (1160, NEXT, "The number is not on our trial account's list of allowed numbers.", "Add it, or end the trial."),
    (1170, NEXT, "The recipient's number is missing or not valid.", _NUMBER),
    (1180, _IF_LAST, "The phone is off or out of reach for now.", ""),
    (1190, NEXT, "The phone has been out of reach for long.", _NUMBER),
    (1200, NEXT, "The number moved to another network and could not be followed.", ""),
    (1210, NEXT, "A spam filter stopped the message.", "Change the text or register the sender."),
    (1220, _IF_LAST, "The phone was busy.", ""),
    (1230, _IF_LAST, "The phone network had an error.", ""),
    (1240, _PERSON, "This person asked not to be written to.", "Only the person can lift this, by answering START."),
    (1241, _IF_LAST, "Too many messages went to this number in a short time.", "Send less often to one person."),
    (1250, NEXT, "There is no route to this number.", _NUMBER),
    (1260, NEXT, "The destination can't be reached.", _NUMBER),
    (1270, NEXT, "The person is too young for this content.", ""),
    (1280, NEXT, "The mobile operator blocked the message.", "Ask the provider about the block."),
    (1290, NEXT, "The person's prepaid credit is too low.", ""),
    (1300, NEXT, "This person does not use the channel.", ""),
    (1310, NEXT, "This person's device can't show such a message.", ""),
    (1320, _DONE, "The provider had this message already.", ""),
    (1330, NEXT, "The carrier refused without saying why.", ""),
    (1331, _IF_LAST, "The channel's provider does not answer.", ""),
    (1340, NEXT, "The person has not written to us lately, so the channel allows no such message.", "Use a template."),
    (1350, NEXT, "A fee for finding people by number is not paid.", "Settle the fee with the channel."),
    (1360, NEXT, "The message ended at the provider before it reached the phone.", "Give it more time to live."),
    (1370, _SENDER, "The channel no longer trusts our sender: its access token ended.", "Link the page again."),
    (1380, NEXT, "The provider could not fetch the media.", "Check that the address is public and answers."),
    (1381, NEXT, "The media file is too large.", "Use a smaller file."),
    (1382, NEXT, "The channel does not take this kind of media.", "Use a file type that the channel lists."),
    (1400, NEXT, "The provider does not know this channel.", _BODY),
    (1410, NEXT, "The channel's own parameters are not valid.", _BODY),
    (1420, NEXT, "The sender is not valid.", "Check `from`."),
    (1430, NEXT, "The recipient is not valid.", "Check `to`."),
    (1440, NEXT, "The channel does not take this type of message.", _BODY),
    (1450, NEXT, "The reference is not valid.", ""),
)

CODES: Mapping[str, Code] = {
    str(number): Code(code=str(number), meaning=meaning, sentence=sentence, remedy=remedy)
    for number, meaning, sentence, remedy in _ROWS
}
