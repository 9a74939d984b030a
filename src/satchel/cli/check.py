"""`satchel check`: is everything in the file as it should be?"""

from __future__ import annotations

from pathlib import Path

from satchel.cli.info import existing
from satchel.deployment import open_service
from satchel.engine.check import check_collection
from satchel.engine.operation import Operation


def run(path: Path, key: str | bytes | None = None) -> int:
    """Check SQLite's pages, then every document and index key; print what is wrong and return 1 if anything is."""
    service = open_service(existing(path), read_only=True, encryption_key=key)
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
    print(f"{path}: {'sound' if not errors else f'{errors} errors'}")
    return 1 if errors else 0
