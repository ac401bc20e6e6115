"""The rules of the house as tables: who may import what, which modules are pure, who may catch everything."""

OURS = ("shared", "services", "deploy")
LONGEST_MODULE = 300
FORBIDDEN_NAMES = frozenset({"utils", "util", "helpers", "helper", "common", "misc", "manager"})

EVERYWHERE = ("*",)
NOWHERE = ()
_WEB = ("services/ingress/*", "services/console/*", "services/sandbox/*")
_STORE = ("shared/store/*",)
_HTTP_CLIENTS = (
    "services/dispatcher/transport*.py",
    "services/dispatcher/callback_client.py",
    "services/sandbox/webhook*.py",
    "services/cli/client*.py",
)

# Import name -> the places it belongs in (architecture 3). A star also matches deeper folders.
LIBRARIES: dict[str, tuple[str, ...]] = {
    "kombu": ("shared/queue/*",),
    "amqp": ("shared/queue/*",),
    "vine": NOWHERE,
    "pika": ("services/dispatcher/amqp*.py",),
    "flask": _WEB,
    "werkzeug": _WEB,
    "gunicorn": _WEB,
    "sqlalchemy": _STORE,
    "alembic": _STORE,
    "psycopg": _STORE,
    "sqlite3": _STORE,
    "requests": _HTTP_CLIENTS,
    "urllib3": _HTTP_CLIENTS,
    "requests_hardened": ("services/dispatcher/callback_client.py",),
    "standardwebhooks": ("services/dispatcher/callback_client.py", "services/sandbox/*"),
    "jwt": ("shared/vonage/*", "services/ingress/*", "services/sandbox/*", "services/cli/*", "services/console/*"),
    "cryptography": ("shared/vonage/*", "services/ingress/*", "services/sandbox/*", "services/cli/*"),
    "click": ("services/cli/*",),
    "rich": ("services/cli/*",),
    "environs": ("shared/settings*.py", "services/*/settings*.py"),
    "prometheus_client": ("shared/metrics*.py",),
    "opentelemetry": ("shared/tracing*.py",),
    "phonenumbers": ("shared/*", "services/sandbox/*"),
    "jsonschema_rs": ("shared/wire/*", "services/sandbox/*"),
    "msgspec": EVERYWHERE,
    "structlog": EVERYWHERE,
    "_typeshed": EVERYWHERE,  # the type checker's own, imported for it alone
}

# Pure: no clock, no random, no environment, no logger, no input or output. What they import of ours is held to it too.
PURE = (
    "services/dispatcher/failover*.py",
    "shared/model.py",
    "shared/channels.py",
    "shared/ids.py",
    "shared/errors.py",
    "shared/wire/*",
    "shared/vonage/*",
    "shared/queue/topology*.py",
)
IMPURE_MODULES = frozenset(
    "asyncio concurrent ctypes fcntl glob http io logging multiprocessing os pathlib pickle platform queue random"
    " secrets select selectors shelve shutil signal smtplib socket socketserver sqlite3 ssl subprocess sys"
    " tempfile threading time urllib3 kombu amqp pika flask werkzeug sqlalchemy alembic psycopg requests"
    " requests_hardened structlog click rich environs prometheus_client opentelemetry gunicorn".split()
)
IMPURE_NAMES = frozenset({"urllib.request", "uuid.uuid1", "uuid.uuid4", "datetime.datetime.now", "importlib.resources"})
# By whether the call is of an attribute (`datetime.now()`) or of a plain name (`open()`).
IMPURE_CALLS = {
    True: frozenset({"now", "utcnow", "today", "uuid1", "uuid4", "read_text", "read_bytes", "write_text", "getenv"}),
    False: frozenset({"open", "print", "input", "uuid1", "uuid4", "breakpoint"}),
}

# Outermost loops may catch everything, log it and go on. Path and function -> what must not end with one fault.
MAY_CATCH_ALL: dict[str, str] = {
    "services/dispatcher/main.py:main": "the process: it logs, and says 1",
    "services/dispatcher/deciding.py:decide_all": "the turn, for one workflow that cannot be decided",
    "services/dispatcher/reading.py:_safely": "the turn, for one body that trips a bug",
    "services/dispatcher/senders.py:_outcome": "a sender's thread; a bug must not swallow an answer",
    "services/dispatcher/senders.py:_hand_over": "a sender's thread; the lease finds the call",
    "services/dispatcher/updates.py:_serve": "an update's thread; the wish becomes a dead letter",
    "services/dispatcher/callbacks.py:_tried": "a caller's thread, for one bad row",
    "services/ingress/upkeep.py:_repeat": "the ingress's background threads: without markers every window waits",
    "services/dispatcher/amqp.py:_run": "the I/O thread: whatever happened, it connects anew",
}

# alembic runs its environment by importing it; SQLAlchemy's indexes are declared by being made.
MAY_DO_AT_IMPORT = ("shared/store/migrations/env.py", "shared/store/tables.py")

TOP_LEVEL = frozenset(
    "services shared deploy docs tests examples requirements .ci Makefile docker-compose.yml README.md CHANGELOG.md"
    " DECISIONS.md SECURITY.md LICENSE pyproject.toml .gitignore .dockerignore .editorconfig .yamllint.yaml".split()
)
# Made by tools and ignored by git.
MADE_BY_TOOLS = frozenset(
    ".git .venv .state .pytest_cache .mypy_cache .ruff_cache .hypothesis __pycache__ build dist"
    " cascade.egg-info".split()
)
