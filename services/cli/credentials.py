"""Key pairs, secrets, and the demo's credentials: a caller, a provider account, and the sandbox that plays it."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from deploy.private_file import write_private
from services.cli.home import Home, project_root
from shared.store.directory import Account, ApiKey, Application, Tenant
from shared.store.port import Store

DEMO_TENANT = "demo"
DEMO_ACCOUNT = "default"
LEAST_KEY_BITS = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPair:
    """An RSA key pair in PEM."""

    private: str
    public: str

    def __repr__(self) -> str:
        """Keep the private key out of logs."""
        return "KeyPair(...)"


def new_key_pair() -> KeyPair:
    """Make a key pair for RS256, the private one in PKCS#8 as the provider's libraries want it."""
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

    key = rsa.generate_private_key(public_exponent=65_537, key_size=LEAST_KEY_BITS)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    return KeyPair(private=private, public=public)


def new_api_key() -> str:
    """Return eight lower-case characters, as the provider's keys look."""
    return secrets.token_hex(4)


def new_secret() -> str:
    """Return 32 characters: long enough that HS256 is no weaker than its hash."""
    return secrets.token_hex(16)


def hash_secret(secret: str) -> str:
    """Return what the store keeps of an api_secret: SHA-256 is right for secrets that are random."""
    return hashlib.sha256(secret.encode()).hexdigest()


def make_demo(home: Home, store: Store) -> None:
    """Write the demo's caller and provider account into the store, and the files that name them.

    Secrets are made once and kept; addresses follow the ports of today.
    """
    kept = _kept_secrets(home)
    caller, provider = kept["caller"], kept["provider"]
    store.change_directory(Tenant(name=DEMO_TENANT))
    store.change_directory(
        Application(
            application_id=caller["application_id"],
            tenant=DEMO_TENANT,
            public_key=caller["public_key"],
            status_url=f"{home.url('sandbox')}/sandbox/callbacks/demo",
            inbound_url=f"{home.url('sandbox')}/sandbox/callbacks/demo-inbound",
        )
    )
    store.change_directory(
        ApiKey(
            api_key=caller["api_key"],
            tenant=DEMO_TENANT,
            secret_hashes=(hash_secret(caller["api_secret"]),),
            signature_secret=caller["signature_secret"],
        )
    )
    store.change_directory(
        Account(
            name=DEMO_ACCOUNT,
            base_url=home.url("sandbox"),
            generation="v1",
            api_key=provider["api_key"],
            application_id=provider["application_id"],
            private_key=provider["private_key"],
            api_secret=None,
            signature_secrets=(provider["signature_secret"],),
        )
    )
    _write_sandbox_config(home, caller, provider)
    key_file = home.state_dir / "demo.key"
    write_private(key_file, caller["private_key"])
    demo = {
        "application_id": caller["application_id"],
        "private_key_file": os.path.relpath(key_file, project_root()),
        "api_key": caller["api_key"],
        "api_secret": caller["api_secret"],
        "signature_secret": caller["signature_secret"],
        "ingress_url": home.url("ingress"),
        "sandbox_url": home.url("sandbox"),
    }
    write_private(home.demo_file, json.dumps(demo, indent=2) + "\n")


def sandbox_config(home: Home) -> str:
    """Return the path of the file that tells the sandbox who may call."""
    return str(home.state_dir / "sandbox.json")


def _write_sandbox_config(home: Home, caller: dict[str, str], provider: dict[str, str]) -> None:
    config = {
        "applications": {
            provider["application_id"]: {
                "public_key": provider["public_key"],
                "status_url": f"{home.url('ingress')}/webhooks/status",
                "inbound_url": f"{home.url('ingress')}/webhooks/inbound",
                "api_key": provider["api_key"],
                "signature_secret": provider["signature_secret"],
            }
        },
        "callback_secrets": {caller["api_key"]: caller["signature_secret"]},
    }
    write_private(home.state_dir / "sandbox.json", json.dumps(config, indent=2) + "\n")


def _kept_secrets(home: Home) -> dict[str, Any]:
    path = home.state_dir / "demo-secrets.json"
    if path.exists():
        kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return kept
    made = {}
    for who in ("caller", "provider"):
        pair = new_key_pair()
        made[who] = {
            "application_id": str(uuid4()),
            "private_key": pair.private,
            "public_key": pair.public,
            "api_key": new_api_key(),
            "api_secret": new_secret(),
            "signature_secret": new_secret(),
        }
    write_private(path, json.dumps(made, indent=2) + "\n")
    return made
