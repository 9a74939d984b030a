"""`satchel shell`: a Python prompt with a client and its database."""

from __future__ import annotations

import code
import importlib
from pathlib import Path
from typing import Any, Final

from satchel.cli.info import existing
from satchel.driver import MongoClient

_SERVERS: Final = ("mongodb://", "mongodb+srv://")
_DEFAULT_DATABASE: Final = "test"


def run(path: str, key: str | bytes | None = None) -> int:
    """Open a prompt on a file or a server: IPython's where it is installed, else Python's own."""
    is_url = "://" in path
    host = path if is_url else existing(Path(path))
    with MongoClient[dict[str, Any]](host, encryption_key=None if path.startswith(_SERVERS) else key) as client:
        db = client.get_default_database(_DEFAULT_DATABASE)
        names = {"client": client, "db": db}
        banner = f"{path}: client is a MongoClient, db is its database {db.name!r}; client['name'] has another."
        _prompt(banner, names)
    return 0


def _prompt(banner: str, names: dict[str, Any]) -> None:
    try:
        ipython = importlib.import_module("IPython")
    except ImportError:
        code.interact(banner, local=names, exitmsg="")
        return
    ipython.start_ipython(
        argv=["--no-confirm-exit", "--no-banner", f"--TerminalIPythonApp.code_to_run=print({banner!r})", "-i"],
        user_ns=names,
    )
