"""The verbs that only need the store: accounts, callers, keys, tokens, the schema, and the topology as text."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from services.cli.credentials import hash_secret
from shared.store.directory import Directory
from shared.store.opening import open_store
from tests.support.command_line import CommandLine, CommandLineInside

NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def cascade(tmp_path: Path) -> CommandLine:
    line = CommandLineInside(state_dir=tmp_path / "state")
    line("db", "upgrade").fine()
    return line


def directory(line: CommandLine) -> Directory:
    store = open_store(f"sqlite:///{line.state_dir / 'cascade.db'}")
    try:
        return store.directory()
    finally:
        store.close()


def written(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def pem(key: PrivateKeyTypes, passphrase: bytes = b"") -> str:
    how = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, how).decode()


# The schema


def test_the_schema_is_made_and_told(tmp_path: Path) -> None:
    line = CommandLineInside(state_dir=tmp_path / "state")
    before = line("db", "current").fine()
    made = line("db", "upgrade").fine()
    after = line("db", "current").fine()

    revision = made.removeprefix("schema ").strip()
    assert f"store none, this program {revision}" == before.strip()
    assert f"store {revision}, this program {revision}" == after.strip()


def test_a_verb_without_a_schema_says_what_makes_one(tmp_path: Path) -> None:
    said = CommandLineInside(state_dir=tmp_path / "state")("account", "list")

    assert "cascade: the store has no schema yet; make it with: cascade db upgrade" == said.refusal()
    assert 1 == said.code


# Accounts at the provider


def test_an_account_is_added_listed_and_routed_to(cascade: CommandLine, tmp_path: Path) -> None:
    key = pem(rsa.generate_private_key(public_exponent=65_537, key_size=2048))
    secrets = [written(tmp_path, f"secret-{number}", f"{number:032}\n") for number in (1, 2)]
    added = cascade(
        *("account", "add", "main", "--api-key", "abcd1234", "--application", NOBODY),
        *("--key", written(tmp_path, "provider.key", key)),
        *("--signature-secret-file", secrets[0], "--signature-secret-file", secrets[1]),
    )
    cascade("tenant", "set", "acme").fine()
    cascade("account", "route", "main", "--tenant", "acme", "--channel", "sms").fine()

    account = directory(cascade).accounts["main"]
    listed = cascade("account", "list").fine()
    assert "https://api.nexmo.com, JWT" in added.fine()
    assert (f"{1:032}", f"{2:032}") == account.signature_secrets
    assert key == account.private_key
    assert f"JWT of {NOBODY}" in listed
    assert "tenant acme, channel sms goes through main" in listed
    assert "PRIVATE KEY" not in listed + added.out
    assert f"{1:032}" not in listed + added.out


def test_an_account_without_an_application_signs_in_by_basic(cascade: CommandLine, tmp_path: Path) -> None:
    secret = written(tmp_path, "secret", "s3cret-s3cret\n")
    files = ("--api-secret-file", secret, "--signature-secret-file", secret)

    cascade("account", "add", "--api-key", "abcd1234", "--host", "http://127.0.0.1:9000/", *files).fine()

    account = directory(cascade).accounts["default"]
    assert ("http://127.0.0.1:9000", "s3cret-s3cret", None) == (
        account.base_url,
        account.api_secret,
        account.private_key,
    )


@pytest.mark.parametrize(
    "host",
    [
        "http://api.nexmo.com",
        "http://127.0.0.1.evil.example",
        "http://127.0.0.1@evil.example",
        "ftp://api.nexmo.com",
        "api.nexmo.com",
        "https://",
        "https://user:password@api.nexmo.com",
        "https://api.nexmo.com?x=1",
    ],
)
def test_a_host_that_would_give_keys_away_is_refused(cascade: CommandLine, tmp_path: Path, host: str) -> None:
    secret = written(tmp_path, "secret", "s3cret")
    files = ("--api-secret-file", secret, "--signature-secret-file", secret)

    said = cascade("account", "add", "--api-key", "abcd1234", "--host", host, *files)

    assert 2 == said.code
    assert "--host" in said.refusal()
    assert {} == directory(cascade).accounts


BAD_KEYS = {
    "no key": ("Hello", "holds no private key in PEM"),
    "a public key": (
        rsa.generate_private_key(public_exponent=65_537, key_size=2048)
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode(),
        "holds no private key in PEM",
    ),
    "with a passphrase": (
        pem(rsa.generate_private_key(public_exponent=65_537, key_size=2048), b"secret"),
        "without a passphrase",
    ),
    "too short": (
        pem(rsa.generate_private_key(public_exponent=65_537, key_size=1024)),  # noqa: S505  that is the point
        "at least 2048 bits",
    ),
    "of another kind": (pem(ec.generate_private_key(ec.SECP256R1())), "must be an RSA key"),
    "empty": ("", "is empty"),
}


@pytest.mark.parametrize(("text", "words"), BAD_KEYS.values(), ids=BAD_KEYS)
def test_a_bad_key_file_is_named(cascade: CommandLine, tmp_path: Path, text: str, words: str) -> None:
    key, secret = written(tmp_path, "bad.key", text), written(tmp_path, "secret", "s3cret")
    account = ("--api-key", "abcd1234", "--application", NOBODY, "--key", key, "--signature-secret-file", secret)

    said = cascade("account", "add", *account)

    assert said.refusal().startswith(f"cascade: --key: {key} ")
    assert words in said.refusal()


def test_a_file_that_is_not_there_is_named(cascade: CommandLine, tmp_path: Path) -> None:
    secret = written(tmp_path, "secret", "s3cret")
    files = ("--api-secret-file", secret, "--signature-secret-file", "/nowhere/secret")

    said = cascade("account", "add", "--api-key", "abcd1234", *files)

    assert (
        "cascade: --signature-secret-file: /nowhere/secret can't be read: No such file or directory" == said.refusal()
    )


@pytest.mark.parametrize(
    "given", [("--application", NOBODY), ("--key", "some.key"), ()], ids=["no key", "no id", "none"]
)
def test_credentials_that_are_not_whole_are_wrong_usage(
    cascade: CommandLine, tmp_path: Path, given: tuple[str, ...]
) -> None:
    secret = written(tmp_path, "secret", "s3cret")

    said = cascade("account", "add", "--api-key", "abcd1234", "--signature-secret-file", secret, *given)

    assert 2 == said.code
    assert "--application" in said.refusal()


def test_a_route_to_no_account_is_refused(cascade: CommandLine) -> None:
    assert "cascade: there is no account 'elsewhere'" == cascade("account", "route", "elsewhere").refusal()


# Callers


def test_an_application_is_made_listed_and_revoked(cascade: CommandLine, tmp_path: Path) -> None:
    key = tmp_path / "acme.key"
    urls = ("--status-url", "https://acme.example/status", "--inbound-url", "https://acme.example/inbound")
    made = cascade("app", "create", "--tenant", "acme", "--key-file", str(key), *urls).fine()
    application_id = made.split()[1]
    record = directory(cascade).applications[application_id]
    token = cascade("jwt", "--application", application_id, "--key", str(key), "--life", "60").fine().strip()

    claims = jwt.decode(token, record.public_key, algorithms=["RS256"])
    assert application_id == claims["application_id"]
    assert 60 == claims["exp"] - claims["iat"]
    assert 0o600 == stat.S_IMODE(key.stat().st_mode)
    assert ("acme", *urls[1::2]) == (record.tenant, record.status_url, record.inbound_url)
    assert f"{application_id}  acme" in cascade("app", "list").fine()

    cascade("app", "revoke", application_id).fine()

    assert directory(cascade).applications[application_id].revoked
    assert "revoked" in cascade("app", "list").fine()


@pytest.mark.parametrize("version", ["v1", "v0.1"])
def test_an_application_says_which_form_of_webhooks_it_reads(
    cascade: CommandLine, tmp_path: Path, version: str
) -> None:
    key = str(tmp_path / "acme.key")
    made = cascade("app", "create", "--tenant", "acme", "--key-file", key, "--webhook-version", version).fine()

    assert version == directory(cascade).applications[made.split()[1]].webhook_version


def test_what_is_said_of_an_application_is_changed_and_taken_away(cascade: CommandLine, tmp_path: Path) -> None:
    key = str(tmp_path / "acme.key")
    said = ("--engine", "provider", "--status-url", "https://acme.example/hook?x=1")
    application_id = cascade("app", "create", "--tenant", "acme", "--key-file", key, *said).fine().split()[1]
    made = directory(cascade).applications[application_id]
    changed = cascade("app", "set", application_id, "--webhook-version", "v0.1", "--inbound-url", "http://10.0.0.1/in")
    between = directory(cascade).applications[application_id]
    emptied = cascade("app", "set", application_id, "--engine", "default", "--status-url", "").fine()
    left = directory(cascade).applications[application_id]

    assert ("provider", "https://acme.example/hook?x=1", None) == (made.engine, made.status_url, made.webhook_version)
    assert "webhooks v0.1  engine provider" in changed.fine()
    assert ("provider", "v0.1", "http://10.0.0.1/in") == (between.engine, between.webhook_version, between.inbound_url)
    assert "no status url  inbound http://10.0.0.1/in  webhooks v0.1" in emptied
    assert (None, None, "v0.1", made.public_key) == (
        left.engine,
        left.status_url,
        left.webhook_version,
        left.public_key,
    )


@pytest.mark.parametrize(
    "url", ["acme.example/status", "ftp://acme.example", "https://user:pw@acme.example", "http://"]
)
@pytest.mark.parametrize("verb", [("app", "create", "--tenant", "acme"), ("tenant", "set", "acme")], ids=" ".join)
def test_an_address_that_is_none_is_wrong_usage(cascade: CommandLine, verb: tuple[str, ...], url: str) -> None:
    said = cascade(*verb, "--status-url", url)

    assert 2 == said.code
    assert "--status-url" in said.refusal()


def test_an_application_gets_another_key(cascade: CommandLine, tmp_path: Path) -> None:
    first, second = str(tmp_path / "first.key"), str(tmp_path / "second.key")
    application_id = cascade("app", "create", "--tenant", "acme", "--key-file", first).fine().split()[1]
    before = directory(cascade).applications[application_id]
    cascade("app", "rotate-key", application_id, "--key-file", second).fine()
    token = cascade("jwt", "--application", application_id, "--key", second).fine().strip()
    after = directory(cascade).applications[application_id]
    own = written(tmp_path, "own.pem", before.public_key)
    cascade("app", "rotate-key", application_id, "--public-key", own).fine()

    assert application_id == jwt.decode(token, after.public_key, algorithms=["RS256"])["application_id"]
    assert before.public_key != after.public_key
    assert before.public_key == directory(cascade).applications[application_id].public_key
    assert "is there already" in cascade("app", "rotate-key", application_id, "--key-file", second).refusal()


PAIR = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
BAD_PUBLIC_KEYS = {
    "nothing of the kind": ("Hello", "holds no key in PEM"),
    "a private one with a passphrase": (
        pem(PAIR, b"secret"),
        "without a passphrase",
    ),
    "of another kind": (pem(ec.generate_private_key(ec.SECP256R1())), "must be an RSA key"),
    "too short": (
        rsa.generate_private_key(public_exponent=65_537, key_size=1024)  # noqa: S505  that is the point
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode(),
        "at least 2048 bits",
    ),
}


@pytest.mark.parametrize(("text", "words"), BAD_PUBLIC_KEYS.values(), ids=BAD_PUBLIC_KEYS)
def test_a_bad_public_key_is_named_and_changes_nothing(
    cascade: CommandLine, tmp_path: Path, text: str, words: str
) -> None:
    made = cascade("app", "create", "--tenant", "acme", "--key-file", str(tmp_path / "acme.key")).fine().split()[1]
    before = directory(cascade).applications[made]

    said = cascade("app", "rotate-key", made, "--public-key", written(tmp_path, "bad.pem", text))

    assert said.refusal().startswith("cascade: --public-key: ")
    assert words in said.refusal()
    assert before == directory(cascade).applications[made]


@pytest.mark.parametrize("half", ["private", "public"])
def test_whoever_comes_from_the_provider_keeps_id_and_key(cascade: CommandLine, tmp_path: Path, half: str) -> None:
    how = (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    public = PAIR.public_key().public_bytes(*how).decode()
    key = written(tmp_path, "vonage.key", pem(PAIR) if half == "private" else public)
    uuid = "78D335FA-323D-0114-9C3D-D6F0D48968CF"
    kept = ("--tenant", "acme", "--id", uuid, "--public-key", key)
    said = cascade("app", "create", *kept).fine()

    assert f"application_id  {uuid.lower()}\npublic key      {key}\n" == said
    assert public == directory(cascade).applications[uuid.lower()].public_key
    assert [key] == [str(path) for path in tmp_path.glob("*.key")]
    assert "is there already" in cascade("app", "create", *kept).refusal()
    assert 2 == cascade("app", "create", "--tenant", "acme", "--id", "order-17").code


def test_whoever_comes_from_the_provider_keeps_key_and_secrets(cascade: CommandLine, tmp_path: Path) -> None:
    secret, signature = written(tmp_path, "secret", "Abcdefgh12345678\n"), written(tmp_path, "sig", "s" * 32)
    files = ("--api-secret-file", secret, "--signature-secret-file", signature)
    kept = ("--tenant", "acme", "--api-key", "abcd1234")
    said = cascade("key", "create", *kept, *files).fine()
    record = directory(cascade).keys["abcd1234"]

    assert "api_key           abcd1234\n" == said
    assert ((hash_secret("Abcdefgh12345678"),), "s" * 32) == (record.secret_hashes, record.signature_secret)
    assert "is there already" in cascade("key", "create", *kept).refusal()
    short = written(tmp_path, "short", "seven77")
    for option in ("--api-secret-file", "--signature-secret-file"):
        refused = cascade("key", "create", "--tenant", "acme", option, short)
        assert refused.refusal().startswith(f"cascade: {option}: the secret in {short} must have at least ")


def test_lists_can_be_of_one_tenant(cascade: CommandLine, tmp_path: Path) -> None:
    for tenant in ("acme", "other"):
        cascade("app", "create", "--tenant", tenant, "--key-file", str(tmp_path / tenant)).fine()
        cascade("key", "create", "--tenant", tenant).fine()

    for verb in ("app", "key"):
        assert ["acme"] == [line.split()[1] for line in cascade(verb, "list", "--tenant", "acme").fine().splitlines()]


def test_a_private_key_is_never_written_over(cascade: CommandLine, tmp_path: Path) -> None:
    key = written(tmp_path, "precious.key", "precious")

    said = cascade("app", "create", "--tenant", "acme", "--key-file", key)

    assert f"cascade: --key-file: {key} is there already; a private key is never written over" == said.refusal()
    assert {} == directory(cascade).applications


def test_a_key_is_made_rotated_listed_and_revoked(cascade: CommandLine) -> None:
    made = cascade("key", "create", "--tenant", "acme").fine()
    given = dict(line.split() for line in made.splitlines())
    api_key = given["api_key"]
    secrets = [given["api_secret"]]
    secrets += [cascade("key", "rotate", api_key).fine().split()[1] for _ in range(2)]

    record = directory(cascade).keys[api_key]
    assert {"api_key", "api_secret", "signature_secret"} == set(given)
    assert given["signature_secret"] == record.signature_secret
    # The newest and the one before: whoever has not changed over yet goes on working.
    assert (hash_secret(secrets[2]), hash_secret(secrets[1])) == record.secret_hashes
    assert f"{api_key}  acme             2 live secret(s)" == cascade("key", "list").fine().strip()

    cascade("key", "revoke", api_key).fine()

    assert directory(cascade).keys[api_key].revoked


def test_a_leaked_secret_is_ended_at_once(cascade: CommandLine) -> None:
    api_key = cascade("key", "create", "--tenant", "acme").fine().split()[1]
    cascade("key", "rotate", api_key).fine()
    newest = cascade("key", "rotate", api_key, "--now").fine().split()[1]

    assert (hash_secret(newest),) == directory(cascade).keys[api_key].secret_hashes


def test_the_secret_that_signs_webhooks_is_changed_alone(cascade: CommandLine) -> None:
    api_key = cascade("key", "create", "--tenant", "acme").fine().split()[1]
    before = directory(cascade).keys[api_key]
    name, secret = cascade("key", "rotate", api_key, "--signature").fine().split()
    after = directory(cascade).keys[api_key]

    assert ("signature_secret", secret) == (name, after.signature_secret)
    assert before.signature_secret != secret
    assert before.secret_hashes == after.secret_hashes
    assert 2 == cascade("key", "rotate", api_key, "--signature", "--now").code


def test_revoking_the_last_key_says_what_it_means_for_webhooks(cascade: CommandLine) -> None:
    first, second = (cascade("key", "create", "--tenant", "acme").fine().split()[1] for _ in range(2))

    assert f"{first} is revoked\n" == cascade("key", "revoke", first).fine()
    assert "cascade key create --tenant acme" in cascade("key", "revoke", second).fine()


@pytest.mark.parametrize(
    "command",
    [
        ("app", "revoke", NOBODY),
        ("app", "set", NOBODY),
        ("app", "rotate-key", NOBODY),
        ("key", "rotate", "abcd1234"),
        ("key", "revoke", "abcd1234"),
    ],
    ids=lambda each: " ".join(each[:2]),
)
def test_what_is_not_there_is_said(cascade: CommandLine, command: tuple[str, ...]) -> None:
    assert cascade(*command).refusal().startswith("cascade: there is no ")


@pytest.mark.parametrize("tenant", ["", "a.b", "two words", "x" * 65])
@pytest.mark.parametrize("verb", ["app", "key"])
def test_a_tenant_that_breaks_routing_keys_is_refused(cascade: CommandLine, verb: str, tenant: str) -> None:
    said = cascade(verb, "create", "--tenant", tenant)

    assert 2 == said.code
    assert "--tenant" in said.refusal()


# Tokens


def test_a_token_without_a_demo_says_what_makes_one(cascade: CommandLine) -> None:
    assert "run `make up` first" in cascade("jwt").refusal()


def test_a_token_needs_a_key_of_its_application(cascade: CommandLine, tmp_path: Path) -> None:
    wrong = written(tmp_path, "wrong.key", "no key")

    assert "--key FILE" in cascade("jwt", "--application", NOBODY).refusal()
    assert (
        f"cascade: {wrong} holds no RSA private key in PEM."
        == cascade("jwt", "--application", NOBODY, "--key", wrong).refusal()
    )
    assert (
        "/nowhere/key can't be read: No such file"
        in cascade("jwt", "--application", NOBODY, CASCADE_PRIVATE_KEY_FILE="/nowhere/key").refusal()
    )


# The topology as text, and what needs a broker


def test_the_topology_is_printed_for_somebody_elses_broker(cascade: CommandLine) -> None:
    definitions = json.loads(cascade("topology", "print").fine())
    commands = cascade("topology", "print", "--commands").fine()

    assert {"cascade.intake", "cascade.send.sms", "cascade.dead"} <= {queue["name"] for queue in definitions["queues"]}
    assert "set_permissions" in commands
    assert "cascade-ingress" in commands


@pytest.mark.parametrize(
    "command", [("topology", "check"), ("publisher", "add", "billing", "--tenant", "acme")], ids=lambda each: each[0]
)
def test_without_a_broker_it_is_said_what_starts_one(cascade: CommandLine, command: tuple[str, ...]) -> None:
    assert "No broker runs here: run `make up`, or set CASCADE_BROKER_URL." in cascade(*command).refusal()


def test_a_broker_that_is_no_url_or_not_there_is_named_without_its_password(cascade: CommandLine) -> None:
    wrong = cascade("topology", "check", CASCADE_BROKER_URL="http://user:s3cret@example.com/")
    away = cascade("topology", "check", CASCADE_BROKER_URL="amqp://user:s3cret@127.0.0.1:1/x")
    unread = cascade("topology", "check", CASCADE_BROKER_URL_FILE="/nowhere/url")

    assert wrong.refusal().startswith("cascade: CASCADE_BROKER_URL: http://example.com/ is no broker's URL")
    assert "127.0.0.1:1" in away.refusal()
    assert "s3cret" not in away.refusal() + wrong.refusal()
    assert unread.refusal().startswith("cascade: CASCADE_BROKER_URL_FILE: /nowhere/url can't be read")


def test_the_doctor_of_an_empty_house_names_each_remedy(cascade: CommandLine) -> None:
    said = cascade("doctor")

    assert 1 == said.code
    faults = [line.split()[1] for line in said.out.splitlines() if line.strip().startswith("!!")]
    assert ["broker", "topology", "ingress", "dispatchers", "receipts", "accounts"] == faults
    assert 6 == said.out.count("mend it: ")


def test_the_doctor_names_a_tenant_whose_webhooks_nobody_can_sign(cascade: CommandLine, tmp_path: Path) -> None:
    cascade("tenant", "set", "quiet").fine()
    cascade("tenant", "set", "acme", "--status-url", "https://acme.example/hook").fine()
    cascade(
        *("app", "create", "--tenant", "beta", "--status-url", "https://beta.example/hook"),
        *("--key-file", str(tmp_path / "beta.key")),
    ).fine()
    before = cascade("doctor").out
    cascade("key", "create", "--tenant", "acme").fine()
    after = cascade("doctor").out

    assert "mend it: cascade key create --tenant acme\n" in before
    assert "mend it: cascade key create --tenant beta\n" in before
    assert "quiet" not in before
    assert "--tenant acme" not in after
    assert "mend it: cascade key create --tenant beta\n" in after


def test_the_doctor_names_an_account_whose_inbound_messages_nobody_hears(cascade: CommandLine, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s" * 32)
    options = ("--api-key", "abcd1234", "--api-secret-file", str(secret), "--signature-secret-file", str(secret))
    cascade("account", "add", *options).fine()
    cascade("tenant", "set", "demo").fine()
    alone = cascade("doctor").out
    cascade("tenant", "set", "acme").fine()
    between = cascade("doctor").out
    cascade("account", "route", "default", "--tenant", "acme").fine()
    after = cascade("doctor").out

    assert "mend it: cascade account route default --tenant TENANT" in between
    assert "inbound" not in alone + after


@pytest.mark.skipif(os.getuid() != 0, reason="only root can run something as a user that no list has")
def test_a_channel_is_paused_by_a_user_without_a_name(cascade: CommandLine) -> None:
    # Such a user may still read everything: Python itself can lie in root's home.
    as_nobody = ("--reuid=54321", "--inh-caps=+dac_override", "--ambient-caps=+dac_override", "--clear-groups")
    done = subprocess.run(
        ["setpriv", *as_nobody, "--", sys.executable, "-m", "services.cli.main", "channel", "pause", "sms"],
        env={"PATH": "/usr/bin:/bin", "CASCADE_STATE_DIR": str(cascade.state_dir)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (0, "") == (done.returncode, done.stderr)
    assert "user 54321" in cascade("channel", "list").fine()
