"""A pytest plugin for PyMongo's suite: the clients it makes for its server are ours, on one file.

The suite finds its server at localhost:27017, and then at the address that hello tells. Clients of those two addresses
become clients of a file; clients of any other stay PyMongo's, for the tests that want a server which is not there.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pymongo
import pymongo.asynchronous.mongo_client
import pymongo.mongo_client
import pymongo.synchronous.mongo_client
from pymongo.errors import PyMongoError
from pymongo.uri_parser_shared import split_hosts

import satchel
from satchel.deployment import open_service
from satchel.driver import aio, client
from satchel.driver.target import Target

_folder = tempfile.TemporaryDirectory(prefix="satchel-conformance-", ignore_cleanup_errors=True)
_path = str(Path(_folder.name) / "suite.db")
_service = open_service(_path, test_commands=True)
"""Held open, so that the file is not closed between two tests."""


@dataclass(frozen=True, slots=True)
class SuiteTarget(Target):
    """The file, under the URL that a test gave for its server."""

    given: str = ""

    def url(self, address: tuple[str, int]) -> str:
        """Return the test's URL with the address in place of its hosts."""
        host, port = address
        if "://" not in self.given:
            return f"mongodb://{host}:{port}/"
        _, _, rest = self.given.partition("://")
        hosts, slash, tail = rest.partition("/")
        if not slash:
            hosts, question, options = rest.partition("?")
            tail = question + options
        user, at, _ = hosts.rpartition("@")
        return f"mongodb://{user}{at}{host}:{port}/{tail}"


def suite_target(client_class: Any, host: Any, port: int | None) -> SuiteTarget | None:
    """Decide as `satchel.driver.target.parse_target` does, for what the suite passes."""
    if not isinstance(port, int | None):
        return None
    default = (client_class.HOST, client_class.PORT)
    entries = [host or default[0]] if host is None or isinstance(host, str) else list(host)
    try:
        seeds = {seed for entry in entries for seed in _seeds(entry, default[1] if port is None else port)}
    except (PyMongoError, TypeError, ValueError):
        return None
    if not seeds or not seeds <= {("localhost", 27017), _service.address}:
        return None
    return SuiteTarget(_path, given=entries[0])


def _seeds(entry: str, port: int) -> list[tuple[str, int | None]]:
    scheme, _, rest = entry.rpartition("://")
    if scheme not in {"", "mongodb"}:
        return [("", None)]
    hosts = rest
    hosts = hosts.partition("/")[0].partition("?")[0].rpartition("@")[2]
    return split_hosts(hosts, port)


def _install() -> None:
    for module in (pymongo, pymongo.mongo_client, pymongo.synchronous.mongo_client):
        vars(module)["MongoClient"] = satchel.MongoClient
    for module in (pymongo, pymongo.mongo_client, pymongo.asynchronous.mongo_client):
        vars(module)["AsyncMongoClient"] = satchel.AsyncMongoClient
    vars(client)["parse_target"] = partial(suite_target, satchel.MongoClient)
    vars(aio)["parse_target"] = partial(suite_target, satchel.AsyncMongoClient)


_install()
