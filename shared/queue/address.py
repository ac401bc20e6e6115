"""Where a broker is: the parts of its URL, one or several of a cluster, and never its password in a log."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from shared.errors import ConfigError


def nodes(url: str) -> tuple[str, ...]:
    """Return the URLs of a setting that names one node or, separated by semicolons, those of a cluster.

    Raises ConfigError where one is no amqp:// or amqps:// URL; its text shows no password.
    """
    each = tuple(part.strip() for part in url.split(";") if part.strip())
    if not each:
        raise ConfigError("the broker's URL is empty")
    for node in each:
        parts = urlsplit(node)
        if parts.scheme not in {"amqp", "amqps"} or not parts.hostname:
            raise ConfigError(f"{shown(node)} is no broker's URL: amqp://user:password@host:port/virtual-host is")
    return each


def user_of(url: str) -> str:
    """Return the broker user of a URL; the broker's own default is guest."""
    return unquote(urlsplit(nodes(url)[0]).username or "guest")


def vhost_of(url: str) -> str:
    """Return the virtual host of a URL; an empty path is "/", as the clients read it."""
    return unquote(urlsplit(nodes(url)[0]).path[1:]) or "/"


def shown(url: str) -> str:
    """Return a URL for people and logs: without user and password."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}"
