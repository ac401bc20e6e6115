"""Whom we believe: a webhook signed as documented, and none of the ways to forge one."""

import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import replace

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.vonage.signatures import LARGEST_TOKEN, Verdict, Verification, verify
from shared.vonage.signing import signature_header
from tests.support.vonage_accounts import APPLICATION, SECRET, account, private_pem, public_pem

NOW = 1_790_000_000.0
BODY = b'{"message_uuid": "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab", "status": "delivered"}'
OTHER_SECRET = "fedcba9876543210fedcba9876543210"
ACCOUNTS = (account(), account("second", api_key="eeee5678", application_id=None, secrets=(OTHER_SECRET,)))
HOUR = 3600.0


def part(value: object) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value, separators=(",", ":")).encode()
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def claims(**changed: object) -> dict[str, object]:
    """Return the documented claims; a value of `...` leaves one out."""
    documented: dict[str, object] = {
        "iat": int(NOW),
        "jti": "0f3b4f6f-5f5e-4a0c-9b7d-2f4f1a2b3c4d",
        "iss": "Vonage",
        "payload_hash": hashlib.sha256(BODY).hexdigest(),
        "api_key": "abcd1234",
        "application_id": APPLICATION,
    }
    return {name: value for name, value in {**documented, **changed}.items() if value is not ...}


def token(
    of: object = None,
    *,
    header: object = None,
    secret: str = SECRET,
    digest: str = "sha256",
    signature: str | None = None,
) -> str:
    """Return a token with exactly these parts, signed whether or not it makes sense."""
    signed = (
        f"{part({'alg': 'HS256', 'typ': 'JWT'} if header is None else header)}.{part(claims() if of is None else of)}"
    )
    proof = hmac.new(secret.encode(), signed.encode(), digest).digest()
    return f"{signed}.{part(proof) if signature is None else signature}"


def judged(*authorizations: str, body: bytes = BODY, now: float = NOW) -> Verification:
    return verify(body, authorizations, ACCOUNTS, now=now)


def test_a_webhook_signed_as_documented_is_believed_and_names_its_account() -> None:
    assert Verification(
        verdict=Verdict.OK,
        account="default",
        api_key="abcd1234",
        jti="0f3b4f6f-5f5e-4a0c-9b7d-2f4f1a2b3c4d",
        issued_at=NOW,
        application_id=APPLICATION,
    ) == judged("Bearer " + token())


@pytest.mark.parametrize("claimed", [..., None, "", 5, "two words", "ü", "x" * 101, ["app"]], ids=repr)
def test_an_application_that_is_no_id_is_none(claimed: object) -> None:
    found = judged("Bearer " + token(claims(application_id=claimed)))

    assert (Verdict.OK, "5" if claimed == 5 else None) == (found.verdict, found.application_id)


def test_the_librarys_own_token_is_believed() -> None:
    assert judged("Bearer " + jwt.encode(claims(), SECRET, algorithm="HS256")).verdict is Verdict.OK


GENUINE: dict[str, Callable[[], str]] = {
    "scheme in lower case": lambda: "bearer " + token(),
    "two blanks": lambda: "Bearer  " + token(),
    "hash in upper case": lambda: "Bearer " + token(claims(payload_hash=hashlib.sha256(BODY).hexdigest().upper())),
    "a time with a fraction": lambda: "Bearer " + token(claims(iat=NOW + 0.25)),
    "no application": lambda: "Bearer " + token(claims(application_id=...)),
    "an application that is not ours": lambda: "Bearer " + token(claims(application_id="someone-elses")),
    "no type in the header": lambda: "Bearer " + token(header={"alg": "HS256"}),
    "members nobody knows": lambda: (
        "Bearer " + token(claims(sub="x", aud=["y"]), header={"alg": "HS256", "kid": "../x"})
    ),
    "signed an hour ago, sent again": lambda: "Bearer " + token(claims(iat=int(NOW - HOUR))),
    "24.9 hours old": lambda: "Bearer " + token(claims(iat=int(NOW - 24.9 * HOUR))),
    "a minute ahead of our clock": lambda: "Bearer " + token(claims(iat=int(NOW + 59))),
    "an end that is to come": lambda: "Bearer " + token(claims(exp=int(NOW + 5))),
}


