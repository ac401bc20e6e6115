"""Who calls: every way a credential can be wrong is refused, also while the store is away."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import jwt
import pytest

from services.ingress.callers import Caller, Credentials, ExplainedAuthError, identify, identify_in
from services.ingress.clock import StoreTime
from services.ingress.known import KnownCallers
from shared.errors import AuthError, StoreUnavailable
from shared.store.directory import ApiKey, Application, Directory
from tests.support.ingress_callers import MadeUpCaller, new_key_pair

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC).timestamp()
ACME = MadeUpCaller(tenant="acme")
OTHER = MadeUpCaller(tenant="other")


def directory_of(*callers: MadeUpCaller, now: float = NOW) -> Directory:
    records = [record for caller in callers for record in caller.records()]
    return Directory(
        now=now,
        deployment_secret=b"s" * 32,
        applications={each.application_id: each for each in records if isinstance(each, Application)},
        keys={each.api_key: each for each in records if isinstance(each, ApiKey)},
    )


def asks(
    authorization: str | None, *, method: str = "POST", path: str = "/v1/messages", in_query: bool = False
) -> Credentials:
    return Credentials(authorization=authorization, method=method, path=path, in_query=in_query)


KNOWN = directory_of(ACME, OTHER)


def test_a_token_names_the_tenant_of_its_application() -> None:
    expected = Caller(tenant="acme", application_id=ACME.application_id, token_id="one", issued_at=NOW)

    assert expected == identify_in(asks(ACME.bearer(now=NOW, jti="one")), KNOWN, NOW)


def test_a_key_names_its_tenant() -> None:
    assert Caller(tenant="other", api_key=OTHER.api_key) == identify_in(asks(OTHER.basic()), KNOWN, NOW)


def test_the_scheme_is_read_in_any_case() -> None:
    shouted = "BEARER" + ACME.bearer(now=NOW).removeprefix("Bearer")

    assert "acme" == identify_in(asks(shouted), KNOWN, NOW).tenant


def test_one_token_may_be_used_for_many_requests() -> None:
    header = ACME.bearer(now=NOW)

    assert identify_in(asks(header), KNOWN, NOW) == identify_in(asks(header), KNOWN, NOW + 800)


def test_either_of_two_live_secrets_holds() -> None:
    hashes = tuple(hashlib.sha256(secret.encode()).hexdigest() for secret in ("old-secret", "new-secret"))
    key = replace(KNOWN.keys[ACME.api_key], secret_hashes=hashes)
    rotated = replace(KNOWN, keys={ACME.api_key: key})

    for secret in ("old-secret", "new-secret"):
        assert "acme" == identify_in(asks(ACME.basic(secret)), rotated, NOW).tenant


GOOD_TIMES: dict[str, tuple[dict[str, object], float]] = {
    "no exp, 899 s old": ({}, 899),
    "an exp of a day": ({"exp": NOW + 86_400}, 86_399),
    "issued 60 s ahead": ({"iat": NOW + 60}, 0),
    "a fractional iat": ({"iat": NOW - 0.5}, 0),
    "nbf now": ({"nbf": NOW}, 0),
}
BAD_TIMES: dict[str, tuple[dict[str, object], float]] = {
    "no exp, 900 s old": ({}, 900),
    "an exp that is over": ({"exp": NOW + 30}, 30),
    "an exp above a day": ({"exp": NOW + 86_401}, 0),
    "issued 61 s ahead": ({"iat": NOW + 61}, 0),
    "nbf in the future": ({"nbf": NOW + 61}, 0),
    "from 1970": ({"iat": 1}, 0),
    "a text as iat": ({"iat": "now"}, 0),
    "true as iat": ({"iat": True}, 0),
    "a text as exp": ({"exp": "never"}, 0),
    "an exp that is null": ({"exp": "null"}, 0),
    "a negative iat": ({"iat": -NOW}, 0),
}


@pytest.mark.parametrize(("claims", "later"), GOOD_TIMES.values(), ids=GOOD_TIMES.keys())
def test_a_token_is_good(claims: dict[str, object], later: float) -> None:
    assert "acme" == identify_in(asks(ACME.bearer(now=NOW, **claims)), KNOWN, NOW + later).tenant


@pytest.mark.parametrize(("claims", "later"), BAD_TIMES.values(), ids=BAD_TIMES.keys())
def test_a_token_with_bad_times_is_refused(claims: dict[str, object], later: float) -> None:
    with pytest.raises(AuthError):
        identify_in(asks(ACME.bearer(now=NOW, **claims)), KNOWN, NOW + later)


def _encoded(part: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def _claims(**more: object) -> dict[str, object]:
    return {"application_id": ACME.application_id, "iat": int(NOW), "jti": "one", **more}


def _hs256_with_the_public_key() -> str:
    head = f"{_encoded({'alg': 'HS256', 'typ': 'JWT'})}.{_encoded(_claims())}"
    mark = hmac.new(ACME.keys[1].encode(), head.encode(), hashlib.sha256).digest()
    return f"{head}.{base64.urlsafe_b64encode(mark).rstrip(b'=').decode()}"


GOOD = ACME.token(now=NOW)
GOOD_BEARER = f"Bearer {GOOD}"
FORGED: dict[str, Callable[[], str | None]] = {
    "no header": lambda: None,
    "an empty header": lambda: "",
    "no value": lambda: "Bearer ",
    "no scheme": lambda: GOOD,
    "another scheme": lambda: f"Digest {GOOD}",
    "two headers joined": lambda: f"Bearer {GOOD}, {ACME.basic()}",
    "two values": lambda: f"Bearer {GOOD} {GOOD}",
    "a token that is none": lambda: "Bearer abc",
    "a token of two parts": lambda: "Bearer " + GOOD.rpartition(".")[0],
    "a token without its signature": lambda: "Bearer " + GOOD.rpartition(".")[0] + ".",
    "another's signature": lambda: "Bearer " + GOOD.rpartition(".")[0] + "." + OTHER.token(now=NOW).rpartition(".")[2],
    "other claims under a good signature": lambda: (
        f"Bearer {GOOD.split('.')[0]}.{_encoded(_claims(exp=NOW + 60))}.{GOOD.split('.')[2]}"
    ),
    "alg none": lambda: f"Bearer {_encoded({'alg': 'none', 'typ': 'JWT'})}.{_encoded(_claims())}.",
    "HS256 with the public key": lambda: f"Bearer {_hs256_with_the_public_key()}",
    "RS512": lambda: "Bearer " + jwt.encode(_claims(), ACME.keys[0], algorithm="RS512"),
    "another key": lambda: "Bearer " + jwt.encode(_claims(), new_key_pair()[0], algorithm="RS256"),
    "a key in the header": lambda: (
        "Bearer " + jwt.encode(_claims(), new_key_pair()[0], algorithm="RS256", headers={"jwk": {"kty": "RSA"}})
    ),
    "a crit header": lambda: (
        "Bearer " + jwt.encode(_claims(), ACME.keys[0], algorithm="RS256", headers={"crit": ["exp2"], "exp2": 1})
    ),
    "an unknown application": lambda: ACME.bearer(now=NOW, application_id="6a0f7c1e-2f5b-4c1d-8a57-0b5f0f1c2d3e"),
    "no application": lambda: ACME.bearer(now=NOW, application_id=None),
    "a number as application": lambda: ACME.bearer(now=NOW, application_id=7),
    "another's application": lambda: ACME.bearer(now=NOW, application_id=OTHER.application_id),
    "no iat": lambda: ACME.bearer(now=NOW, iat=None),
    "no jti": lambda: ACME.bearer(now=NOW, jti=None),
    "an empty jti": lambda: ACME.bearer(now=NOW, jti=""),
    "a number as jti": lambda: ACME.bearer(now=NOW, jti=5),
    "a jti of 256": lambda: ACME.bearer(now=NOW, jti="j" * 256),
    "a token above 4 KiB": lambda: ACME.bearer(now=NOW, padding="x" * 4096),
    "an acl for other paths": lambda: ACME.bearer(now=NOW, acl={"paths": {"/*/users/**": {}}}),
    "an acl for other methods": lambda: ACME.bearer(now=NOW, acl={"paths": {"/**": {"methods": ["GET"]}}}),
    "an acl that is a text": lambda: ACME.bearer(now=NOW, acl="all"),
    "a wrong secret": lambda: ACME.basic("wrong"),
    "another's secret": lambda: ACME.basic(OTHER.api_secret),
    "the hash as secret": lambda: ACME.basic(hashlib.sha256(ACME.api_secret.encode()).hexdigest()),
    "an unknown key": lambda: "Basic " + base64.b64encode(b"nobody00:secret").decode(),
    "no colon": lambda: "Basic " + base64.b64encode(b"secret").decode(),
    "no key": lambda: "Basic " + base64.b64encode(f":{ACME.api_secret}".encode()).decode(),
    "no secret": lambda: "Basic " + base64.b64encode(f"{ACME.api_key}:".encode()).decode(),
    "no base64": lambda: "Basic a",
    "no UTF-8": lambda: "Basic " + base64.b64encode(b"\xff\xfe:secret").decode(),
    "credentials above 512": lambda: "Basic " + base64.b64encode(b"a:" + b"b" * 512).decode(),
    "a key as bearer": lambda: "Bearer " + ACME.basic().removeprefix("Basic "),
    "a token as Basic": lambda: f"Basic {GOOD}",
}


@pytest.mark.parametrize("header", FORGED.values(), ids=FORGED.keys())
def test_it_is_refused(header: Callable[[], str | None]) -> None:
    with pytest.raises(AuthError):
        identify_in(asks(header()), KNOWN, NOW)


TWICE: dict[str, tuple[str, bool]] = {
    "a key in the query too": (ACME.basic(), True),
    "a token, and a key in the query": (GOOD_BEARER, True),
    "two headers": (f"{GOOD_BEARER},{ACME.basic()}", False),
    "one header twice": (f"{ACME.basic()}, {ACME.basic()}", False),
}


@pytest.mark.parametrize(("header", "in_query"), TWICE.values(), ids=TWICE.keys())
def test_two_schemes_are_named_as_what_they_are(header: str, in_query: bool) -> None:
    with pytest.raises(ExplainedAuthError) as refused:
        identify_in(asks(header, in_query=in_query), KNOWN, NOW)

    assert "multiple-auth-methods" == refused.value.named


@pytest.mark.parametrize("later", [900, 86_400])
def test_a_token_that_is_over_is_named_as_that(later: float) -> None:
    with pytest.raises(ExplainedAuthError) as refused:
        identify_in(asks(GOOD_BEARER), KNOWN, NOW + later)

    assert "jwt-expired" == refused.value.named


UNFIT: dict[str, tuple[dict[str, object], str]] = {
    "a clock that is ahead": ({"iat": NOW + 61}, "iat lies in the future"),
    "a life of more than a day": ({"exp": NOW + 86_401}, "exp is more than a day after its iat"),
    "not yet": ({"nbf": NOW + 61}, "nbf lies in the future"),
    "a time that is none": ({"exp": "never"}, "exp is not a time"),
    "an id that is none": ({"jti": 1}, "jti is not a text"),
    "an acl for something else": ({"acl": {"paths": {"/*/users/**": {}}}}, "acl does not cover"),
}


@pytest.mark.parametrize(("claims", "said"), UNFIT.values(), ids=UNFIT.keys())
def test_whoever_signed_a_token_is_told_what_else_is_wrong_with_it(claims: dict[str, object], said: str) -> None:
    with pytest.raises(ExplainedAuthError) as refused:
        identify_in(asks(f"Bearer {jwt.encode(_claims(**claims), ACME.keys[0], 'RS256')}"), KNOWN, NOW)

    assert said in refused.value.detail


@pytest.mark.parametrize("claim", ["iat", "jti"])
def test_a_claim_that_is_missing_is_named(claim: str) -> None:
    claims = _claims()
    del claims[claim]

    with pytest.raises(ExplainedAuthError, match=f"no {claim}"):
        identify_in(asks(f"Bearer {jwt.encode(claims, ACME.keys[0], 'RS256')}"), KNOWN, NOW)


def test_a_request_without_a_header_is_told_so() -> None:
    with pytest.raises(ExplainedAuthError) as refused:
        identify_in(asks(None), KNOWN, NOW)

    assert "no Authorization header" in refused.value.detail


@pytest.mark.parametrize("more", [{"iat": NOW - 10_000}, *(claims for claims, _ in UNFIT.values())])
def test_of_a_forged_token_nobody_learns_what_else_is_wrong(more: dict[str, object]) -> None:
    forged = jwt.encode(_claims(**more), OTHER.keys[0], "RS256")

    with pytest.raises(AuthError) as refused:
        identify_in(asks(f"Bearer {forged}"), KNOWN, NOW)
    assert not isinstance(refused.value, ExplainedAuthError)


def test_a_key_in_the_query_is_refused_and_taken_only_where_it_is_allowed() -> None:
    with pytest.raises(ExplainedAuthError, match="query"):
        identify_in(asks(None, in_query=True), KNOWN, NOW)

    allowed = replace(asks(None, in_query=True), from_query=(OTHER.api_key, OTHER.api_secret))
    assert Caller(tenant="other", api_key=OTHER.api_key) == identify_in(allowed, KNOWN, NOW)
    with pytest.raises(AuthError):
        identify_in(replace(allowed, from_query=(OTHER.api_key, "wrong")), KNOWN, NOW)
    with pytest.raises(ExplainedAuthError):
        identify_in(replace(allowed, authorization=ACME.basic()), KNOWN, NOW)


def test_whoever_is_revoked_is_refused() -> None:
    application = replace(KNOWN.applications[ACME.application_id], revoked=True)
    key = replace(KNOWN.keys[ACME.api_key], revoked=True)
    revoked = replace(KNOWN, applications={ACME.application_id: application}, keys={ACME.api_key: key})

    for header in (ACME.bearer(now=NOW), ACME.basic()):
        with pytest.raises(AuthError):
            identify_in(asks(header), revoked, NOW)


def test_a_short_key_is_refused() -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    short = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505  it must be refused
    public = short.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    application = replace(KNOWN.applications[ACME.application_id], public_key=public.decode())
    weak = replace(KNOWN, applications={ACME.application_id: application})

    with pytest.raises(AuthError):
        identify_in(asks(ACME.bearer(now=NOW)), weak, NOW)


@dataclass
class TurnedClock:
    at: float = 0.0

    def monotonic(self) -> float:
        return self.at


@dataclass
class DirectoryInMemory:
    """A directory whose store can be away, with the store's clock NOW at monotonic 0."""

    clock: TurnedClock
    callers: list[MadeUpCaller] = field(default_factory=list)
    away: bool = False
    looks: int = 0
    takes_s: float = 0.0

    def directory(self) -> Directory:
        self.looks += 1
        self.clock.at += self.takes_s
        if self.away:
            raise StoreUnavailable("away")
        return directory_of(*self.callers, now=NOW + self.clock.at)


