"""The synchronous client on the fake service: what the driver itself promises."""

from __future__ import annotations

import copy
import gc
import pickle
import socket
import subprocess
import sys
import threading
import time
import warnings
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bson
import pymongo
import pytest
from bson.raw_bson import RawBSONDocument
from pymongo import monitoring
from pymongo.errors import AutoReconnect, DocumentTooLarge, InvalidOperation, NetworkTimeout, OperationFailure
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from satchel import MongoClient
from satchel.driver.lease import Lease
from satchel.wire import service as wire_service
from tests.driver.fake_service import FakeService

Client = MongoClient[dict[str, Any]]


def test_it_is_pymongos(client: Client) -> None:
    assert isinstance(client, pymongo.MongoClient)
    assert type(client).__name__ == "MongoClient"
    assert repr(client) == "MongoClient(host='fake.db', document_class=dict, tz_aware=False, connect=True)"


def test_documents_come_and_go(client: Client) -> None:
    collection = client.shop.users
    inserted = collection.insert_many([{"name": f"n{number}", "number": number} for number in range(250)])
    assert collection.find_one({"number": 7}) == {"_id": inserted.inserted_ids[7], "name": "n7", "number": 7}
    assert [document["number"] for document in collection.find()] == list(range(250))
    assert collection.delete_many({}).deleted_count == 250


def test_a_replica_set_of_one(client: Client, service: FakeService) -> None:
    assert client.address == client.primary == service.address
    assert client.nodes == {service.address}
    assert client.is_primary
    assert not client.is_mongos
    assert client.topology_description.topology_type_name == "ReplicaSetWithPrimary"


def test_no_socket_and_no_thread(service: FakeService, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object, **_kwargs: object) -> None:
        raise AssertionError("a socket")

    threads = threading.active_count()
    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    with MongoClient("fake.db", _lease=Lease(service)) as client:
        client.shop.users.insert_one({})
        client.shop.users.find_one()
        assert threading.active_count() == threads


def test_options_are_pymongos(service: FakeService) -> None:
    client = MongoClient(
        "satchel:///fake.db?retryWrites=false&appName=url",
        document_class=RawBSONDocument,
        tz_aware=True,
        _lease=Lease(service),
        w=1,
        journal=True,
        readConcernLevel="majority",
        uuidRepresentation="standard",
        timeoutMS=5000,
        maxPoolSize=3,
    )
    with client:
        assert client.write_concern == WriteConcern(w=1, j=True)
        assert client.read_concern == ReadConcern("majority")
        assert client.codec_options.tz_aware
        assert client.options.timeout == 5
        assert client.options.pool_options.max_pool_size == 3
        assert not client.options.retry_writes
        client.shop.users.insert_one({"a": 1})
        assert isinstance(client.shop.users.find_one(), RawBSONDocument)
        metadata = service.states[0].metadata
        assert metadata is not None
        assert metadata["application"] == {"name": "url"}


def test_sessions_gossip_the_cluster_time(client: Client) -> None:
    client.admin.command("ping")
    with client.start_session() as session:
        client.admin.command("ping", session=session)
        assert session.session_id
    assert client._topology.max_cluster_time()["clusterTime"] == bson.Timestamp(7, 1)


def test_with_options(client: Client) -> None:
    collection = client.shop.users.with_options(write_concern=WriteConcern(w=0))
    collection.insert_one({"_id": 1})
    assert client.shop.users.find_one() == {"_id": 1}


def test_error_replies_are_pymongos_exceptions(client: Client) -> None:
    with pytest.raises(OperationFailure) as caught:
        client.admin.command("unheardOf")
    assert caught.value.code == 59


def test_documents_beyond_the_limit_are_not_sent(client: Client, service: FakeService) -> None:
    client.admin.command("ping")
    service.commands.clear()
    with pytest.raises(DocumentTooLarge):
        client.shop.users.insert_one({"text": "x" * 17_000_000})
    assert service.commands == []


