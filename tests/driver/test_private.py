"""The private names of PyMongo, against the PyMongo that is installed.

For the oldest supported one, in a virtual environment of its own:

    python -m venv oldest && oldest/bin/pip install . "pymongo==4.18.0" pytest pytest-asyncio hypothesis
    oldest/bin/python -m pytest tests/driver tests/wire
"""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import pymongo
import pytest

from satchel import driver
from satchel.driver.aio import AsyncInProcessConnection, AsyncInProcessPool, AsyncMongoClient
from satchel.driver.client import MongoClient
from satchel.driver.lease import Lease
from satchel.driver.private import PRIVATE_NAMES, AsyncHandler, Handler, PrivateName
from satchel.driver.transport import InProcessConnection, InProcessPool
from tests.driver.fake_service import FakeService

METHODS = [name for name in PRIVATE_NAMES if name.parameters is not None]
ATTRIBUTES = [name for name in PRIVATE_NAMES if name.parameters is None]
DRIVER = Path(inspect.getfile(driver)).parent


@pytest.mark.parametrize("private", METHODS, ids=lambda private: f"{private.owners[0].__name__}.{private.name}")
def test_methods(private: PrivateName) -> None:
    for owner in private.owners:
        method = inspect.getattr_static(owner, private.name)
        assert not isinstance(method, property)
        parameters = inspect.signature(getattr(owner, private.name)).parameters
        known = [name for name in parameters if name not in {"self", "cls"}]
        assert tuple(known[: len(private.parameters)]) == private.parameters
        # A later PyMongo may add what need not be given; `test_overrides_take_what_theirs_take` has the rest.
        added = [parameters[name] for name in known[len(private.parameters) :]]
        assert all(parameter.default is not inspect.Parameter.empty for parameter in added), added


async def test_attributes() -> None:
    """Whatever is read from, or set on, an instance is there."""
    instances: dict[type, object] = {}
    with MongoClient("fake.db", _lease=Lease(FakeService())) as client:
        client.admin.command("ping")
        server = client._topology.select_server(lambda selection: selection, "test")
        connection = server.pool.conns[0]
        options = client.options.pool_options
        add_bases(instances, client, client._topology, server.pool, connection, Handler(client, server, None), options)
    async with AsyncMongoClient("fake.db", _lease=Lease(FakeService())) as async_client:
        await async_client.admin.command("ping")
        async_server = await async_client._topology.select_server(lambda selection: selection, "test")
        async_connection = async_server.pool.conns[0]
        handler = AsyncHandler(async_client, async_server, None)
        add_bases(instances, async_client, async_client._topology, async_server.pool, async_connection, handler)
    for private in ATTRIBUTES:
        for owner in private.owners:
            assert hasattr(instances[owner], private.name), f"{owner.__qualname__}.{private.name}"


def add_bases(instances: dict[type, object], *added: object) -> None:
    for instance in added:
        for base in type(instance).__mro__:
            instances[base] = instance


def test_nothing_private_is_used_elsewhere() -> None:
    """Only `private` imports what PyMongo does not document, and only listed names are touched."""
    trees = {path.name: ast.parse(path.read_text()) for path in DRIVER.glob("*.py") if path.name != "private.py"}
    allowed = {name.name for name in PRIVATE_NAMES}.union(*(names_of_our_own(tree) for tree in trees.values()))
    for module, tree in trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pymongo."):
                assert node.module in DOCUMENTED_MODULES, f"{module}: {node.module}"
            if isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr.startswith("__"):
                assert node.attr in allowed, f"{module}: {node.attr}"


def names_of_our_own(tree: ast.Module) -> set[str]:
    """Return the functions that a module defines and the attributes that it sets."""
    functions = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    attributes = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    return functions | {node.attr for node in attributes if isinstance(node.ctx, ast.Store)}


DOCUMENTED_MODULES = {"pymongo.errors", "pymongo.results", "pymongo.topology_description"}


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (ours, ours.__mro__[1])
        for ours in (
            MongoClient,
            AsyncMongoClient,
            InProcessPool,
            AsyncInProcessPool,
            InProcessConnection,
            AsyncInProcessConnection,
        )
    ],
)
def test_overrides_are_listed(ours: type, theirs: type) -> None:
    listed = {name.name for name in PRIVATE_NAMES for owner in name.owners if owner is theirs}
    documented = {name for name in vars(ours) if name.startswith("__")}
    if ours in (MongoClient, AsyncMongoClient):
        documented |= {name for name in vars(ours) if not name.startswith("_")}
    overridden = {name for name in vars(ours) if hasattr(theirs, name) and inspect.isfunction(vars(ours)[name])}
    assert overridden <= listed | documented


@pytest.mark.parametrize("private", METHODS, ids=lambda private: f"{private.owners[0].__name__}.{private.name}")
def test_overrides_take_what_theirs_take(private: PrivateName) -> None:
    for owner in private.owners:
        for ours in (MongoClient, AsyncMongoClient):
            if issubclass(ours, owner) and private.name in vars(ours) and private.name != "__init__":
                given = inspect.signature(getattr(owner, private.name)).parameters
                arguments = dict.fromkeys(
                    name for name, parameter in given.items() if parameter.kind is not inspect.Parameter.VAR_KEYWORD
                )
                inspect.signature(getattr(ours, private.name)).bind(**arguments)


def test_supported_versions() -> None:
    assert (4, 18) <= pymongo.version_tuple[:2] < (5, 0)