@pytest.mark.parametrize("header", GENUINE.values(), ids=GENUINE)
def test_what_the_provider_may_send_is_believed(header: Callable[[], str]) -> None:
    found = judged(header())

    assert (Verdict.OK, "default", "") == (found.verdict, found.account, found.why)


def none_token(alg: str) -> str:
    return f"{part({'alg': alg, 'typ': 'JWT'})}.{part(claims())}."


def confused() -> str:
    """Return a token signed by HMAC with what an attacker may know: our public key."""
    return token(secret=public_pem())


def flipped() -> str:
    parts = token().split(".")
    first = "B" if parts[2][0] == "A" else "A"
    return ".".join([*parts[:2], first + parts[2][1:]])


FORGED: dict[str, Callable[[], tuple[str, ...]]] = {
    "another secret": lambda: ("Bearer " + token(secret=OTHER_SECRET),),
    "an empty secret": lambda: ("Bearer " + token(secret=""),),
    "the api_key as secret": lambda: ("Bearer " + token(secret="abcd1234"),),
    "the API secret as secret": lambda: ("Bearer " + token(secret="the api secret"),),
    "the secret of our second account for the first": lambda: ("Bearer " + token(secret=OTHER_SECRET),),
    "our secret for the second account's key": lambda: ("Bearer " + token(claims(api_key="eeee5678")),),
    "an unknown api_key": lambda: ("Bearer " + token(claims(api_key="99999999")),),
    "no api_key": lambda: ("Bearer " + token(claims(api_key=...)),),
    "an api_key that is a list": lambda: ("Bearer " + token(claims(api_key=["abcd1234"])),),
    "an api_key that is a number": lambda: ("Bearer " + token(claims(api_key=7)),),
    "alg none": lambda: ("Bearer " + none_token("none"),),
    "alg None": lambda: ("Bearer " + none_token("None"),),
    "alg NONE with a signature": lambda: ("Bearer " + token(header={"alg": "NONE", "typ": "JWT"}),),
    "alg missing": lambda: ("Bearer " + token(header={"typ": "JWT"}),),
    "alg null": lambda: ("Bearer " + token(header={"alg": None}),),
    "alg a list": lambda: ("Bearer " + token(header={"alg": ["HS256"]}),),
    "alg HS512": lambda: ("Bearer " + token(header={"alg": "HS512"}, digest="sha512"),),
    "alg HS384": lambda: ("Bearer " + token(header={"alg": "HS384"}, digest="sha384"),),
    "alg in lower case": lambda: ("Bearer " + token(header={"alg": "hs256"}),),
    "alg RS256 by another's key": lambda: ("Bearer " + jwt.encode(claims(), private_pem(), algorithm="RS256"),),
    "alg HS256 with our public key as secret": lambda: ("Bearer " + confused(),),
    "alg HS256 named twice": lambda: ("Bearer " + token(header=b'{"alg":"none","alg":"HS256"}'),),
    "a critical extension": lambda: ("Bearer " + token(header={"alg": "HS256", "crit": ["b64"], "b64": False}),),
    "an unencoded payload": lambda: ("Bearer " + token(header={"alg": "HS256", "b64": False}),),
    "an encrypted token's type": lambda: ("Bearer " + token(header={"alg": "HS256", "typ": "JWE"}),),
    "a header that is a list": lambda: ("Bearer " + token(header=["HS256"]),),
    "a header that is no JSON": lambda: ("Bearer " + token(header=b"alg=HS256"),),
    "claims that are a list": lambda: ("Bearer " + token([claims()]),),
    "claims that are no JSON": lambda: ("Bearer " + token(b"iss=Vonage"),),
    "claims nested too deep": lambda: ("Bearer " + token(b'{"a":' * 400 + b"1" + b"}" * 400),),
    "a claim named twice": lambda: ("Bearer " + token(json.dumps(claims())[:-1].encode() + b',"iss":"Vonage"}'),),
    "a time that is not a number": lambda: (
        "Bearer " + token(json.dumps(claims(iat=0)).replace("0,", "NaN,", 1).encode()),
    ),
    "no issuer": lambda: ("Bearer " + token(claims(iss=...)),),
    "another issuer": lambda: ("Bearer " + token(claims(iss="Nexmo")),),
    "part of the issuer": lambda: ("Bearer " + token(claims(iss="Vonag")),),
    "a list with the issuer": lambda: ("Bearer " + token(claims(iss=["Vonage"])),),
    "no jti": lambda: ("Bearer " + token(claims(jti=...)),),
    "an empty jti": lambda: ("Bearer " + token(claims(jti="")),),
    "no iat": lambda: ("Bearer " + token(claims(iat=...)),),
    "iat as a text": lambda: ("Bearer " + token(claims(iat=str(int(NOW)))),),
    "iat true": lambda: ("Bearer " + token(claims(iat=True)),),
    "iat of 1970": lambda: ("Bearer " + token(claims(iat=0)),),
    "older than 25 hours": lambda: ("Bearer " + token(claims(iat=int(NOW - 25 * HOUR - 1))),),
    "two minutes in the future": lambda: ("Bearer " + token(claims(iat=int(NOW + 120))),),
    "over by its own end": lambda: ("Bearer " + token(claims(exp=int(NOW - 61))),),
    "not yet begun": lambda: ("Bearer " + token(claims(nbf=int(NOW + 61))),),
    "no hash": lambda: ("Bearer " + token(claims(payload_hash=...)),),
    "another body's hash": lambda: ("Bearer " + token(claims(payload_hash=hashlib.sha256(b"{}").hexdigest())),),
    "the hash's beginning": lambda: ("Bearer " + token(claims(payload_hash=hashlib.sha256(BODY).hexdigest()[:32])),),
    "an empty hash": lambda: ("Bearer " + token(claims(payload_hash="")),),
    "a hash that is not ASCII": lambda: ("Bearer " + token(claims(payload_hash="é" * 64)),),
    "a hash that is a number": lambda: ("Bearer " + token(claims(payload_hash=0)),),
    "no signature part": lambda: ("Bearer " + token().rpartition(".")[0],),
    "an empty signature": lambda: ("Bearer " + token(signature=""),),
    "a signature with one bit changed": lambda: ("Bearer " + flipped(),),
    "half of the signature": lambda: ("Bearer " + token()[:-22],),
    "a signature that is not base64url": lambda: ("Bearer " + token(signature="+/+/"),),
    "padding": lambda: ("Bearer " + token() + "=",),
    "a fourth part": lambda: ("Bearer " + token() + ".e30",),
    "five parts": lambda: ("Bearer a.b.c.d.e",),
    "a blank inside": lambda: ("Bearer " + token().replace(".", ". ", 1),),
    "a line break at the end": lambda: ("Bearer " + token() + "\n",),
    "letters that look like ASCII": lambda: ("Bearer " + token().replace("s", "ſ").replace("k", "K"),),
    "no scheme": lambda: (token(),),
    "Basic": lambda: ("Basic YWJjZDEyMzQ6eA==",),
    "the scheme alone": lambda: ("Bearer",),
    "a token of more than 4 KiB": lambda: ("Bearer " + token(claims(padding="x" * LARGEST_TOKEN)),),
    "the right token twice": lambda: ("Bearer " + token(), "Bearer " + token()),
    "the right token after a wrong one": lambda: ("Bearer " + none_token("none"), "Bearer " + token()),
    "two tokens in one header": lambda: (f"Bearer {token()},Bearer {token()}",),
}