def test_breakdowns_are_reconnects(client: Client, service: FakeService) -> None:
    def fail(name: str) -> None:
        if name in {"ping", "find"}:
            failures.append(name)
            raise RuntimeError("broken")

    failures: list[str] = []
    service.fail = fail
    with pytest.raises(AutoReconnect, match="broken"):
        client.admin.command("ping")
    with pytest.raises(AutoReconnect):
        client.shop.users.find_one()
    assert failures == ["ping", "find", "find"], "PyMongo retries reads once"
    service.fail = lambda _name: None
    assert client.admin.command("ping") == {"ok": 1.0}
    assert all(state.closed for state in service.states[:-1])


def test_interrupts_pass(client: Client, service: FakeService) -> None:
    def interrupt(name: str) -> None:
        if name == "ping":
            raise KeyboardInterrupt

    service.fail = interrupt
    with pytest.raises(KeyboardInterrupt):
        client.admin.command("ping")
    service.fail = lambda _name: None
    assert client.admin.command("ping") == {"ok": 1.0}


def test_many_threads(client: Client, service: FakeService) -> None:
    def work(number: int) -> None:
        for step in range(20):
            client.shop.users.insert_one({"_id": f"{number}-{step}"})
            assert client.shop.users.find_one({"_id": f"{number}-{step}"})

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(service.collections["shop", "users"]) == 160
    assert service.threads == {thread.ident for thread in threads}


def test_listeners_hear(service: FakeService) -> None:
    class Listener(monitoring.CommandListener, monitoring.ConnectionPoolListener):
        def __init__(self) -> None:
            self.heard: list[str] = []

    def hear(self: Listener, event: object) -> None:
        self.heard.append(type(event).__name__)

    for base in Listener.__bases__:
        for name in vars(base):
            if not name.startswith("_"):
                setattr(Listener, name, hear)
    listener = Listener()
    with MongoClient("fake.db", _lease=Lease(service), event_listeners=[listener]) as client:
        client.admin.command("ping")
    assert [name for name in listener.heard if not name.startswith("Pool")] == [
        "ConnectionCheckOutStartedEvent",
        "ConnectionCreatedEvent",
        "ConnectionReadyEvent",
        "ConnectionCheckedOutEvent",
        "CommandStartedEvent",
        "CommandSucceededEvent",
        "ConnectionCheckedInEvent",
        "ConnectionCheckOutStartedEvent",
        "ConnectionCheckedOutEvent",
        "CommandStartedEvent",
        "CommandSucceededEvent",
        "ConnectionCheckedInEvent",
        "ConnectionClosedEvent",
    ]


def test_close(service: FakeService) -> None:
    client = MongoClient("fake.db", _lease=Lease(service))
    with client.start_session() as session:
        client.admin.command("ping", session=session)
    client.close()
    client.close()
    assert service.commands[-1] == "endSessions"
    assert service.released == 1
    assert all(state.closed for state in service.states)
    with pytest.raises(InvalidOperation):
        client.admin.command("ping")


def test_close_without_use(service: FakeService) -> None:
    MongoClient("fake.db", _lease=Lease(service), connect=False).close()
    assert service.released == 1


def test_garbage_collection(service: FakeService) -> None:
    client = MongoClient("fake.db", _lease=Lease(service))
    client.admin.command("ping")
    gone = weakref.ref(client)
    with warnings.catch_warnings():
        # PyMongo's warning of an unclosed client.
        warnings.simplefilter("ignore", ResourceWarning)
        del client
        gc.collect()
    assert gone() is None
    assert service.released == 1
    assert all(state.closed for state in service.states)


def test_failed_construction_lets_go(service: FakeService) -> None:
    with pytest.raises(pymongo.errors.ConfigurationError):
        MongoClient("fake.db", _lease=Lease(service), nonsense=1)
    assert service.released == 1


