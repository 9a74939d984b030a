"""`satchel check`: is everything in the file as it should be?"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, TypeAlias

import pymongo

from satchel.cli.info import existing
from satchel.deployment import is_in_use, open_service
from satchel.driver import MongoClient
from satchel.driver.lease import Lease
from satchel.engine.check import check_collection
from satchel.engine.operation import Operation
from satchel.files.audit import BucketAudit, Leaving, bucket_names

Bucket: TypeAlias = tuple[str, str]
"""The names of a database and of a bucket in it."""
Client: TypeAlias = pymongo.MongoClient[dict[str, Any]]


def run(options: Namespace, key: str | bytes | None = None) -> int:
    """Check SQLite's pages, then every document and index key, then every stored file; print what is wrong.

    Returns:
        0 when nothing is wrong, or has been put right; otherwise 1.
    """
    path = existing(options.path)
    errors = _check_collections(path, key)
    with _client(path, key, read_only=True) as client:
        errors += sum(_check_bucket(_audit(client, bucket), bucket) for bucket in _buckets(client))
        leavings = {bucket: list(_audit(client, bucket).leavings()) for bucket in _buckets(client)}
        lost = {bucket: _audit(client, bucket).lost_folders() for bucket in _buckets(client)}
    dead = _dead(leavings, alone=not is_in_use(path, key), hours=options.older_than)
    if options.repair and (any(dead.values()) or any(lost.values())):
        _repair(path, key, dead, lost)
    else:
        errors += _report(dead, lost)
    print(f"{path}: {'sound' if not errors else f'{errors} errors'}")
    return 1 if errors else 0


def _check_collections(path: str, key: str | bytes | None) -> int:
    """Check pages, documents and index keys, and return how many errors there are."""
    service = open_service(path, read_only=True, encryption_key=key)
    errors = 0
    try:
        with service.engine.read() as unit:
            for line in unit.reader.check():
                print(f"{path}: {line}")
                errors += 1
            for entry in sorted(unit.catalog, key=lambda entry: entry.namespace):
                if entry.is_view:
                    continue
                report = check_collection(unit, entry, Operation(entry.namespace.database, "validate"))
                for line in report.errors:
                    print(f"{entry.namespace}: {line}")
                errors += len(report.errors)
                keys = sum(report.keys.values())
                print(f"{entry.namespace}: {report.records} documents, {keys} index keys checked")
    finally:
        service.release()
    return errors


@contextmanager
def _client(path: str, key: str | bytes | None, *, read_only: bool) -> Iterator[Client]:
    lease = Lease(open_service(path, read_only=read_only, encryption_key=key))
    with MongoClient[dict[str, Any]](path, encryption_key=key, _lease=lease) as client:
        yield client


def _buckets(client: Client) -> list[Bucket]:
    return [(name, bucket) for name in client.list_database_names() for bucket in bucket_names(client[name])]


def _audit(client: Client, bucket: Bucket) -> BucketAudit:
    return BucketAudit(client[bucket[0]], bucket[1])


def _check_bucket(audit: BucketAudit, bucket: Bucket) -> int:
    """Check the files of a bucket, and return how many errors there are."""
    errors = 0
    for line in audit.problems():
        print(f"{'.'.join(bucket)}: {line}")
        errors += 1
    print(f"{'.'.join(bucket)}: {audit.file_count} files checked")
    return errors


def _dead(leavings: dict[Bucket, list[Leaving]], *, alone: bool, hours: float) -> dict[Bucket, list[Leaving]]:
    """Return the leavings of writers that are dead, and tell of the others."""
    now = datetime.now(UTC)
    dead: dict[Bucket, list[Leaving]] = {}
    for bucket, found in leavings.items():
        dead[bucket] = [leaving for leaving in found if leaving.is_dead(now, alone=alone, hours=hours)]
        if alive := len(found) - len(dead[bucket]):
            print(f"{'.'.join(bucket)}: {alive} unfinished, perhaps of writers that are at work")
    return dead


def _report(dead: dict[Bucket, list[Leaving]], lost: dict[Bucket, list[str]]) -> int:
    """Print what could be repaired, and return how much that is."""
    lines = [f"{'.'.join(bucket)}: {leaving.what}" for bucket, found in dead.items() for leaving in found]
    lines += [f"{'.'.join(bucket)}: folder {folder!r} is missing" for bucket, found in lost.items() for folder in found]
    for line in lines:
        print(f"{line}; --repair puts it right")
    return len(lines)


def _repair(
    path: str, key: str | bytes | None, dead: dict[Bucket, list[Leaving]], lost: dict[Bucket, list[str]]
) -> None:
    with _client(path, key, read_only=False) as client:
        for bucket, leavings in dead.items():
            for leaving in leavings:
                _audit(client, bucket).remove(leaving)
                print(f"{'.'.join(bucket)}: put right: {leaving.what}")
        for bucket, folders in lost.items():
            _audit(client, bucket).make_folders(folders)
            for folder in folders:
                print(f"{'.'.join(bucket)}: put right: folder {folder!r} was missing")
