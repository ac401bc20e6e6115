"""Make the calls that a test asks for with the provider's Python client, in the environment it is installed in.

Standard input: `{"host": "127.0.0.1:8443", "auth": {...}, "calls": [{"call": "send", ...}, ...]}`; a call may have a
host and credentials of its own.
Standard output: one result for each call, `{"gave": ...}` or `{"raised": class, "status": ..., "problem": ...}`.
"""

import json
import sys
from typing import Any

import vonage_jwt
import vonage_messages.models
from pydantic import BaseModel
from vonage import Auth, HttpClientOptions, Vonage
from vonage_http_client.errors import HttpRequestError
from vonage_utils import VonageError


def main() -> None:
    asked = json.load(sys.stdin)
    usual = client_of(asked) if "auth" in asked else None
    json.dump(
        [result(client_of({**asked, **call}) if "auth" in call else usual, call) for call in asked["calls"]], sys.stdout
    )


def client_of(asked: dict[str, Any]) -> Any:
    # Without a time-out it waits for ever.
    return Vonage(Auth(**asked["auth"]), HttpClientOptions(api_host=asked["host"], timeout=30))


def result(client: Any, call: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"gave": made(client, call)}
    except HttpRequestError as error:
        answer = error.response
        problem = answer.json() if "json" in answer.headers.get("Content-Type", "") else None
        return {"raised": type(error).__name__, "status": answer.status_code, "problem": problem}
    except (VonageError, OSError, TypeError, ValueError) as error:
        return {"raised": type(error).__name__, "status": None, "problem": str(error)}


def made(client: Any, call: dict[str, Any]) -> Any:
    match call["call"]:
        case "send":
            # The client refuses a None that it has as the default itself.
            more = {"failover": [built(each) for each in call["failover"]]} if "failover" in call else {}
            return client.messages.send(built(call["message"]), **more).model_dump()
        case "read":
            shown = [vonage_messages.models.ReplyingIndicatorText(show=True)] if call.get("typing") else []
            return client.messages.mark_whatsapp_message_read(call["message_uuid"], *shown)
        case "revoke":
            return client.messages.revoke_rcs_message(call["message_uuid"])
        case "verify":
            return vonage_jwt.verify_signature(call["token"], call["secret"])
        case "models":
            return models()
        case other:
            raise ValueError(f"no such call: {other}")


def built(value: Any) -> Any:
    """Turn `{"model": NAME, field: value, ...}` into that model, also deep inside."""
    if isinstance(value, list):
        return [built(each) for each in value]
    if not isinstance(value, dict):
        return value
    fields = {name: built(each) for name, each in value.items() if name != "model"}
    return getattr(vonage_messages.models, value["model"])(**fields) if "model" in value else fields


def models() -> list[str]:
    """Return the names of all models that the client exports."""
    names = vonage_messages.models.__all__
    kinds = {name: getattr(vonage_messages.models, name) for name in names}
    return [name for name, kind in kinds.items() if isinstance(kind, type) and issubclass(kind, BaseModel)]


if __name__ == "__main__":
    main()
