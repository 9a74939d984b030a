"""Metrics for Prometheus, and what monitoring commands know of connections."""

from __future__ import annotations

import re
import signal
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pymongo import MongoClient

from satchel.commands.dispatch import Service
from satchel.server.metrics import CONTENT_TYPE, MetricsServer
from satchel.server.options import ConfigurationError
from satchel.server.server import Server
from tests.server.process import ServerProcess

_SAMPLE = re.compile(r'^([a-z_]+)(\{(?:[a-z]+="[^"]*",?)+\})? (\S+)$')


@pytest.fixture
def client(server: Server) -> Iterator[MongoClient[dict[str, Any]]]:
    with MongoClient(server.uris[0], appname="the app") as client:
        yield client


@pytest.fixture
def read(service: Service) -> Iterator[Callable[[], dict[str, float]]]:
    """Scrape the metrics and return every sample."""
    metrics = MetricsServer("127.0.0.1:0")
    metrics.start(service)

    def scrape() -> dict[str, float]:
        with urllib.request.urlopen(metrics.url, timeout=30) as response:
            assert response.headers["Content-Type"] == CONTENT_TYPE
            return samples(response.read().decode())

    yield scrape
    metrics.stop()


def samples(text: str) -> dict[str, float]:
    found: dict[str, float] = {}
    described: set[str] = set()
    for line in text.splitlines():
        if line.startswith("# "):
            described.add(line.split()[2])
            continue
        match = _SAMPLE.match(line)
        assert match, line
        name = re.sub("_(bucket|sum|count)$", "", match[1]) if "duration" in match[1] else match[1]
        assert name in described, line
        found[match[1] + (match[2] or "")] = float(match[3])
    return found


def test_commands_are_counted_and_timed(
    client: MongoClient[dict[str, Any]], read: Callable[[], dict[str, float]]
) -> None:
    client.shop.things.insert_many([{"_id": number} for number in range(10)])
    before = read()
    for _ in range(3):
        client.shop.things.find_one()
    cursor = client.shop.things.find(batch_size=2)
    next(cursor)
    after = read()
    find = '{command="find"}'
    assert after[f"satchel_commands_total{find}"] - before.get(f"satchel_commands_total{find}", 0) == 4
    assert after[f"satchel_command_duration_seconds_count{find}"] == 4
    assert after[f"satchel_command_duration_seconds_sum{find}"] > 0
    bucket = 'satchel_command_duration_seconds_bucket{command="find"'
    buckets = [value for name, value in after.items() if name.startswith(bucket)]
    assert buckets == sorted(buckets)
    assert after[f'{bucket},le="+Inf"}}'] == 4
    assert after["satchel_cursors_open"] == 1
    assert after["satchel_connections"] >= 1
    for direction in ("in", "out"):
        name = f'satchel_network_bytes_total{{direction="{direction}"}}'
        assert after[name] > before[name]
    for name in ("satchel_file_bytes", "satchel_wal_bytes", "satchel_cache_bytes", "satchel_resident_memory_bytes"):
        assert after[name] > 0, name
    cursor.close()


def test_only_metrics_are_there(service: Service) -> None:
    metrics = MetricsServer("127.0.0.1:0")
    metrics.start(service)
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(metrics.url.replace("/metrics", "/"), timeout=30)
    caught.value.close()
    assert caught.value.code == 404
    metrics.stop()


@pytest.mark.parametrize("address", ["9090", "nowhere", "127.0.0.1:http", "127.0.0.1:99999", "203.0.113.1:0"])
def test_addresses_that_cannot_be(address: str) -> None:
    with pytest.raises(ConfigurationError):
        MetricsServer(address)


def test_a_server_tells_of_its_connections(client: MongoClient[dict[str, Any]], server: Server) -> None:
    client.admin.command("ping")
    status = client.admin.command("serverStatus")
    assert status["connections"]["current"] == server.connections >= 1
    assert status["connections"]["active"] == 1
    assert status["connections"]["totalCreated"] >= status["connections"]["current"]
    assert status["network"]["bytesIn"] > 0
    assert status["network"]["bytesOut"] > status["network"]["bytesIn"]
    (own,) = client.admin.aggregate([{"$currentOp": {}}, {"$match": {"appName": "the app"}}])
    assert own["client"].startswith("127.0.0.1:")
    assert own["clientMetadata"]["driver"]["name"].startswith("PyMongo")
    assert own["ns"] == "admin"


def test_the_log_of_a_process_and_its_metrics(start_process: Callable[..., ServerProcess]) -> None:
    server = start_process("--metrics=127.0.0.1:0", "--slow-ms=0")
    with MongoClient(server.uri) as client:
        client.shop.things.insert_one({})
        log = client.admin.command("getLog", "global")
    assert log["totalLinesWritten"] >= len(log["log"]) > 0
    assert any('"slow command"' in line and '"shop.things"' in line for line in log["log"])
    url = re.search(r"url=(\S+)", server.log())
    assert url is not None
    with urllib.request.urlopen(url[1], timeout=30) as response:
        assert samples(response.read().decode())['satchel_commands_total{command="insert"}'] == 1
    assert server.stop(signal.SIGTERM) == 0
