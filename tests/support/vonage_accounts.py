"""Accounts at the provider with keys of their own, for tests of what we sign and whom we believe."""

from functools import cache

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from shared.store.directory import Account

APPLICATION = "11111111-2222-4333-8444-555555555555"
SECRET = "0123456789abcdef0123456789abcdef"


@cache
def rsa_key(bits: int = 2048) -> RSAPrivateKey:
    return generate_private_key(public_exponent=65537, key_size=bits)


def private_pem(bits: int = 2048) -> str:
    return rsa_key(bits).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def public_pem(bits: int = 2048) -> str:
    return rsa_key(bits).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def account(
    name: str = "default",
    *,
    base_url: str = "https://provider.example",
    api_key: str = "abcd1234",
    application_id: str | None = APPLICATION,
    with_token: bool = True,
    secrets: tuple[str, ...] = (SECRET,),
) -> Account:
    """Return an account that authenticates by token, or by Basic where `with_token` is False."""
    return Account(
        name=name,
        base_url=base_url,
        generation="v1",
        api_key=api_key,
        application_id=application_id,
        private_key=private_pem() if with_token else None,
        api_secret="the api secret",
        signature_secrets=secrets,
    )
