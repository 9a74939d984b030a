"""What the first argument of a client means: a file, memory, or servers."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias
from urllib.parse import unquote, urlsplit

from pymongo.errors import ConfigurationError

Host: TypeAlias = str | os.PathLike[str] | Sequence[str] | None

MEMORY: Final = ":memory:"
ENCRYPTION_KEY_BYTES: Final = 32
_SERVER_SCHEMES: Final = ("mongodb://", "mongodb+srv://")
_SCHEME: Final = "satchel://"


@dataclass(frozen=True, slots=True)
class Target:
    """A database in this process.

    Attributes:
        path: The path of the file, or `":memory:"`.
        options: PyMongo's connection options, as a URL's query has them.
    """

    path: str
    options: str = ""

    def url(self, address: tuple[str, int]) -> str:
        """Return the URL that PyMongo is given: nothing listens there, but options and defaults are read from it."""
        host, port = address
        return f"mongodb://{host}:{port}/" + (f"?{self.options}" if self.options else "")


def parse_target(host: Host, port: int | None) -> Target | None:
    """Decide where a client's data live.

    | `host` | means |
    |---|---|
    | `":memory:"` | memory, for this client alone |
    | `pathlib.Path("app.db")`, `"app.db"`, `"/srv/app.db"` | a file |
    | `"satchel:///srv/app.db?w=majority"`, `"satchel://:memory:"` | the same, with options of PyMongo |
    | `"mongodb://…"`, `"mongodb+srv://…"` | servers |
    | `"localhost"`, an IP address, `"name:27017"`, a `.sock` path, any name together with `port` | a server |
    | a list of several | servers |

    A list of one counts as its entry, and its `port` says nothing: MongoEngine always passes both.

    Returns:
        The database in this process, or None for servers.

    Raises:
        ConfigurationError: When there is no `host` (PyMongo would take localhost; whoever forgets a path should not
            silently write elsewhere), or a URL of another kind.
    """
    if host is None:
        raise ConfigurationError("where are the data? Pass a path, ':memory:', or a mongodb:// URL")
    if isinstance(host, os.PathLike):
        return Target(os.fspath(host))
    if not isinstance(host, str):
        return parse_target(host[0], None) if len(host) == 1 else None
    if host == MEMORY:
        return Target(MEMORY)
    if host.startswith(_SCHEME):
        return _parse_url(host)
    if host.startswith(_SERVER_SCHEMES):
        return None
    if "://" in host:
        raise ConfigurationError(f"{host.partition('://')[0]}:// is not a URL of a database")
    if not host:
        raise ConfigurationError("the path of a database cannot be empty")
    return None if port is not None or _is_server(host) else Target(host)


def check_encryption_key(key: object, target: Target | None) -> None:
    """Check the `encryption_key` of a client. What is wrong is said without the key.

    Raises:
        ConfigurationError: When it is neither a passphrase nor 32 bytes, or when there is no file to encrypt.
    """
    if key is None:
        return
    if target is None or target.path == MEMORY:
        raise ConfigurationError("encryption_key is for files: servers and databases in memory have none")
    if not isinstance(key, str | bytes):
        raise ConfigurationError(f"encryption_key is a passphrase (str) or 32 bytes, not {type(key).__name__}")
    if not key or (isinstance(key, bytes) and len(key) != ENCRYPTION_KEY_BYTES):
        raise ConfigurationError(f"encryption_key is a passphrase that is not empty, or {ENCRYPTION_KEY_BYTES} bytes")


def _parse_url(url: str) -> Target:
    parts = urlsplit(url)
    path = unquote(parts.path)
    if parts.netloc == MEMORY and not path:
        return Target(MEMORY, parts.query)
    if parts.netloc or len(path) < 2:
        raise ConfigurationError("a satchel:// URL has three slashes and an absolute path: satchel:///srv/app.db")
    if os.name == "nt":
        path = path.lstrip("/")
    return Target(path, parts.query)


def _is_server(name: str) -> bool:
    if name == "localhost" or name.endswith(".sock") or name.startswith("["):
        return True
    host, colon, port = name.rpartition(":")
    if colon and port.isdecimal() and not os.path.dirname(host):
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