def test_cursors_are_dropped(client: Client, service: FakeService) -> None:
    client.shop.users.insert_many([{} for _ in range(10)])
    cursor = client.shop.users.find(batch_size=2)
    next(cursor)
    assert len(service.cursors) == 1
    del cursor
    gc.collect()
    assert service.cursors == {}
    assert len(service.killed) == 1
    cursor = client.shop.users.find(batch_size=2)
    next(cursor)
    cursor.close()
    assert service.cursors == {}


def test_equality() -> None:
    one, other = FakeService(), FakeService()
    clients = [MongoClient("fake.db", _lease=Lease(service)) for service in (one, one, other)]
    assert clients[0] == clients[1]
    assert hash(clients[0]) == hash(clients[1])
    assert clients[0] != clients[2]
    for client in clients:
        client.close()


def test_duplicates_share_the_service(service: FakeService) -> None:
    client = MongoClient(":memory:", _lease=Lease(service), tz_aware=True)
    duplicate = client._duplicate(maxPoolSize=1)
    assert type(duplicate) is MongoClient
    assert duplicate == client
    assert duplicate.codec_options.tz_aware
    client.close()
    assert service.released == 0
    duplicate.shop.users.insert_one({})
    duplicate.close()
    assert service.released == 1


def test_pickle_and_copy_are_as_in_pymongo(client: Client) -> None:
    with pymongo.MongoClient("mongodb://x", connect=False) as plain:
        for act in (pickle.dumps, copy.deepcopy):
            for client_of_either_kind in (plain, client):
                with pytest.raises(TypeError, match="pickle"):
                    act(client_of_either_kind)


def test_a_shallow_copy_keeps_the_service_open(service: FakeService) -> None:
    client = MongoClient("fake.db", _lease=Lease(service))
    client.admin.command("ping")
    twin = copy.copy(client)
    client._closed = True  # keeps PyMongo's __del__ from warning
    del client
    gc.collect()
    assert service.released == 0
    assert twin.admin.command("ping") == {"ok": 1.0}
    twin.close()
    assert service.released == 1


def test_subclasses(service: FakeService) -> None:
    class Shop(MongoClient[dict[str, Any]]):
        pass

    with Shop("fake.db", _lease=Lease(service)) as client, client._duplicate() as duplicate:
        assert type(duplicate) is Shop


def test_databases_by_attribute_and_item(client: Client) -> None:
    assert client.shop == client["shop"]
    with pytest.raises(AttributeError):
        client._shop  # noqa: B018


def test_unknown_server_is_described_again(client: Client, service: FakeService) -> None:
    client.admin.command("ping")
    address = service.address
    description = pymongo.server_description.ServerDescription(address)
    client._topology.on_change(description)
    assert client.admin.command("ping") == {"ok": 1.0}


@pytest.mark.parametrize("options", [{"directConnection": True}, {"replicaSet": "satchel"}, {"compressors": "zlib"}])
def test_ways_to_connect(service: FakeService, options: dict[str, Any]) -> None:
    with MongoClient("fake.db", _lease=Lease(service), **options) as client:
        assert client.admin.command("ping") == {"ok": 1.0}


def test_exhaust_cursors_are_streams(service: FakeService) -> None:
    with MongoClient[dict[str, Any]]("fake.db", _lease=Lease(service), maxPoolSize=1) as client:
        client.shop.users.insert_many([{"_id": number} for number in range(10)])
        cursor = client.shop.users.find(cursor_type=pymongo.CursorType.EXHAUST, batch_size=3)
        assert [document["_id"] for document in cursor] == list(range(10))
        assert service.commands.count("getMore") == 3
        cursor = client.shop.users.find(cursor_type=pymongo.CursorType.EXHAUST, batch_size=3)
        assert [next(cursor)["_id"] for _ in range(5)] == list(range(5))
        assert service.cursors
        cursor.close()  # and the connection, from which more batches would come
        assert not service.cursors
        assert client.admin.command("ping") == {"ok": 1.0}


