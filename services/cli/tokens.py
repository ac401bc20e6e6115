"""Mint the caller's JWT (RS256), as the provider's own libraries do."""

from __future__ import annotations

import os
import time
from pathlib import Path
from uuid import uuid4

import jwt as pyjwt

from services.cli.home import Home, project_root
from services.cli.names import why
from shared.errors import ConfigError

DEFAULT_LIFE_S = 900
LONGEST_LIFE_S = 86_400


def caller_token(home: Home, *, application: str | None, key: Path | None, life_s: int = DEFAULT_LIFE_S) -> str:
    """Return a token of the named application, else of CASCADE_APPLICATION_ID, else of the demo's.

    Raises ConfigError where the key can't be read or is none.
    """
    application = application or os.environ.get("CASCADE_APPLICATION_ID")
    key_file = key or _path_of(os.environ.get("CASCADE_PRIVATE_KEY_FILE"))
    if application is None:
        demo = home.demo()
        application = demo["application_id"]
        key_file = key_file or project_root() / demo["private_key_file"]
    if key_file is None:
        raise ConfigError("An application needs its private key: --key FILE, or CASCADE_PRIVATE_KEY_FILE.")
    now = int(time.time())
    claims = {"application_id": application, "iat": now, "jti": str(uuid4()), "exp": now + life_s}
    try:
        return pyjwt.encode(claims, key_file.read_text(encoding="utf-8"), algorithm="RS256")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"The private key {key_file} can't be read: {why(error)}") from error
    except (ValueError, TypeError, pyjwt.InvalidKeyError) as error:
        raise ConfigError(f"{key_file} holds no RSA private key in PEM.") from error


def _path_of(text: str | None) -> Path | None:
    return Path(text) if text else None
