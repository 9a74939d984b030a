"""`satchel user`: who may log in to the server of a file. Whoever can open the file may do everything anyway."""

from __future__ import annotations

import argparse
import getpass
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final, cast

from satchel.cli.info import existing
from satchel.cli.keys import read_key
from satchel.cli.user_arguments import PASSWORD_VARIABLE
from satchel.deployment import open_service
from satchel.errors import ErrorCode, ServerError
from satchel.values.bson_types import BsonValue, Document
from satchel.wire.messages import Request
from satchel.wire.service import ConnectionState

_DEFAULT_DATABASE: Final = "admin"


def run(options: argparse.Namespace) -> int:
    """Run one of the subcommands."""
    actions = {"add": _add, "list": _list, "remove": _remove, "passwd": _change_password, "roles": _change_roles}
    return actions[options.action](options)


def _add(options: argparse.Namespace) -> int:
    database, name = _split(options.name, _DEFAULT_DATABASE)
    roles = [_role(each, database) for each in options.role or []]
    command: Document = {"createUser": name, "pwd": _password(options), "roles": cast("list[BsonValue]", roles)}
    _run(options, database, command, creates=True)
    print(f"{name}@{database} added")
    return 0


def _list(options: argparse.Namespace) -> int:
    reply = _run(options, "admin", {"usersInfo": {"forAllDBs": True}})
    for user in cast("list[Document]", reply["users"]):
        roles = ", ".join(f"{role['role']}@{role['db']}" for role in cast("list[Document]", user["roles"]))
        print(f"{user['user']}@{user['db']}  {roles or 'no roles'}")
    return 0


def _remove(options: argparse.Namespace) -> int:
    database, name = _split(options.name, _DEFAULT_DATABASE)
    _run(options, database, {"dropUser": name})
    print(f"{name}@{database} removed")
    return 0


def _change_password(options: argparse.Namespace) -> int:
    database, name = _split(options.name, _DEFAULT_DATABASE)
    _run(options, database, {"updateUser": name, "pwd": _password(options)})
    print(f"{name}@{database} has a new password")
    return 0


def _change_roles(options: argparse.Namespace) -> int:
    database, name = _split(options.name, _DEFAULT_DATABASE)
    roles = [_role(each, database) for each in options.role or []]
    _run(options, database, {"updateUser": name, "roles": cast("list[BsonValue]", roles)})
    print(f"{name}@{database} has {', '.join(options.role or []) or 'no roles'} now")
    return 0


def _split(text: str, default: str) -> tuple[str, str]:
    """Return the database and the name of `name@database`."""
    name, at, database = text.rpartition("@")
    return (database, name) if at else (default, text)


def _role(text: str, default: str) -> Document:
    database, name = _split(text, default)
    return {"role": name, "db": database}


def _password(options: argparse.Namespace, environment: Mapping[str, str] = os.environ) -> str:
    """Return the password: from a file, the environment, or whoever sits there; never from the command line."""
    if options.password_file is not None:
        return str(Path(options.password_file).read_text(encoding="utf-8").partition("\n")[0].removesuffix("\r"))
    if PASSWORD_VARIABLE in environment:
        return environment[PASSWORD_VARIABLE]
    password = getpass.getpass("Password: ")
    if getpass.getpass("The same again: ") != password:
        raise ServerError(ErrorCode.BadValue, "the two passwords differ")
    return password


def _run(options: argparse.Namespace, database: str, command: Document, *, creates: bool = False) -> Document:
    """Run one command on the file; another process may serve it meanwhile.

    Raises:
        ServerError: What the command failed with.
    """
    path = str(options.path) if creates else existing(options.path)
    service = open_service(path, encryption_key=read_key(options.key_file))
    try:
        connection = ConnectionState()
        reply = service.run(Request(0, database, command), connection)
        connection.close()
    finally:
        service.release()
    assert isinstance(reply, dict), "only cursors come as bytes"
    if not reply["ok"]:
        code = cast("int", reply["code"])
        raise ServerError(code, str(reply["errmsg"]))
    return reply