def test_a_forgotten_exhaust_cursor_gives_its_connection_back(service: FakeService) -> None:
    options: dict[str, Any] = {"maxPoolSize": 1, "waitQueueTimeoutMS": 1000}
    with MongoClient[dict[str, Any]]("fake.db", _lease=Lease(service), **options) as client:
        client.shop.users.insert_many([{"_id": number} for number in range(10)])
        for _ in range(3):
            cursor = client.shop.users.find(cursor_type=pymongo.CursorType.EXHAUST, batch_size=3)
            assert [next(cursor)["_id"] for _ in range(5)] == list(range(5))
            del cursor
            gc.collect()


def test_time_limits_of_the_network_end_commands(service: FakeService) -> None:
    with (
        MongoClient("fake.db", _lease=Lease(service), socketTimeoutMS=50) as client,
        pytest.raises(NetworkTimeout, match="timed out"),
    ):
        client.admin.command("sleep", 30)
    with MongoClient("fake.db", _lease=Lease(service)) as client, pymongo.timeout(0.05):
        with pytest.raises(NetworkTimeout):
            client.admin.command("sleep", 30)
        assert all(state.deadline is None for state in service.states)


def test_pools_are_kept_up(service: FakeService) -> None:
    with MongoClient("fake.db", _lease=Lease(service), minPoolSize=3) as client:
        client.admin.command("ping")
        end = time.monotonic() + 10
        while sum(not state.closed for state in service.states) < 3 and time.monotonic() < end:
            time.sleep(0.01)
        assert sum(not state.closed for state in service.states) == 3


def test_listeners_hear_of_cursors_that_were_collected(service: FakeService) -> None:
    class Listener(monitoring.CommandListener):
        def __init__(self) -> None:
            self.heard: list[str] = []

        def started(self, event: monitoring.CommandStartedEvent) -> None:
            self.heard.append(event.command_name)

        def succeeded(self, event: monitoring.CommandSucceededEvent) -> None: ...

        def failed(self, event: monitoring.CommandFailedEvent) -> None: ...

    listener = Listener()
    with MongoClient[dict[str, Any]]("fake.db", _lease=Lease(service), event_listeners=[listener]) as client:
        client.shop.users.insert_many([{"_id": number} for number in range(10)])
        next(client.shop.users.find(batch_size=3))
        gc.collect()
        end = time.monotonic() + 10
        while "killCursors" not in listener.heard and time.monotonic() < end:
            time.sleep(0.01)
        assert not service.cursors
        assert "killCursors" in listener.heard


@pytest.fixture(autouse=True)
def _no_threads_left() -> Iterator[None]:
    before = threading.active_count()
    yield
    end = time.monotonic() + 10  # PyMongo's background thread, of clients that have one, ends soon
    while threading.active_count() > before and time.monotonic() < end:
        time.sleep(0.01)
    assert threading.active_count() <= before


def test_a_first_read_needs_no_language(tmp_path: Path) -> None:
    """What a find by `_id` does not need is not imported for it, so that short scripts start soon."""
    with MongoClient[dict[str, Any]](tmp_path / "a.db") as client:
        client.a.b.insert_one({"_id": 1})
    code = f"""
import sys
from satchel import MongoClient
with MongoClient({str(tmp_path / "a.db")!r}) as client:
    assert client.a.b.find_one({{"_id": 1}}) == {{"_id": 1}}
needless = ("satchel.mql.match", "satchel.mql.pipeline", "satchel.commands.families")
print(*[name for name in sys.modules if name.startswith(needless)])
"""
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert found.stdout.split() == []


def test_a_client_may_outlive_the_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the interpreter exits, the names of modules are None before the last clients are gone."""
    state = wire_service.ConnectionState()
    monkeypatch.setattr(wire_service, "time", None)
    state.close()
    assert state.closed
