"""Who may call, and where their webhooks go: the applications and accounts that were registered.

An account is known by its api_key and has the signature secret that its webhooks are signed with.
Applications belong to an account; a call with Basic has no application and uses the addresses that its account was
registered with last.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Final, cast

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from services.sandbox.fields import Fault, FieldsError, address, leaf, matching, record, table, text


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """One registration. `api_secret` None = Basic is not possible for the account.

    `sms_inbound_url` and `sms_receipt_url` are the account's addresses for the webhooks of the SMS API, None = none.
    """

    application_id: str
    public_key: RSAPublicKey
    status_url: str
    inbound_url: str
    api_key: str
    signature_secret: str
    api_secret: str | None = None
    sms_inbound_url: str | None = None
    sms_receipt_url: str | None = None

    def __repr__(self) -> str:
        return f"Application({self.application_id}, api_key={self.api_key})"


def _public_key(value: object) -> RSAPublicKey | None:
    """Read a PEM of an RSA public key; None if it is none."""
    if not isinstance(value, str):
        return None
    try:
        key = load_pem_public_key(value.encode())
    except (ValueError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, RSAPublicKey) else None


_UUID: Final = matching("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "must be a UUID in lower case")
_REGISTRATION: Final = record(
    {
        "public_key": leaf("must be an RSA public key in PEM", lambda value: _public_key(value) is not None),
        "status_url": address(),
        "inbound_url": address(),
        "api_key": text(1, 64),
        "signature_secret": text(1, 256),
    },
    {"api_secret": text(1, 256), "sms_inbound_url": address(), "sms_receipt_url": address()},
)
_SECRETS: Final = record({"secrets": table(text(1, 64), text(1, 256))})


def parse_application(application_id: str, value: object) -> Application:
    """Read a registration from decoded JSON. Raises FieldsError with every fault."""
    if faults := _UUID(application_id, "application_id") + _REGISTRATION(value, ""):
        raise FieldsError(faults)
    fields = cast("dict[str, str]", value)
    key = _public_key(fields["public_key"])
    if key is None:
        raise FieldsError([Fault(name="public_key", reason="could not be read")])
    return Application(
        application_id=application_id,
        public_key=key,
        status_url=fields["status_url"],
        inbound_url=fields["inbound_url"],
        api_key=fields["api_key"],
        signature_secret=fields["signature_secret"],
        api_secret=fields.get("api_secret"),
        sms_inbound_url=fields.get("sms_inbound_url"),
        sms_receipt_url=fields.get("sms_receipt_url"),
    )


def parse_callback_secrets(value: object) -> dict[str, str]:
    """Read `{"secrets": {api_key: secret}}`. Raises FieldsError with every fault."""
    if faults := _SECRETS(value, ""):
        raise FieldsError(faults)
    return dict(cast("dict[str, dict[str, str]]", value)["secrets"])


class Directory:
    """What is registered. Thread-safe; a registration may be replaced at any time."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._applications: dict[str, Application] = {}
        self._accounts: dict[str, Application] = {}
        self._callback_secrets: dict[str, str] = {}

    def register(self, application: Application) -> None:
        """Add or replace an application; its account is from now on what it says."""
        with self._lock:
            self._applications[application.application_id] = application
            self._accounts[application.api_key] = application

    def application(self, application_id: str) -> Application | None:
        with self._lock:
            return self._applications.get(application_id)

    def account(self, api_key: str) -> Application | None:
        """Give the application that an account was registered with last."""
        with self._lock:
            return self._accounts.get(api_key)

    def latest(self, application: Application) -> Application:
        """Give what an application is registered with now; itself if it is not known here."""
        with self._lock:
            return self._applications.get(application.application_id, application)

    def only_application(self) -> Application | None:
        """Give the application if exactly one is registered, else None."""
        with self._lock:
            return next(iter(self._applications.values())) if len(self._applications) == 1 else None

    def add_callback_secrets(self, secrets: Mapping[str, str]) -> None:
        """Add or replace the secrets of these api_keys: what the callers' webhooks are checked with."""
        with self._lock:
            self._callback_secrets.update(secrets)

    def callback_secrets(self) -> dict[str, str]:
        with self._lock:
            return dict(self._callback_secrets)
