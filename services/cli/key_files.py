"""Files that hold a key pair, or the public half of one."""

from __future__ import annotations

from pathlib import Path

from services.cli.credentials import LEAST_KEY_BITS
from services.cli.names import secret_in
from shared.errors import ConfigError


def public_key_in(path: Path, option: str) -> str:
    """Return the public half of the RSA key in a PEM file, in PEM. Raises ConfigError naming the option."""
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        PublicFormat,
        load_pem_private_key,
        load_pem_public_key,
    )

    text = secret_in(path, option)
    try:
        if "PRIVATE KEY" in text:
            private = load_pem_private_key(text.encode(), password=None)
            key = private.public_key() if isinstance(private, RSAPrivateKey) else None
        else:
            public = load_pem_public_key(text.encode())
            key = public if isinstance(public, RSAPublicKey) else None
    except (ValueError, TypeError) as error:
        raise ConfigError(f"{option}: {path} holds no key in PEM without a passphrase") from error
    if key is None or key.key_size < LEAST_KEY_BITS:
        raise ConfigError(f"{option}: {path} must be an RSA key of at least {LEAST_KEY_BITS} bits")
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
