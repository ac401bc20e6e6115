"""What an ingress must know before it starts, read from `CASCADE_*` with all mistakes told at once."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from environs import Env, EnvValidationError, FileAwareEnv, validate

from shared.errors import ConfigError
from shared.settings import LOG_FORMATS, LOG_LEVELS, default_store_url, new_environment, sealed

PORT_VARIABLE = "CASCADE_INGRESS_PORT"
HOST_VARIABLE = "CASCADE_INGRESS_HOST"
CERTIFICATE_VARIABLE = "CASCADE_INGRESS_TLS_CERT"
KEY_VARIABLE = "CASCADE_INGRESS_TLS_KEY"
GRACE_S = 25
"""How long requests in flight may take to end after SIGTERM; below a container's grace of 40 s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsFiles:
    """What an ingress shows its callers where it ends TLS itself: some clients of the provider speak nothing else."""

    certificate: Path
    """The certificate and those between it and the authority, in PEM."""
    key: Path
    """Its private key, in PEM without a passphrase."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IngressSettings:
    """One ingress: a master process, its workers, and their threads."""

    broker_url: str = field(repr=False)
    """amqp:// or amqps:// with user, password and virtual host."""
    store_url: str = field(repr=False)
    """sqlite:/// or postgresql://; where not set, the SQLite file under the state folder."""
    host: str = "127.0.0.1"
    port: int = 8080
    """0 takes a free one; `port_file` tells which."""
    port_file: Path | None = None
    """Written when calls are taken, removed at the end; None: nowhere."""
    workers: int = 2
    threads: int = 8
    """Requests at a time, for each worker."""
    tls: TlsFiles | None = None
    """None: plain HTTP, for behind a proxy that ends TLS."""
    publish_timeout_s: float = 5.0
    """How long a request waits for the broker's confirm before it is answered 503."""
    query_credentials: bool = False
    """Whether api_key and api_secret are taken from the query too, for old clients; addresses end up in logs."""
    resending_agents: tuple[str, ...] = ("vonage-python-sdk/",)
    """Beginnings of the User-Agent of clients that re-send a request by themselves; none: the rule is off."""
    lenient_numbers: bool = False
    """Whether recipients' numbers may begin with `+` or `00`, which the provider refuses."""
    log_format: str = "json"
    log_level: str = "info"


def ingress_settings() -> IngressSettings:
    """Read an ingress's settings from the environment. Raises ConfigError naming every wrong variable."""
    try:
        return _ingress_settings(new_environment())
    except ValueError as error:  # a `_FILE` that can't be read is raised at once by the library
        raise ConfigError(str(error)) from error


def _ingress_settings(environment: FileAwareEnv) -> IngressSettings:
    broker_url = environment.str("BROKER_URL")
    state_dir = environment.path("STATE_DIR", Path(".state"))
    store_url = environment.str("STORE_URL", "")
    host = environment.str("INGRESS_HOST", "127.0.0.1")
    # Read plainly: a reader of `_FILE` variables would look for the port in the file that we are to write it to.
    plain = Env(prefix="CASCADE_", eager=False)
    port = plain.int("INGRESS_PORT", 8080, validate=validate.Range(0, 65535))
    port_file = plain.str("INGRESS_PORT_FILE", "")
    certificate, key = plain.str("INGRESS_TLS_CERT", ""), plain.str("INGRESS_TLS_KEY", "")
    workers = environment.int("INGRESS_WORKERS", 2, validate=validate.Range(1, 64))
    threads = environment.int("INGRESS_THREADS", 8, validate=validate.Range(1, 256))
    publish_timeout_s = environment.float("PUBLISH_TIMEOUT_S", 5.0, validate=validate.Range(0.1, 60.0))
    query_credentials = environment.bool("INGRESS_QUERY_CREDENTIALS", False)
    resending_agents: list[str] = environment.list("INGRESS_RESENDING_AGENTS", ["vonage-python-sdk/"])
    lenient_numbers = environment.bool("LENIENT_NUMBERS", False)
    log_format = environment.str("LOG_FORMAT", "json", validate=validate.OneOf(LOG_FORMATS))
    log_level = environment.str("LOG_LEVEL", "info", validate=validate.OneOf(LOG_LEVELS))

    def build() -> IngressSettings:
        return IngressSettings(
            broker_url=broker_url,
            store_url=store_url or default_store_url(state_dir),
            host=host,
            port=port,
            port_file=Path(port_file) if port_file else None,
            workers=workers,
            threads=threads,
            tls=TlsFiles(certificate=Path(certificate), key=Path(key)) if certificate else None,
            publish_timeout_s=publish_timeout_s,
            query_credentials=query_credentials,
            resending_agents=tuple(agent for agent in resending_agents if agent),
            lenient_numbers=lenient_numbers,
            log_format=log_format,
            log_level=log_level,
        )

    return sealed(environment, build, *_faults(plain), *_faults_of_tls(certificate, key))


def _faults(plain: Env) -> list[str]:
    try:
        plain.seal()
    except EnvValidationError as error:
        said = error.error_messages
        return [f"{name}: {'; '.join(why)}" for name, why in said.items()] if isinstance(said, Mapping) else [*said]
    return []


def _faults_of_tls(certificate: str, key: str) -> list[str]:
    """Tell before the first caller does that the files are no pair."""
    if not certificate and not key:
        return []
    both = f"{CERTIFICATE_VARIABLE} and {KEY_VARIABLE}"
    if not (certificate and key):
        return [f"{both} go together"]
    try:
        # An empty passphrase instead of a question on the terminal, where the key turns out to have one.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password="")
    except OSError as error:  # also the parent of what the library raises of bad contents
        return [f"{both}: {certificate} and {key} can't be used: {error.strerror or error}"]
    return []
