"""PyMongo over TCP and Unix sockets: what a plain client sees of the server."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gridfs
import pymongo
import pytest
from pymongo import AsyncMongoClient, CursorType, MongoClient, monitoring

from satchel.commands.dispatch import Service
from satchel.server.server import Server
from tests.server.conftest import ServerMaker

Client = MongoClient[dict[str, Any]]


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    with MongoClient(server.uris[0]) as client:
        yield client


def test_documents_come_back_as_they_went(client: Client) -> None:
    documents = [{"_id": number, "text": "x" * number, "list": [number, {"n": number}]} for number in range(500)]
    client.shop.things.insert_many(documents)
    assert list(client.shop.things.find().sort("_id", 1).batch_size(70)) == documents
    client.shop.things.update_one({"_id": 3}, {"$set": {"text": "changed"}})
    assert client.shop.things.find_one({"text": "changed"}) == {**documents[3], "text": "changed"}
    assert client.shop.things.delete_many({"_id": {"$gte": 100}}).deleted_count == 400
    assert client.shop.things.count_documents({}) == 100


def test_errors_keep_code_and_name(client: Client) -> None:
    client.shop.things.insert_one({"_id": 1})
    with pytest.raises(pymongo.errors.DuplicateKeyError):
        client.shop.things.insert_one({"_id": 1})
    with pytest.raises(pymongo.errors.OperationFailure) as failure:
        client.shop.command("noSuchCommand")
    assert (failure.value.code, failure.value.details["codeName"]) == (59, "CommandNotFound")


def test_unacknowledged_writes_get_no_reply_and_arrive(server: Server) -> None:
    with MongoClient(server.uris[0], maxPoolSize=1) as client:
        silent = client.shop.get_collection("things", write_concern=pymongo.WriteConcern(w=0))
        for number in range(20):
            silent.insert_one({"_id": number})
        # Commands on one connection run in order.
        assert client.shop.things.count_documents({}) == 20


def test_gridfs_over_the_wire(client: Client) -> None:
    content = bytes(range(256)) * 8192
    bucket = gridfs.GridFSBucket(client.files)
    identifier = bucket.upload_from_stream("numbers", content)
    assert bucket.open_download_stream(identifier).read() == content


def test_messages_of_many_megabytes(client: Client) -> None:
    documents = [{"_id": number, "data": bytes([number]) * 4_000_000} for number in range(8)]
    client.shop.large.insert_many(documents)
    assert list(client.shop.large.find().sort("_id", 1)) == documents


class _Batches(monitoring.CommandListener):
    """Remembers which request each getMore reply answers."""

    def __init__(self) -> None:
        self.batches = 0

    def started(self, event: monitoring.CommandStartedEvent) -> None: ...

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        self.batches += event.command_name == "getMore"

    def failed(self, event: monitoring.CommandFailedEvent) -> None: ...


def test_exhaust_cursor_streams_all_batches(server: Server) -> None:
    listener = _Batches()
    with MongoClient(server.uris[0], event_listeners=[listener]) as client:
        client.shop.things.insert_many([{"_id": number} for number in range(1000)])
        cursor = client.shop.things.find(cursor_type=CursorType.EXHAUST, batch_size=100)
        assert [document["_id"] for document in cursor] == list(range(1000))
        assert listener.batches >= 9
        assert client.shop.things.find_one({"_id": 5}) == {"_id": 5}


def test_abandoned_exhaust_cursor_is_forgotten(server: Server, service: Service) -> None:
    with MongoClient(server.uris[0]) as client:
        client.shop.things.insert_many([{"_id": number, "data": "x" * 10_000} for number in range(2000)])
        cursor = client.shop.things.find(cursor_type=CursorType.EXHAUST, batch_size=10)
        for _ in range(25):
            next(cursor)
        cursor.close()
        assert client.shop.things.count_documents({}) == 2000
    assert server.wait_until_empty(30)
    assert len(service.engine.cursors) == 0


@pytest.mark.skipif(sys.platform == "win32", reason="no Unix sockets on Windows")
def test_unix_socket(make_server: ServerMaker, tmp_path: Path) -> None:
    path = tmp_path / "s.sock"
    server = make_server(hosts=(), unix_socket=path)
    assert path.stat().st_mode & 0o077 == 0
    with MongoClient(server.uris[0]) as client:
        client.shop.things.insert_one({"_id": 1})
        assert client.shop.things.find_one() == {"_id": 1}
        assert client.nodes == frozenset({(str(path), 27017)})


async def test_asynchronous_client(server: Server) -> None:
    async with AsyncMongoClient[dict[str, Any]](server.uris[0]) as client:
        await client.shop.things.insert_many([{"_id": number} for number in range(300)])
        assert len(await client.shop.things.find().to_list()) == 300


@pytest.mark.parametrize("compressor", ["zlib", "snappy", "zstd"])
def test_compression(server: Server, compressor: str) -> None:
    if compressor != "zlib":
        pytest.importorskip({"snappy": "snappy", "zstd": "backports.zstd"}[compressor])
    with MongoClient(server.uris[0], compressors=compressor) as client:
        documents = [{"_id": number, "text": "x" * 1000} for number in range(500)]
        client.shop.things.insert_many(documents)
        assert list(client.shop.things.find().sort("_id", 1)) == documents


def test_topology_is_a_replica_set_of_where_the_client_connected(client: Client, address: tuple[str, int]) -> None:
    client.admin.command("ping")
    assert client.primary == address
    hello = client.admin.command("hello")
    assert hello["setName"] == "satchel"
    assert hello["hosts"] == [f"{address[0]}:{address[1]}"] == [hello["me"]]
    assert (hello["maxWireVersion"], "topologyVersion" in hello) == (25, False)
    ping = client.admin.command("ping")
    assert {"$clusterTime", "operationTime"} <= set(ping)


@pytest.mark.parametrize(
    ("topology", "kind"), [("standalone", "Single"), ("mongos", "Sharded"), ("replset", "ReplicaSetWithPrimary")]
)
def test_topologies(make_server: ServerMaker, topology: str, kind: str) -> None:
    server = make_server(topology=topology)
    with MongoClient(server.uris[0]) as client:
        client.shop.things.insert_one({"_id": 1})
        assert client.topology_description.topology_type_name == kind
        # A lone server has no cluster, and so no time of one.
        for reply in (client.admin.command("ping"), client.shop.command("find", "things")):
            assert ("$clusterTime" in reply) == ("operationTime" in reply) == (topology != "standalone")


def test_advertised_address_is_told(make_server: ServerMaker) -> None:
    server = make_server(advertise="db.example:1234")
    with MongoClient(server.uris[0], directConnection=True) as client:
        assert client.admin.command("hello")["hosts"] == ["db.example:1234"]
        client.shop.things.insert_one({"_id": 1})