@pytest.mark.parametrize("headers", FORGED.values(), ids=FORGED)
def test_a_forged_webhook_is_wrong_and_names_no_account(headers: Callable[[], tuple[str, ...]]) -> None:
    found = judged(*headers())

    assert (Verdict.WRONG, None) == (found.verdict, found.account)
    assert found.why
    assert SECRET not in found.why


def test_there_are_at_least_fifty_forgeries() -> None:
    assert len(FORGED) >= 50


@pytest.mark.parametrize("headers", [(), ("",), ("  ",), ("", "")], ids=repr)
def test_a_webhook_without_a_signature_is_told_from_a_wrong_one(headers: tuple[str, ...]) -> None:
    assert judged(*headers).verdict is Verdict.MISSING


@pytest.mark.parametrize("body", [b"", BODY + b" ", BODY.replace(b"delivered", b"rejected"), BODY.replace(b": ", b":")])
def test_a_body_changed_on_its_way_is_wrong(body: bytes) -> None:
    assert judged("Bearer " + token(), body=body).verdict is Verdict.WRONG


def test_during_a_rotation_both_secrets_hold() -> None:
    rotating = (account(secrets=(OTHER_SECRET, SECRET)),)
    verdicts = [
        verify(BODY, ["Bearer " + token(secret=each)], rotating, now=NOW).verdict for each in (OTHER_SECRET, SECRET)
    ]

    assert [Verdict.OK, Verdict.OK] == verdicts