class House:
    def __init__(self, *callers: MadeUpCaller) -> None:
        self.clock = TurnedClock()
        self.store = DirectoryInMemory(self.clock, list(callers))
        self.time = StoreTime(self.clock)
        self.known = KnownCallers(self.store, self.clock, self.time)

    def identify(self, caller: MadeUpCaller, secret: str | None = None) -> Caller:
        return identify(asks(caller.basic(secret)), self.known, self.time)


def test_the_directory_is_read_once_in_thirty_seconds() -> None:
    house = House(ACME)

    for at in (0.0, 10.0, 29.9):
        house.clock.at = at
        house.identify(ACME)
    assert 1 == house.store.looks

    house.clock.at = 30.0
    house.identify(ACME)
    assert 2 == house.store.looks


def test_somebody_who_was_added_need_not_wait_for_the_next_reading() -> None:
    house = House(ACME)
    house.identify(ACME)
    house.store.callers.append(OTHER)
    house.clock.at = 0.1

    assert "other" == house.identify(OTHER).tenant


def test_guesses_make_the_store_be_read_ten_times_a_second() -> None:
    house = House(ACME)
    house.identify(ACME)
    for at in range(100):
        house.clock.at = 1.0 + at * 0.01
        with pytest.raises(AuthError):
            house.identify(OTHER)

    assert 1 + 8 <= house.store.looks <= 1 + 10


