"""A caller of the ingress: an application with its key pair, an api_key with its secret, and their records."""

import base64
import functools
import hashlib
import uuid
from dataclasses import dataclass, field

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from shared.store.directory import ApiKey, Application, DirectoryChange, Tenant


def new_key_pair() -> tuple[str, str]:
    """Return (private, public) in PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeUpCaller:
    """Somebody with every kind of credentials."""

    tenant: str
    application_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    api_key: str = field(default_factory=lambda: uuid.uuid4().hex[:8])
    api_secret: str = field(default_factory=lambda: uuid.uuid4().hex)
    signature_secret: str = field(default_factory=lambda: uuid.uuid4().hex * 2)
    keys: tuple[str, str] = field(default_factory=new_key_pair, repr=False)

    def records(self) -> tuple[DirectoryChange, ...]:
        """Return what a store must hold to know this caller."""
        return (
            Tenant(name=self.tenant),
            Application(application_id=self.application_id, tenant=self.tenant, public_key=self.keys[1]),
            ApiKey(
                api_key=self.api_key,
                tenant=self.tenant,
                secret_hashes=(hashlib.sha256(self.api_secret.encode()).hexdigest(),),
                signature_secret=self.signature_secret,
            ),
        )

    def token(self, *, now: float, **claims: object) -> str:
        """Make a token; `claims` add to the usual ones, None takes one away."""
        usual: dict[str, object] = {"application_id": self.application_id, "iat": int(now), "jti": str(uuid.uuid4())}
        chosen = {name: value for name, value in {**usual, **claims}.items() if value is not None}
        return jwt.encode(chosen, _loaded(self.keys[0]), algorithm="RS256")

    def bearer(self, *, now: float, **claims: object) -> str:
        """Return an Authorization header with a token."""
        return f"Bearer {self.token(now=now, **claims)}"

    def basic(self, secret: str | None = None) -> str:
        """Return an Authorization header with the api_key and its secret, or another one."""
        return "Basic " + base64.b64encode(f"{self.api_key}:{secret or self.api_secret}".encode()).decode()


@functools.cache
def _loaded(pem: str) -> rsa.RSAPrivateKey:
    """Read a key once: checking it costs more than thirty signatures do."""
    key = serialization.load_pem_private_key(pem.encode(), password=None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key
