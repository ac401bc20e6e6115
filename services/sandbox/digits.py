"""What becomes of a message by the last three characters of its recipient, where no script says otherwise.

The numbers +44 7700 900000 to 900999 are kept free for fiction, so nobody real is meant. They count on every channel
but sms, where each number but ...009 is delivered: so that a failover that ends on sms comes to an end.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from services.sandbox.scripts import Call, Receipt

_SUBMITTED: Final = Receipt(status="submitted", after_s=0.1)
_DELIVERED: Final = Receipt(status="delivered", after_s=0.3)
_READ: Final = Receipt(status="read", after_s=0.6)
_TAKEN: Final = Call(receipts=(_SUBMITTED, _DELIVERED))

_BY_DIGITS: Final[Mapping[str, tuple[Call, ...]]] = {
    "000": (Call(receipts=(_SUBMITTED, _DELIVERED, _READ)),),
    "001": (Call(answer=422, problem="invalid-recipient"),),
    "002": (Call(receipts=(_SUBMITTED, Receipt(status="undeliverable", after_s=0.4, code=1260))),),
    "003": (Call(receipts=(_SUBMITTED,)),),
    "004": (Call(receipts=(_SUBMITTED, replace(_DELIVERED, after_s=20.0))),),
    "005": (Call(answer=429, headers={"Retry-After": "1"}), _TAKEN),
    "006": (*(Call(answer=503, headers={"Retry-After": "1"}),) * 2, _TAKEN),
    "007": (replace(_TAKEN, ending="cut"),),
    "008": (Call(receipts=(replace(_DELIVERED, times=2), replace(_SUBMITTED, after_s=0.6, times=2))),),
    "009": (Call(receipts=(_SUBMITTED, Receipt(status="rejected", after_s=0.4, code=1300))),),
}

# On sms the handset is unknown to nobody: it is the operator that stops it.
_SMS_FAILS: Final = (Call(receipts=(_SUBMITTED, Receipt(status="rejected", after_s=0.4, code=1280))),)


def calls_for(channel: str, recipient: str) -> tuple[Call, ...]:
    """Give what the first call, the second one and so on for one message come to; the last entry is repeated."""
    digits = recipient[-3:]
    if channel == "sms":
        return _SMS_FAILS if digits == "009" else (_TAKEN,)
    if digits.startswith("01") and "00" + digits[2:] in _BY_DIGITS:
        return tuple(_wrongly_signed(call) for call in _BY_DIGITS["00" + digits[2:]])
    return _BY_DIGITS.get(digits, (_TAKEN,))


def _wrongly_signed(call: Call) -> Call:
    return replace(call, receipts=tuple(replace(receipt, signature="wrong") for receipt in call.receipts))