def test_guesses_keep_a_slow_store_busy_for_a_twentieth_of_the_time() -> None:
    house = House(ACME)
    house.store.takes_s = 0.05
    house.identify(ACME)
    while house.clock.at < 10.0:
        house.clock.at += 0.01
        with pytest.raises(AuthError):
            house.identify(OTHER)

    assert 8 <= house.store.looks <= 11


def test_known_callers_stay_good_for_an_hour_without_the_store() -> None:
    house = House(ACME)
    house.identify(ACME)
    house.store.away = True

    house.clock.at = 3599.0
    assert "acme" == house.identify(ACME).tenant

    house.clock.at = 3601.0
    with pytest.raises(StoreUnavailable):
        house.identify(ACME)


def test_an_unknown_caller_is_not_judged_without_the_store() -> None:
    house = House(ACME)
    house.identify(ACME)
    house.store.away = True
    for at in (5.0, 5.1, 50.0):
        house.clock.at = at
        with pytest.raises(StoreUnavailable):
            house.identify(OTHER)


def test_a_wrong_secret_of_a_known_key_is_wrong_without_the_store() -> None:
    house = House(ACME)
    house.identify(ACME)
    house.store.away = True
    house.clock.at = 50.0

    with pytest.raises(AuthError):
        house.identify(ACME, "wrong")


def test_nobody_is_known_before_the_first_reading() -> None:
    house = House(ACME)
    house.store.away = True

    with pytest.raises(StoreUnavailable):
        house.identify(ACME)
    assert not house.time.known


def test_the_store_comes_back_and_is_asked_again_within_a_second() -> None:
    house = House(ACME)
    house.identify(ACME)
    house.store.away = True
    house.clock.at = 40.0
    house.identify(ACME)
    house.store.away = False
    house.clock.at = 41.0
    house.identify(ACME)

    with pytest.raises(AuthError):
        house.identify(OTHER)


def test_the_stores_time_goes_on_with_the_monotonic_clock() -> None:
    house = House(ACME)
    house.identify(ACME)
    house.clock.at = 12.5

    assert NOW + 12.5 == house.time.now()
