"""Who may call and whom we call: the small tables, read whole and cached by their readers. Frozen records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account at the provider and how to call it."""

    name: str
    base_url: str
    generation: str
    """v1 or v0_1."""
    api_key: str
    application_id: str | None
    private_key: str | None = field(repr=False)
    """PEM; None: Basic."""
    api_secret: str | None = field(repr=False)
    signature_secrets: tuple[str, ...] = field(repr=False)
    """Newest first; several during a rotation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Which account a tenant's channel (and sender) uses; None in a field matches all; the most specific wins."""

    account: str
    tenant: str | None = None
    channel: str | None = None
    sender: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """Somebody who calls us."""

    name: str
    status_url: str | None = None
    inbound_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """A caller's application: its public key verifies JWTs."""

    application_id: str
    tenant: str
    public_key: str
    status_url: str | None = None
    inbound_url: str | None = None
    webhook_version: str | None = None
    revoked: bool = False
    engine: str | None = None
    """Who runs its workflows where a request says nothing: local or provider; None: as the deployment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A caller's key for Basic, and the secret that signs what we send to its addresses."""

    api_key: str
    tenant: str
    secret_hashes: tuple[str, ...] = field(repr=False)
    """SHA-256 of each live secret in hex; at most two."""
    signature_secret: str = field(repr=False)
    revoked: bool = False
    made_at: float = 0.0
    """Store time in seconds since the epoch. 0: the store's own time when it is first put; it never changes after."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Publisher:
    """A broker user of another system and the tenant it speaks for."""

    user: str
    tenant: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """All small tables at once."""

    now: float
    deployment_secret: bytes = field(repr=False)
    """32 random bytes made with the schema: the key of the mark inside ids."""
    accounts: Mapping[str, Account] = field(default_factory=dict)
    routes: tuple[Route, ...] = ()
    tenants: Mapping[str, Tenant] = field(default_factory=dict)
    applications: Mapping[str, Application] = field(default_factory=dict)
    keys: Mapping[str, ApiKey] = field(default_factory=dict)
    publishers: Mapping[str, Publisher] = field(default_factory=dict)

    def account_for(self, *, tenant: str, channel: str, sender: str) -> str | None:
        """Return the name of the account a message uses; None where no route and no single account serves it.

        The most specific route wins: sender before channel before tenant. Without a matching route the account
        named "default" serves, else the only one there is.
        """
        best: tuple[tuple[bool, bool, bool], str] | None = None
        for route in self.routes:
            if route.tenant in (None, tenant) and route.channel in (None, channel) and route.sender in (None, sender):
                rank = (route.sender is not None, route.channel is not None, route.tenant is not None)
                if best is None or rank > best[0]:
                    best = (rank, route.account)
        if best is not None:
            return best[1]
        if "default" in self.accounts:
            return "default"
        return next(iter(self.accounts)) if len(self.accounts) == 1 else None

    def may_use(self, tenant: str, account: str) -> bool:
        """Tell whether messages of a tenant may go through an account: by a route, or because no route is needed."""
        routed = [route.account for route in self.routes if route.tenant in (None, tenant)]
        unrouted = "default" if "default" in self.accounts else next(iter(self.accounts), None)
        if unrouted is not None and (unrouted == "default" or len(self.accounts) == 1):
            routed.append(unrouted)
        return any(self.same_account(each, account) for each in routed)

    def same_account(self, one: str, other: str) -> bool:
        """Tell whether two names are one account at the provider: the same name, or two applications of one api key.

        Such share their signature secrets, and not every webhook says which application it is about.
        """
        first, second = self.accounts.get(one), self.accounts.get(other)
        return one == other or (first is not None and second is not None and first.api_key == second.api_key)

    def signing_key(self, tenant: str, *, wanted: str = "") -> ApiKey | None:
        """Return the key that signs what we send to a tenant's addresses: `wanted` while it lives, else the oldest.

        The oldest, so that making another key changes no signature. None where the tenant has no live key.
        """
        live = [key for key in self.keys.values() if key.tenant == tenant and not key.revoked]
        return min(live, key=lambda key: (key.api_key != wanted, key.made_at, key.api_key), default=None)


DirectoryChange = Account | Route | Tenant | Application | ApiKey | Publisher


def names_in(change: DirectoryChange) -> list[tuple[str, type[Account | Tenant]]]:
    """Return the records that a record names, each with its kind."""
    named: list[tuple[str, type[Account | Tenant]]] = []
    if isinstance(change, Route):
        named.append((change.account, Account))
    if isinstance(change, Application | ApiKey | Publisher | Route) and change.tenant is not None:
        named.append((change.tenant, Tenant))
    return named
