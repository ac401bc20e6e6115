"""The provider's error bodies: `application/problem+json` after protocol 1.9.

A `ProblemError` is raised where a call is found wanting and becomes the answer in one place. The numbers of 422 bodies
are those of the provider's newer list: 1400 channel, 1410 its parameters, 1420 sender, 1430 recipient, 1440 type,
1450 client reference, and 1150 for all that is left.
"""

from collections.abc import Sequence
from typing import Final

from services.sandbox.fields import Fault

_CATALOGUE: Final = "https://developer.vonage.com/api-errors"
_BY_STATUS: Final = {
    400: ("#bad-request", "Bad Request", "The request could not be understood."),
    401: ("#unauthorized", "Unauthorized", "You did not provide correct credentials."),
    402: ("#low-balance", "Low balance", "This request could not be performed due to your account balance being low."),
    403: ("#forbidden", "Forbidden", "Your account does not have permission to perform this action."),
    404: ("#not-found", "Not Found", "The requested resource does not exist."),
    405: ("#wrong-verb", "Method Not Allowed", "This address does not take this method."),
    413: ("#invalid-params", "Content Too Large", "The body is larger than this address takes."),
    415: ("#content-type-header", "Unsupported Media Type", "The Content-Type must be application/json."),
    422: ("/messages#1430", "Invalid recipient", "The value of the recipient is not one we can send to."),
    429: ("#rate-limit", "Rate Limit Hit", "Please wait, then retry your request."),
    500: ("/messages#1000", "Internal error", "There was an error processing your request in the Platform."),
    503: ("#unavailable", "Service Unavailable", "The Platform is not able to take your request at present."),
}
# Refusals that a script can ask for by name; `named` says what each generation makes of them.
NAMED: Final = (
    "forbidden",
    "invalid-recipient",
    "low-balance",
    "not-found",
    "rate-limit",
    "unauthorized",
    "unprovisioned",
    "wrong-verb",
)
_NAMED_STATUS: Final = {
    "forbidden": 403,
    "invalid-recipient": 422,
    "low-balance": 402,
    "not-found": 404,
    "rate-limit": 429,
    "unauthorized": 401,
    "wrong-verb": 405,
}
_OLD_INVALID: Final = "https://www.nexmo.com/messages/Errors#InvalidParams"
_OLD_TITLE: Final = "Your request parameters didn't validate."


class ProblemError(Exception):
    """A call that is not taken: the status and the members of its body, less `instance`, which each answer has anew."""

    def __init__(
        self, status: int, kind: str, title: str, detail: str, faults: Sequence[Fault] = (), allow: str | None = None
    ) -> None:
        super().__init__(title)
        self.status = status
        self.kind = kind
        self.title = title
        self.detail = detail
        self.faults = tuple(faults)
        self.allow = allow

    def members(self, instance: str) -> dict[str, object]:
        """Give the body as JSON members; `instance` is the 32 hexadecimal digits of this answer's trace."""
        body: dict[str, object] = {
            "type": self.kind,
            "title": self.title,
            "detail": self.detail,
            "instance": instance,
        }
        if self.faults:
            body["invalid_parameters"] = [{"name": fault.name, "reason": fault.reason} for fault in self.faults]
        return body


def of_status(status: int, detail: str | None = None) -> ProblemError:
    """Make the problem that the provider's catalogue has for a status, or a plain one where it has none."""
    slug, title, words = _BY_STATUS.get(status, ("", f"Status {status}", f"The call was answered with {status}."))
    return ProblemError(status, _CATALOGUE + slug, title, detail or words)


def unauthorized(detail: str, slug: str = "unauthorized") -> ProblemError:
    """401 for credentials that could be read and are wrong."""
    return ProblemError(401, f"{_CATALOGUE}#{slug}", "Unauthorized", detail)


def unreadable_credentials() -> ProblemError:
    """401 for a header that is neither Bearer nor Basic, spelled as the live gateway spells it."""
    return ProblemError(401, f"{_CATALOGUE}#unauthorized", "Unauthorised", "Invalid Token")


def invalid_json() -> ProblemError:
    return ProblemError(
        422,
        f"{_CATALOGUE}#invalid-json",
        "The request body did not contain valid JSON",
        "The request body must be one JSON object.",
    )


def invalid_message(code: int, title: str, faults: Sequence[Fault]) -> ProblemError:
    """422 for a message body, with every fault named."""
    detail = f"{len(faults)} of the parameters {'is' if len(faults) == 1 else 'are'} invalid."
    return ProblemError(422, f"{_CATALOGUE}/messages#{code}", title, detail, faults)


def invalid_old_request(faults: Sequence[Fault]) -> ProblemError:
    """400 for a v0.1 or beta body, with every fault named."""
    detail = f"{len(faults)} of the submitted parameters {'is' if len(faults) == 1 else 'are'} invalid."
    return ProblemError(400, _OLD_INVALID, _OLD_TITLE, detail, faults)


def missing(what: str) -> ProblemError:
    """404 for a message that nobody knows, whatever its id looks like."""
    return ProblemError(404, f"{_CATALOGUE}#not-found", "Not Found", f"Message with id {what} was not found.")


def unprocessable(detail: str) -> ProblemError:
    """422 for an update that this message can't have."""
    return ProblemError(422, f"{_CATALOGUE}#unprocessable-entity", "Unprocessable Entity", detail)


def refused(status: int, generation: str) -> ProblemError:
    """Make the problem of a status for a generation: v0.1 and beta have one for all that is wrong with a body."""
    if status == 400 and generation != "v1":
        return ProblemError(400, _OLD_INVALID, _OLD_TITLE, "The submitted parameters are invalid.")
    return of_status(status)


def named(name: str, generation: str, *, workflow: bool) -> ProblemError:
    """Make the refusal of that name as a generation words it; `workflow` = of a dispatch or beta workflow.

    Raises KeyError for a name that is none of `NAMED`.
    """
    if name == "unprovisioned":
        words = "These credentials have no access to the product that was called."
        return ProblemError(401, "https://developer.nexmo.com/api-errors/#unprovisioned", "Unprovisioned", words)
    if generation != "v1" and name == "low-balance":
        if workflow:
            faults = [Fault(name="balance", reason="is too low")]
            return ProblemError(400, _CATALOGUE, _OLD_TITLE, "1 of the submitted parameters is invalid.", faults)
        return ProblemError(400, f"{_CATALOGUE}#low-balance", "Bad Request", "The balance of the account is too low.")
    if generation != "v1" and name == "invalid-recipient":
        return invalid_old_request([Fault(name="to", reason="is not one we can send to")])
    return of_status(_NAMED_STATUS[name])


def invalid_request(faults: Sequence[Fault]) -> ProblemError:
    """422 of the sandbox's own API, which is no part of the provider's."""
    return ProblemError(422, f"{_CATALOGUE}#invalid-params", "Invalid parameters", "See invalid_parameters.", faults)
