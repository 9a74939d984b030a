"""The pytest plugin, as somebody else's test suite sees it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SUITE = """
import asyncio
import pymongo
import pytest

@pytest.mark.parametrize("number", range(3))
def test_fresh(satchel_client, number):
    assert isinstance(satchel_client, pymongo.MongoClient)
    assert satchel_client.list_database_names() == []
    satchel_client.shop.users.insert_one({"_id": number})
    assert satchel_client.shop.users.find_one() == {"_id": number}

def test_without_a_framework(async_satchel_client):
    async def use():
        assert isinstance(async_satchel_client, pymongo.AsyncMongoClient)
        await async_satchel_client.shop.users.insert_one({"_id": 1})
        assert await async_satchel_client.shop.users.find_one() == {"_id": 1}
    asyncio.run(use())

@pytest.mark.asyncio
@pytest.mark.parametrize("number", range(3))
async def test_with_pytest_asyncio(async_satchel_client, number):
    assert await async_satchel_client.list_database_names() == []
    await async_satchel_client.shop.users.insert_one({"_id": number})
"""


def run(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)


def test_suite_of_a_stranger(tmp_path: Path) -> None:
    (tmp_path / "test_theirs.py").write_text(SUITE)
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\nfilterwarnings = error\nasyncio_default_fixture_loop_scope = function\n"
    )
    result = run("-m", "pytest", "-q", folder=tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "7 passed" in result.stdout


@pytest.mark.parametrize(
    ("imported", "absent"),
    [
        ("satchel", {"pytest", "pymongo", "apsw"}),
        ("satchel.testing.plugin", {"pymongo", "apsw"}),
        ("satchel.driver", {"pytest", "hypothesis"}),
    ],
)
def test_what_an_import_loads(tmp_path: Path, imported: str, absent: set[str]) -> None:
    result = run("-c", f"import sys, {imported}; print(*{{n.partition('.')[0] for n in sys.modules}})", folder=tmp_path)
    assert result.returncode == 0, result.stderr
    assert not set(result.stdout.split()) & absent