def test_of_two_accounts_with_one_key_the_one_of_the_application_is_named() -> None:
    twins = (account("viber", application_id="other"), account("sms"))

    assert "sms" == verify(BODY, ["Bearer " + token()], twins, now=NOW).account


def test_of_two_accounts_with_one_key_only_one_whose_secret_signed_is_named() -> None:
    twins = (account("sms", secrets=(OTHER_SECRET,)), account("viber", application_id="other"))

    assert "viber" == verify(BODY, ["Bearer " + token()], twins, now=NOW).account


@pytest.mark.parametrize("secrets", [(), ("",), ("short",)], ids=repr)
def test_an_account_without_a_strong_secret_signs_nothing(secrets: tuple[str, ...]) -> None:
    weak = (replace(account(), signature_secrets=secrets),)
    secret = secrets[0] if secrets else ""
    found = verify(BODY, ["Bearer " + token(secret=secret)], weak, now=NOW)

    assert found.verdict is Verdict.WRONG
    assert "none of at least 16 bytes" in found.why


def test_what_we_sign_for_our_callers_holds_where_the_providers_signature_would() -> None:
    header = signature_header(
        BODY, secret=SECRET, api_key="abcd1234", application_id=APPLICATION, now=NOW + 0.9, jti="j-1"
    )

    believed = Verification(
        verdict=Verdict.OK,
        account="default",
        api_key="abcd1234",
        jti="j-1",
        issued_at=NOW,
        application_id=APPLICATION,
    )
    assert believed == judged(header)
    assert claims(jti="j-1") == jwt.decode(
        header.removeprefix("Bearer "), SECRET, algorithms=["HS256"], options={"verify_iat": False}
    )


def test_a_key_without_an_application_leaves_the_claim_out() -> None:
    header = signature_header(BODY, secret=SECRET, api_key="abcd1234", application_id=None, now=NOW, jti="j-1")

    assert judged(header).verdict is Verdict.OK
    assert "application_id" not in jwt.decode(header.removeprefix("Bearer "), options={"verify_signature": False})


def test_an_empty_secret_signs_nothing() -> None:
    with pytest.raises(ValueError, match="abcd1234 has no signature secret"):
        signature_header(BODY, secret="", api_key="abcd1234", application_id=None, now=NOW, jti="j-1")


VALUES = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10) | st.lists(st.integers(), max_size=2)
)


@given(
    st.lists(st.text(max_size=80) | st.text(alphabet="ab.-_=", max_size=40).map("Bearer ".__add__), max_size=2)
    | st.dictionaries(st.sampled_from(["alg", "typ", "crit", "b64"]), VALUES).map(
        lambda each: ["Bearer " + token(header=each)]
    )
    | st.dictionaries(st.sampled_from(["iat", "jti", "iss", "payload_hash", "api_key", "exp", "nbf"]), VALUES).map(
        lambda each: ["Bearer " + token({**claims(), **each, "hostile": True})]
    ),
    st.binary(max_size=40),
)
def test_no_input_makes_the_verifier_raise_or_believe(headers: list[str], body: bytes) -> None:
    assert verify(body, headers, ACCOUNTS, now=NOW).verdict is not Verdict.OK
