"""Say who we are to the provider: a cached RS256 token for an account with an application, else Basic. Pure.

The clock's reading and the maker of token ids are handed in.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from shared.errors import ConfigError
from shared.store.directory import Account

LIFE_S = 900
"""Life of a token in seconds: what the provider assumes where a token names no end."""
RENEW_BEFORE_S = 60
"""A token is not used any more this long before its end, so that it does not end on its way."""
SMALLEST_KEY_BITS = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class _Minted:
    header: str
    issued_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Key:
    pem: str
    key: RSAPrivateKey


class Authorizations:
    """The `Authorization` headers of our accounts, tokens reused until a minute before their end.

    Any thread may ask: at worst two mint a token at the same time, and both are good.
    """

    def __init__(self) -> None:
        """Start with no token."""
        self._minted: dict[tuple[str, str | None, str], _Minted] = {}
        self._keys: dict[str, _Key] = {}

    def header(self, account: Account, *, now: float, new_jti: Callable[[], str], instead_of: str | None = None) -> str:
        """Return the header's value for a call at `now`, seconds since the epoch.

        `instead_of` is a value the provider just answered with 401: it is not given again where the account has
        tokens; with Basic there is nothing fresh to give, and the same value comes back.
        Raises ConfigError where the account has no usable credentials.
        """
        if account.private_key is None or account.application_id is None:
            return basic(account)
        name = (account.name, account.application_id, account.private_key)
        minted = self._minted.get(name)
        if minted is None or minted.header == instead_of or not _fresh(minted, now):
            minted = _Minted(
                header="Bearer " + mint(account.application_id, self._key(account), now=now, jti=new_jti()),
                issued_at=now,
            )
            self._minted[name] = minted
        return minted.header

    def _key(self, account: Account) -> RSAPrivateKey:
        pem = account.private_key or ""
        known = self._keys.get(account.name)
        if known is None or known.pem != pem:  # reading a key costs more than signing with it
            known = _Key(pem=pem, key=read_private_key(pem, account=account.name))
            self._keys[account.name] = known
        return known.key


def mint(application_id: str, key: RSAPrivateKey, *, now: float, jti: str) -> str:
    """Return a signed token that is good for 15 minutes from `now`."""
    issued = int(now)
    claims = {"application_id": application_id, "iat": issued, "jti": jti, "exp": issued + LIFE_S}
    return jwt.encode(claims, key, algorithm="RS256")


def basic(account: Account) -> str:
    """Return the Basic header; raises ConfigError where the account has no secret."""
    if not account.api_secret:
        raise ConfigError(f"account {account.name}: has neither an application with its private key nor an API secret")
    return "Basic " + b64encode(f"{account.api_key}:{account.api_secret}".encode()).decode("ascii")


def read_private_key(pem: str, *, account: str) -> RSAPrivateKey:
    """Read an application's private key; raises ConfigError naming the account where it is none or too short."""
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        # The library's text is left out: it may quote the key.
        raise ConfigError(f"account {account}: the private key is not an unencrypted PEM key") from error
    if not isinstance(key, RSAPrivateKey):
        raise ConfigError(f"account {account}: the private key is not an RSA key")
    if key.key_size < SMALLEST_KEY_BITS:
        raise ConfigError(f"account {account}: the private key has {key.key_size} bits, fewer than {SMALLEST_KEY_BITS}")
    return key


def _fresh(minted: _Minted, now: float) -> bool:
    # A clock that was set back would make the token one of the future, which the provider refuses.
    return minted.issued_at - RENEW_BEFORE_S <= now < minted.issued_at + LIFE_S - RENEW_BEFORE_S
