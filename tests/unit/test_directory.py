"""The records of who calls and whom we call: what they show of themselves in a log or a traceback."""

from dataclasses import fields

from shared.store.directory import Account, ApiKey, Application, Directory, Publisher, Route, Tenant

SECRET = "Zm9yIG5vYm9keSdzIGV5ZXM"
SECRET_NAMES = {
    *("private_key", "api_secret", "signature_secret", "signature_secrets", "secret_hashes", "deployment_secret"),
}

ACCOUNT = Account(
    name="eu",
    base_url="https://api.example.com",
    generation="v1",
    api_key="abcd",
    application_id=None,
    private_key=SECRET,
    api_secret=SECRET,
    signature_secrets=(SECRET,),
)
KEY = ApiKey(api_key="key-1", tenant="acme", secret_hashes=(SECRET,), signature_secret=SECRET)
RECORDS = (
    ACCOUNT,
    KEY,
    Route(account="eu"),
    Tenant(name="acme"),
    Application(application_id="a-1", tenant="acme", public_key="public"),
    Publisher(user="billing", tenant="acme"),
)
WHOLE = Directory(
    now=1.0, deployment_secret=SECRET.encode(), accounts={"eu": ACCOUNT}, keys={"key-1": KEY}, routes=RECORDS[2:3]
)


def test_no_record_shows_a_secret_of_its_own() -> None:
    assert [] == [record for record in (*RECORDS, WHOLE) if SECRET in repr(record)]
    assert "abcd" in repr(WHOLE)  # and it does show the rest


def test_whatever_is_named_like_a_secret_is_not_shown() -> None:
    named = [field for record in (*RECORDS, WHOLE) for field in fields(record) if field.name in SECRET_NAMES]

    assert 6 == len(named)
    assert [] == [field.name for field in named if field.repr]
